"""What the daemon works with under one configuration, until SIGHUP or what it has found brings another."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bootheal.adapters.scope import Scope
from bootheal.adapters.systemd import Systemd
from bootheal.cli.healing.audience import Audience, audience
from bootheal.cli.healing.look_ahead import LookAhead
from bootheal.cli.healing.parts import Parts
from bootheal.cli.healing.public import Public
from bootheal.cli.healing.terminal import Reporter
from bootheal.cli.wiring import open_inventory, open_memory, open_world
from bootheal.config import Configuration
from bootheal.ports import Mandate, World
from bootheal.ports.inventory import InventoryReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """All of it lives as long as `scope`. `reader` is None where nothing is to be found that is not listed."""

    scope: Scope
    mandate: Mandate
    world: World
    audience: Audience
    parts: Parts
    reader: InventoryReader | None
    ahead: LookAhead


def open_session(
    path: Path,
    declared: Configuration,
    full: Configuration,
    scope: Scope,
    mandate: Mandate,
    *,
    reporter: Reporter,
    systemd: Systemd,
    warn: Callable[[str], None],
    most: float,
) -> Session:
    """Open it for `full`, which is `declared`, or has what was found besides. `most`: requests a second to the API."""
    world = open_world(full.file.cluster, scope, mandate, most=most)
    memory = open_memory(full.file, world.logged)
    who = audience(full.file, world, memory, scope, reporter, Public(full.file, world.logged).hear(systemd.tell))
    ahead = LookAhead(
        path, declared.file, scope, most=most, metrics=who.metrics, note=warn, tell=who.messenger.foretold
    )
    discovers = declared.file.discover is not None
    return Session(
        scope=scope,
        mandate=mandate,
        world=world,
        audience=who,
        # What is found joins the graph of what is listed: so the cluster comes first.
        parts=Parts(who.tell, full.plan, opening=discovers and full is declared),
        reader=open_inventory(declared.file.cluster, scope) if discovers else None,
        ahead=ahead,
    )
