"""The workloads that nobody has listed: read from the cluster once its gate is open."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import open_inventory
from bootheal.config import Configuration
from bootheal.errors import BoothealError
from bootheal.ports.inventory import InventoryReader

if TYPE_CHECKING:
    from bootheal.model.inventory import Inventory


def discovered(
    configuration: Configuration, scope: Scope, warn: Callable[[str], None], reader: InventoryReader | None = None
) -> Configuration:
    """Return the configuration with the workloads that its `discover` finds now; as it is where it asks for none.

    What stands in the way is told by `warn`: what is listed is healed all the same. Who asks again and again brings
    a `reader`, since what is opened stays open as long as the scope.
    """
    if (inventory := look_around(configuration, scope, warn, reader)) is None:
        return configuration
    from bootheal.config.discovered import completed

    full, wrong = completed(configuration, inventory)
    for text in wrong:
        warn(text)
    return full


def look_around(
    configuration: Configuration, scope: Scope, warn: Callable[[str], None], reader: InventoryReader | None = None
) -> "Inventory | None":
    """Return what is there, where the configuration has a `discover`; None, and a warning, where that can't be told."""
    if configuration.file.discover is None:
        return None
    try:
        # All namespaces that the file is about, since a workload may need what is in another one.
        reader = reader or open_inventory(configuration.file.cluster, scope)
        inventory = reader.inventory(configuration.file.namespaces())
    except BoothealError as error:
        warn(f"cannot look for workloads that are not listed: {error}")
        return None
    for gap in inventory.gaps:
        warn(f"what is not listed may not all be found: {gap}")
    return inventory
