"""`bootheal check`: is the file right, and can everything it names be reached, read and changed?"""

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import open_world
from bootheal.config import Configuration, load
from bootheal.config.file import File
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
        problems = list(_problems(configuration, world))
        _wish(configuration, world)
    for problem in problems:
        print(*map(world.told, problem.split("\n")), sep="\n")
    if not problems:
        print("the cluster answers, everything named exists, and all that bootheal may have to do is allowed")
    return 1 if problems else 0


def _warn(text: str) -> None:
    print(f"warning: {text}")


def _problems(configuration: Configuration, world: World) -> Iterator[str]:
    try:
        readiness = world.cluster.readiness()
    except BoothealError as error:
        yield _told("gate", error)
        return
    if not readiness.ready:
        yield f"gate: the API server is not ready: {readiness.precisely}"
        return
    lease = configuration.file.lease
    yield from _missing("lease", lease.rights() if lease else (), world.cluster)
    for step in configuration.plan.steps.values():
        yield from _judged(step, world)
        needed = step.rights() | world.watcher.rights(step.interests())
        if not world.direct:  # whoever minds a Service talks to the pods behind it
            minded = {interest.namespace for interest in step.interests() if interest.kind == "service"}
            needed |= {Right("create", "pods/portforward", namespace) for namespace in minded}
        for right in sorted(step.wishes()):
            if not _allowed(world.cluster, right):
                print(f"{step.name}: not allowed, so it will know less: {right}")
        yield from _missing(step.name, needed, world.cluster)


def _missing(who: str, needed: Iterable[Right], cluster: ClusterReader) -> Iterator[str]:
    for right in sorted(needed):
        if not _allowed(cluster, right):
            yield f"{who}: not allowed: {right}\n  see the Role of the kubeconfig's user"


def _wish(configuration: Configuration, world: World) -> None:
    """Say which Events of Kubernetes will not be written."""
    for right in sorted(configuration.file.wishes()):
        if not _allowed(world.cluster, right):
            print(f"events: not allowed, so they are not written: {right}")


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


def _allowed(cluster: ClusterReader, right: Right) -> bool:
    try:
        return cluster.may(right)
    except BoothealError:
        return True  # who may not ask is told by the look itself what else is missing


def _told(step: str, error: BoothealError) -> str:
    return f"{step}: {error}" + (f"\n  {error.hint}" if error.hint else "")
