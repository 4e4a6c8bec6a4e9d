"""What the steps of a configuration see now of databases, poolers and dependencies: they ask the servers themselves."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from bootheal.adapters.scope import Scope
from bootheal.adapters.together import together
from bootheal.config import Configuration
from bootheal.config.file import File
from bootheal.errors import BoothealError
from bootheal.model import WORKLOADS, Ref
from bootheal.model.scene import Judged
from bootheal.platform import dns
from bootheal.ports import World
from bootheal.step import GiveUp, Judgement, Past, Step, Wait

ASKED = ("database", "pooler", "dependency")
SECONDS = 2.0


def judged(configuration: Configuration, world: World, scope: Scope) -> tuple[Judged, ...]:
    """Let the steps look and judge; return what does not serve. It changes nothing, and takes two seconds at most.

    What they would do is left to `bootheal plan`: this looks without what was done in this boot.
    """
    steps = {name: step for name, step in configuration.plan.steps.items() if name.partition("/")[0] in ASKED}
    answers = together(scope, {name: partial(_judge, step, world) for name, step in steps.items()}, SECONDS)
    found = []
    for name, answer in answers.items():
        about = next(objects_of(name, configuration.file), None)
        if about is not None and isinstance(answer, Wait | GiveUp):
            found.append(Judged(about, name, answer.why, answer.hint))
        elif about is not None and isinstance(answer, BoothealError):
            found.append(Judged(about, name, str(answer), answer.hint))
    return tuple(found)


def _judge(step: Step[Any], world: World) -> Judgement:
    return step.judge(step.look(world), Past(now=time.time()))


def objects_of(step: str, file: File) -> Iterator[Ref]:
    """Name the objects that a step is about, by the configuration."""
    section, _, name = step.partition("/")
    if database := file.databases.get(name) if section == "database" else None:
        if database.service:
            yield Ref("service", database.namespace, database.service)
    elif section in ("pooler", "credential") and (pooler := file.poolers.get(name)):
        namespace = file.namespace_of(pooler)
        yield Ref("service", namespace, pooler.service)
        yield Ref("deployment", namespace, pooler.deployment)
    elif section == "dependency" and (dependency := file.dependencies.get(name)):
        if dependency.service:
            yield Ref("service", dependency.namespace or "", dependency.service)
    elif step == dns.NAME:
        yield dns.SERVICE
        yield dns.DEPLOYMENT
    elif section in WORKLOADS:
        namespace, _, plain = name.partition("/")
        yield Ref(section, namespace, plain)
        yield Ref("service", namespace, plain)
