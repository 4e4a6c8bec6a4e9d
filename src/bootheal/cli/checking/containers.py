"""Whether the containers exist that commands are to run in: in another one a command never runs."""

from collections.abc import Iterator
from typing import Any

from bootheal.cli.checking.diagnostic import Diagnostic
from bootheal.cli.checking.lookup import Around
from bootheal.config.rights import parts
from bootheal.config.source import suggestion
from bootheal.dependencies.dependency import Dependency
from bootheal.dependencies.hook import Command
from bootheal.discovery import order
from bootheal.discovery.places import Places
from bootheal.model import WORKLOADS, Ref
from bootheal.model.inventory import Controller, Inventory
from bootheal.model.quoted import quoted
from bootheal.probes import Exec
from bootheal.step import Step


def containers(step: Step[Any], place: str, around: Around) -> Iterator[Diagnostic]:
    """Say of each command of a step which workload has no container of that name."""
    commands = (each for each in parts(step) if isinstance(each, Exec | Command) and each.container)
    for command in dict.fromkeys(commands):
        for controller in _where(command, step, around()):
            names = sorted({box.name for box in controller.boxes})
            if command.container not in names:
                text = f"{controller.ref} has no container {quoted(command.container, 60)}"
                alike = suggestion(command.container, names).removeprefix("; ")
                yield Diagnostic("problem", step.name, place, text, alike or f"it has {', '.join(names)}")


def _where(command: Exec | Command, step: Step[Any], inventory: Inventory) -> Iterator[Controller]:
    """Yield the workloads in whose pods it runs, as far as they are known."""
    by_ref = {each.ref: each for each in inventory.controllers}
    places, found = Places(inventory), list[Ref]()
    if isinstance(command, Command):
        found = [command.workload]
    elif isinstance(step, Dependency):
        service = places.service(step.namespace, step.service)
        found = [each.ref for each in places.behind(service)] if service else []
        if step.selector:
            found += order.behind(step.selector, step.namespace, inventory.controllers)
    elif step.name.startswith(WORKLOADS):
        found = [Ref(*step.name.split("/"))]
    yield from (by_ref[ref] for ref in found if ref in by_ref)
