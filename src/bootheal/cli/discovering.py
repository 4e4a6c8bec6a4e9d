"""The workloads that nobody has listed: read from the cluster once its gate is open."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bootheal.adapters.scope import Scope
from bootheal.backoff import trying_for
from bootheal.cli.wiring import open_inventory
from bootheal.config import Configuration
from bootheal.engine.plan import Plan
from bootheal.errors import BoothealError, TransientError
from bootheal.platform.namespaces import Namespaces
from bootheal.ports.inventory import InventoryReader

if TYPE_CHECKING:
    from bootheal.model.inventory import Inventory

Warn = Callable[[str], None]

# An API server that has just come up may leave a request unanswered; who heals asks again for so long.
PATIENCE_SECONDS = 10.0


def discovered(
    configuration: Configuration,
    scope: Scope,
    warn: Warn,
    reader: InventoryReader | None = None,
    patience: float = 0.0,
) -> Configuration:
    """Return the configuration with the workloads that its `discover` finds now; as it is where it asks for none.

    What stands in the way is told by `warn` and by the step `discover`, which does not settle where nothing could be
    found: what is listed is healed all the same. `patience`: for how many seconds what may pass is tried again. Who
    asks again and again brings a `reader`, since what is opened stays open as long as the scope.
    """
    if configuration.file.discover is None:
        return configuration
    try:
        full = _found_within(patience, configuration, reader or open_inventory(configuration.file.cluster, scope))
    except BoothealError as error:
        full = _telling(configuration, hindered=_not_all(str(error)))
    for step in full.plan.steps.values():
        if isinstance(step, Namespaces):
            for text in (step.hindered, *step.remarks):
                if text:
                    warn(text)
    return full


def _found_within(seconds: float, configuration: Configuration, reader: InventoryReader) -> Configuration:
    for attempt in trying_for(TransientError, seconds, time.sleep):
        with attempt:
            return found_now(configuration, reader)
    raise AssertionError("the last attempt raises")


def found_now(configuration: Configuration, reader: InventoryReader) -> Configuration:
    """Return the configuration with what its `discover` finds now. BoothealError where that can't be had, or taken."""
    from bootheal.config.discovered import completed

    # All namespaces that the file is about, since a workload may need what is in another one.
    inventory = reader.inventory(configuration.file.namespaces())
    full, wrong = completed(configuration, inventory)
    if full is configuration:
        raise BoothealError(wrong[-1])
    return _telling(full, hindered=_not_all("; ".join(inventory.unlisted)), remarks=(*_gaps(inventory), *wrong))


def _not_all(why: str) -> str:
    return why and f"cannot heal all that is not listed: {why}"


def _telling(configuration: Configuration, *, hindered: str = "", remarks: tuple[str, ...] = ()) -> Configuration:
    steps = {
        name: replace(step, hindered=hindered, remarks=remarks) if isinstance(step, Namespaces) else step
        for name, step in configuration.plan.steps.items()
    }
    return replace(configuration, plan=Plan(steps))


def look_around(
    configuration: Configuration, scope: Scope, warn: Warn, reader: InventoryReader | None = None
) -> "Inventory | None":
    """Return what is there, where the configuration has a `discover`; None, and a warning, where that can't be told."""
    if configuration.file.discover is None:
        return None
    try:
        reader = reader or open_inventory(configuration.file.cluster, scope)
        inventory = reader.inventory(configuration.file.namespaces())
    except BoothealError as error:
        warn(f"cannot look for workloads that are not listed: {error}")
        return None
    for gap in _gaps(inventory):
        warn(gap)
    return inventory


def _gaps(inventory: "Inventory") -> Iterator[str]:
    return (f"what is not listed may not all be found: {gap}" for gap in inventory.gaps)
