"""`bootheal check`: is the file right, and can everything it names be reached, read and changed?"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import open_world
from bootheal.config import Configuration, load
from bootheal.config.file import File
from bootheal.config.rights import Need, needs
from bootheal.errors import BoothealError, PermanentError
from bootheal.model import Right
from bootheal.ports import ClusterReader, World
from bootheal.step import GiveUp, Past, Step


def main(options: argparse.Namespace) -> int:
    """Print problems, worst first. Exit code 78 for the file (raised by `load`), 1 for the rest."""
    if options.schema:
        print(json.dumps(File.model_json_schema(), indent=2))
        return 0
    configuration = load(options.config, look=True)
    for warning in configuration.warnings:
        _warn(warning)
    print(f"{options.config}: {len(configuration.plan.steps)} steps, the file is right")
    if options.offline:
        return 0
    with Scope(_warn) as scope:
        world = open_world(configuration.file.cluster, scope)
        found = list(problems(configuration, world))
    for problem in found:
        print(*map(world.told, problem.split("\n")), sep="\n")
    if not found:
        print("the cluster answers, everything named exists, and all that bootheal may have to do is allowed")
    return 1 if found else 0


def _warn(text: str) -> None:
    print(f"warning: {text}")


def problems(configuration: Configuration, world: World) -> Iterator[str]:
    """Yield what is wrong with what the configuration names, each in words and with the next step."""
    try:
        readiness = world.cluster.readiness()
    except BoothealError as error:
        yield _told("gate", error)
        return
    if not readiness.ready:
        yield f"gate: the API server is not ready: {readiness.precisely}"
        return
    allowed = _asking(world.cluster)
    for step in configuration.plan.steps.values():
        yield from _judged(step, world)
        for need in sorted(needs(step, world.watcher.rights, direct=world.direct)):
            if allowed(need):
                continue
            about = f"{need.right} ({need.name})" if need.name else str(need.right)
            if need.optional:
                print(f"{step.name}: not allowed, so it will know less: {about}")
            else:
                yield f"{step.name}: not allowed: {about}\n  `bootheal rbac` prints all that is needed"


def _judged(step: Step[Any], world: World) -> Iterator[str]:
    try:
        judgement = step.judge(step.look(world), Past(now=time.time()))
        foretold = [] if isinstance(judgement, GiveUp) else list(step.foretell(world))
    except PermanentError as error:
        yield _told(step.name, error)
    except BoothealError as error:
        yield f"{step.name}: not now: {error}"
    else:
        if isinstance(judgement, GiveUp):
            yield f"{step.name}: {judgement.why}" + (f"\n  {judgement.hint}" if judgement.hint else "")
        yield from (f"{step.name}: {what}" for what in foretold)


def _asking(cluster: ClusterReader) -> Callable[[Need], bool]:
    """Return a function that asks for each right once: many steps need the same."""

    @cache
    def allowed(right: Right, name: str) -> bool:
        try:
            return cluster.may(right, name)
        except BoothealError:
            return True  # who may not ask is told by the look itself what else is missing

    return lambda need: allowed(need.right, need.name)


def _told(step: str, error: BoothealError) -> str:
    return f"{step}: {error}" + (f"\n  {error.hint}" if error.hint else "")
