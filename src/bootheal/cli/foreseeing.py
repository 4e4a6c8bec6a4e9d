"""One look at all that the next boot begins from: the cluster, its databases and poolers, this machine, bootheal."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from bootheal.adapters import history
from bootheal.adapters.scope import Scope
from bootheal.adapters.systemctl import Commands, Unit
from bootheal.adapters.together import together
from bootheal.adapters.upgrades import upgrades
from bootheal.cli.looking import look
from bootheal.config import Configuration
from bootheal.config.rights import needs
from bootheal.errors import BoothealError, MissingError
from bootheal.history.boots import habits
from bootheal.model import Ref
from bootheal.model.prospect import Prospect
from bootheal.pgbouncer.credential import Credential
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.ports import World
from bootheal.postgres.database import DatabaseStep
from bootheal.preflight import Forecast, Seen, databases, forecast, poolers
from bootheal.preflight.box import BoxFacts

SERVERS_SECONDS = 20.0

OURS = "bootheal.service"
K3S = "k3s"


def foreseen(configuration: Configuration, world: World, scope: Scope) -> Forecast:
    """Look at everything that is to be had, and judge it."""
    return forecast(seen(configuration, world, scope))


def seen(configuration: Configuration, world: World, scope: Scope) -> Seen:
    """Look; what could not be had is a gap."""
    namespaces = configuration.file.namespaces()
    scene = look(world, scope, namespaces)
    questions: dict[tuple[str, str], Callable[[], Any]] = {
        ("prospect", ""): partial(world.prospects.prospect, namespaces),
        ("box", ""): partial(_box, configuration, world),
        **_servers(configuration, world),
    }
    answers = together(scope, questions, SERVERS_SECONDS)
    failed = {name or kind: answer for (kind, name), answer in answers.items() if isinstance(answer, BoothealError)}
    good = {key: answer for key, answer in answers.items() if not isinstance(answer, BoothealError)}
    return Seen(
        scene=scene,
        prospect=good.get(("prospect", ""), Prospect()),
        databases=tuple(answer for (kind, _), answer in good.items() if kind == "database"),
        poolers=tuple(answer for (kind, _), answer in good.items() if kind == "pooler"),
        box=good.get(("box", ""), BoxFacts()),
        missing=tuple((name, str(error)) for name, error in failed.items() if isinstance(error, MissingError)),
        gaps=tuple(f"{name}: {error}" for name, error in failed.items() if not isinstance(error, MissingError)),
    )


def _servers(configuration: Configuration, world: World) -> dict[tuple[str, str], Callable[[], Any]]:
    steps = configuration.plan.steps.values()
    keepers: Mapping[Ref, Credential] = {each.login.secret: each for each in steps if isinstance(each, Credential)}
    questions: dict[tuple[str, str], Callable[[], Any]] = {}
    for step in steps:
        if isinstance(step, DatabaseStep):
            questions["database", step.name] = partial(databases.look, world, step)
        elif isinstance(step, PoolerStep):
            questions["pooler", step.name] = partial(poolers.look, world, step, keepers)
    return questions


def _box(configuration: Configuration, world: World) -> BoxFacts:
    file = configuration.file
    return BoxFacts(
        units=tuple(_units(configuration)),
        refused=tuple(_refused(configuration, world)),
        habits=tuple(habits(history.read(file.state_directory))) if file.state_directory.is_dir() else (),
        upgrades=_upgrades(configuration),
        state_directory=str(file.state_directory),
        state=_unwritable(configuration),
    )


def _upgrades(configuration: Configuration) -> tuple[str, ...]:
    """Return what this machine would boot in another version, where it is this machine that the cluster is on."""
    cluster = configuration.file.cluster
    if cluster.kind == "kubernetes" or (cluster.kind == K3S and not cluster.unit):
        return ()
    return tuple(upgrades(K3S if cluster.kind == K3S else ""))


def _units(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Yield the units beside the cluster's own that must start by themselves, as far as there are such units here."""
    cluster = configuration.file.cluster
    needed = {"k3s": (OURS,) if cluster.unit else (), "k3d": ("docker.service", OURS)}.get(cluster.kind, ())
    for name in needed:
        if word := Unit(name, Commands()).enabled():
            yield name, word


def _refused(configuration: Configuration, world: World) -> Iterator[str]:
    wanted = {
        need
        for step in configuration.plan.steps.values()
        for need in needs(step, world.watcher.rights, direct=world.direct)
        if not need.optional
    }
    for need in sorted(wanted):
        if not world.cluster.may(need.right, need.name):
            yield str(need)


def _unwritable(configuration: Configuration) -> str:
    """Say why we could not write there; whoever looks without being the service's user is told nothing."""
    directory = configuration.file.state_directory
    if not directory.exists():
        return ""
    if os.geteuid() in (0, directory.stat().st_uid) and not os.access(directory, os.W_OK):
        return "it is not writable"
    return ""
