"""All that `check` asks the cluster about a configuration, step by step: what is wrong, and what is the next step."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bootheal.cli.checking.allowed import asking
from bootheal.cli.checking.containers import containers
from bootheal.cli.checking.diagnostic import Diagnostic
from bootheal.cli.checking.lookup import Around, named, wrong_roles
from bootheal.config import Configuration
from bootheal.config.nearby import near
from bootheal.config.rights import Need, needs, of_lease
from bootheal.errors import BoothealError, MissingError, PermanentError
from bootheal.model import Ref
from bootheal.platform.namespaces import Namespaces
from bootheal.ports import ClusterReader, World
from bootheal.step import GiveUp, Observation, Past, Step


def examine(configuration: Configuration, world: World, around: Around) -> Iterator[Diagnostic]:
    """Yield everything that is not as the configuration has it; each thing once."""
    gate = configuration.places.get("gate", "")
    try:
        readiness = world.cluster.readiness()
    except BoothealError as error:
        yield Diagnostic("problem", "gate", gate, str(error), error.hint)
        return
    if not readiness.ready:
        yield Diagnostic("problem", "gate", gate, f"the API server is not ready: {readiness.precisely}")
        return
    allowed, said_before, seen = asking(world.cluster), set[tuple[str, str]](), dict[str, Observation]()
    if lease := configuration.file.lease:
        yield from _missing("lease", configuration.place(("lease",)), of_lease(lease.ref), allowed)
    yield from _namespaces(configuration, world, around)
    for step in configuration.plan.steps.values():
        place = configuration.places.get(step.name, "")
        looked_up = (*named(step, world, place, around), *containers(step, place, around))
        judged = () if isinstance(step, Namespaces) else _judged(step, world, place, seen)  # each was told at its place
        for said in (*looked_up, *judged, *_rights(step, world, place, allowed)):
            if (said.step, said.text) not in said_before:
                said_before.add((said.step, said.text))
                yield said
    yield from wrong_roles(configuration, world, around, seen)


def _namespaces(configuration: Configuration, world: World, around: Around) -> Iterator[Diagnostic]:
    """Yield the namespaces of the lists that there are not: nothing is found there, and all seems well."""
    file = configuration.file
    lists = {"discover": file.discover.namespaces if file.discover else (), "cleanup": file.cleanup.namespaces or ()}
    for section, namespaces in lists.items():
        for index, name in enumerate(namespaces):
            if any(each.ref.namespace == name for each in around().controllers):
                continue
            place = configuration.place((section, "namespaces", index))
            try:
                world.scenes.find(Ref("namespace", "", name))
            except MissingError as error:
                yield Diagnostic("problem", section, place, str(error), near(Ref("namespace", name, name), around()))
            except BoothealError:
                continue  # nobody may ask


def _judged(step: Step[Any], world: World, place: str, seen: dict[str, Observation]) -> Iterator[Diagnostic]:
    """Look and judge; what was seen is kept by the step's name."""
    try:
        seen[step.name] = step.look(world)
        judgement = step.judge(seen[step.name], Past(now=time.time()))
        foretold = [] if isinstance(judgement, GiveUp) else list(step.foretell(world))
    except PermanentError as error:
        yield Diagnostic("problem", step.name, place, str(error), error.hint)
    except BoothealError as error:
        yield Diagnostic("problem", step.name, place, f"not now: {error}")
    else:
        if isinstance(judgement, GiveUp):
            yield Diagnostic("problem", step.name, place, judgement.why, judgement.hint)
        yield from (Diagnostic("problem", step.name, place, what) for what in foretold)


def _rights(step: Step[Any], world: World, place: str, allowed: Callable[[Need], bool]) -> Iterator[Diagnostic]:
    yield from _missing(step.name, place, needs(step, world.watcher.rights, direct=world.direct), allowed)


def _missing(who: str, place: str, needed: Iterable[Need], allowed: Callable[[Need], bool]) -> Iterator[Diagnostic]:
    for need in sorted(needed):
        if allowed(need):
            continue
        if need.optional:
            yield Diagnostic("note", who, place, f"not allowed, so it will know less: {need}")
        else:
            yield Diagnostic("problem", who, place, f"not allowed: {need}", "`bootheal rbac` prints all that is needed")


def wishes(configuration: Configuration, cluster: ClusterReader) -> Iterator[Diagnostic]:
    """Say which Events of Kubernetes will not be written."""
    allowed = asking(cluster)
    for right in sorted(configuration.file.wishes()):
        if not allowed(Need(right)):
            place = configuration.place(("events",))
            yield Diagnostic("note", "events", place, f"not allowed, so they are not written: {right}")
