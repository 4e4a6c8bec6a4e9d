"""All that `check` asks the cluster about a configuration, step by step: what is wrong, and what is the next step."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from bootheal.config import Configuration
from bootheal.config.rights import Need, needs, of_lease, parts
from bootheal.errors import BoothealError, PermanentError
from bootheal.model import Login, Ref, Right
from bootheal.ports import ClusterReader, World
from bootheal.step import GiveUp, Past, Step

WORKLOADS = ("deployment", "statefulset", "daemonset")


@dataclass(frozen=True, slots=True)
class Said:
    """Something about a step; `place` is file:line:column. Only a problem keeps a configuration from being right."""

    gravity: Literal["problem", "warning", "note"]
    step: str
    place: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        about = f"{self.step}: " if self.step else ""
        mark = "" if self.gravity == "problem" else f"{self.gravity}: "
        return f"{self.place}{': ' if self.place else ''}{mark}{about}{self.text}" + (
            f"\n  {self.hint}" if self.hint else ""
        )


def examine(configuration: Configuration, world: World) -> Iterator[Said]:
    """Yield everything that is not as the configuration has it; each thing once."""
    gate = configuration.places.get("gate", "")
    try:
        readiness = world.cluster.readiness()
    except BoothealError as error:
        yield Said("problem", "gate", gate, str(error), error.hint)
        return
    if not readiness.ready:
        yield Said("problem", "gate", gate, f"the API server is not ready: {readiness.precisely}")
        return
    allowed, seen = _asking(world.cluster), set[tuple[str, str]]()
    if lease := configuration.file.lease:
        yield from _missing("lease", configuration.place(("lease",)), of_lease(lease.ref), allowed)
    for step in configuration.plan.steps.values():
        place = configuration.places.get(step.name, "")
        for said in (*_named(step, world, place), *_judged(step, world, place), *_rights(step, world, place, allowed)):
            if (said.step, said.text) not in seen:
                seen.add((said.step, said.text))
                yield said


def _named(step: Step[Any], world: World, place: str) -> Iterator[Said]:
    """Look up each Secret and workload that the step names, whatever it would look at first."""
    for part in dict.fromkeys(each for each in parts(step) if isinstance(each, Login | Ref)):
        try:
            if isinstance(part, Login):
                taken = world.secrets.credentials(part).keys
                if not (part.user_key or part.password_key or part.url_key) and set(taken) - {"username", "password"}:
                    yield Said("note", step.name, place, f"of {part.secret} it takes {' and '.join(taken)}")
            elif part.kind in WORKLOADS:
                world.cluster.workload(part)
        except PermanentError as error:
            yield Said("problem", step.name, place, str(error), error.hint)
        except BoothealError:
            continue  # the step's own look says so


def _judged(step: Step[Any], world: World, place: str) -> Iterator[Said]:
    try:
        judgement = step.judge(step.look(world), Past(now=time.time()))
        foretold = [] if isinstance(judgement, GiveUp) else list(step.foretell(world))
    except PermanentError as error:
        yield Said("problem", step.name, place, str(error), error.hint)
    except BoothealError as error:
        yield Said("problem", step.name, place, f"not now: {error}")
    else:
        if isinstance(judgement, GiveUp):
            yield Said("problem", step.name, place, judgement.why, judgement.hint)
        yield from (Said("problem", step.name, place, what) for what in foretold)


def _rights(step: Step[Any], world: World, place: str, allowed: Callable[[Need], bool]) -> Iterator[Said]:
    yield from _missing(step.name, place, needs(step, world.watcher.rights, direct=world.direct), allowed)


def _missing(who: str, place: str, needed: Iterable[Need], allowed: Callable[[Need], bool]) -> Iterator[Said]:
    for need in sorted(needed):
        if allowed(need):
            continue
        about = f"{need.right} ({need.name})" if need.name else str(need.right)
        if need.optional:
            yield Said("note", who, place, f"not allowed, so it will know less: {about}")
        else:
            yield Said("problem", who, place, f"not allowed: {about}", "`bootheal rbac` prints all that is needed")


def wishes(configuration: Configuration, cluster: ClusterReader) -> Iterator[Said]:
    """Say which Events of Kubernetes will not be written."""
    allowed = _asking(cluster)
    for right in sorted(configuration.file.wishes()):
        if not allowed(Need(right)):
            place = configuration.place(("events",))
            yield Said("note", "events", place, f"not allowed, so they are not written: {right}")


def _asking(cluster: ClusterReader) -> Callable[[Need], bool]:
    """Return a function that asks for each right once: many steps need the same."""

    @cache
    def allowed(right: Right, name: str) -> bool:
        try:
            return cluster.may(right, name)
        except BoothealError:
            return True  # who may not ask is told by the look itself what else is missing

    return lambda need: allowed(need.right, need.name)
