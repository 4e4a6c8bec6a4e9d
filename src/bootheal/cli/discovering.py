"""The workloads that nobody has listed: read from the cluster once its gate is open."""

from collections.abc import Callable

from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import open_inventory
from bootheal.config import Configuration
from bootheal.errors import BoothealError


def discovered(configuration: Configuration, scope: Scope, warn: Callable[[str], None]) -> Configuration:
    """Return the configuration with the workloads that its `discover` finds now; as it is where it asks for none.

    What stands in the way is told by `warn`: what is listed is healed all the same.
    """
    wanted = configuration.file.discover
    if wanted is None:
        return configuration
    from bootheal.config.discovered import completed

    try:
        # All namespaces that the file is about, since a workload may need what is in another one.
        namespaces = sorted({*wanted.namespaces, *configuration.file.namespaces()})
        inventory = open_inventory(configuration.file.cluster, scope).inventory(namespaces)
    except BoothealError as error:
        warn(f"cannot look for workloads that are not listed: {error}")
        return configuration
    for gap in inventory.gaps:
        warn(f"not all workloads could be found: {gap}")
    full, wrong = completed(configuration, inventory)
    for text in wrong:
        warn(text)
    return full
