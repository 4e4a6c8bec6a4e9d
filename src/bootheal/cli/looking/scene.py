"""One look at all that is known of a machine: its cluster, itself, and the logs that tell more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bootheal.adapters.disks import disks
from bootheal.adapters.host import RemoteHost
from bootheal.adapters.scope import Scope
from bootheal.adapters.together import together
from bootheal.causes import registries
from bootheal.cli.looking.judged import judged
from bootheal.config import Configuration
from bootheal.diagnosis import Diagnosis, diagnose, to_greet, wanted_logs
from bootheal.errors import BoothealError
from bootheal.model import Component, HostFacts, Pod, Ref
from bootheal.model.scene import Greeted, Said, Scene
from bootheal.ports import World

HOST_SECONDS, LOGS_SECONDS = 4.0, 2.0
LOG_LINES = 100

# A server that serves asks for a password at once; those that do not are asked beside the logs.
GREETING_SECONDS, AT_ONCE = 1.0, 16


def look(world: World, scope: Scope, namespaces: Sequence[str] = (), patience: float = 1.0) -> Scene:
    """Read a scene with all that the host knows, and the logs of what has ended or does not serve.

    `patience`: how many times longer than usual it may take; see `SceneReader.scene`.
    """
    host = world.host
    questions: dict[str, Callable[[], Any]] = {
        "scene": partial(world.scenes.scene, namespaces, patience),
        "facts": host.facts,
        "boot": lambda: (host.boot_id(), host.boot_time()),
    }
    answers = together(scope, questions, (HOST_SECONDS + LOGS_SECONDS) * patience)
    facts, boot, scene = answers["facts"], answers["boot"], answers["scene"]
    silent = next((str(each) for each in (facts, boot) if isinstance(each, BoothealError)), "")
    if isinstance(scene, BoothealError):
        scene = Scene(now=0.0, present=False, gaps=(str(scene),))
    boot_id, boot_time = (None, None) if isinstance(boot, BoothealError) else boot
    seen: Scene = replace(
        scene,
        boot_id=boot_id,
        boot_time=boot_time,
        facts=HostFacts() if isinstance(facts, BoothealError) else facts,
        host_silent=silent,
        disks=() if isinstance(host, RemoteHost) else disks(),
    )
    return _heard(seen, world, scope, LOGS_SECONDS * patience)


def _heard(scene: Scene, world: World, scope: Scope, seconds: float) -> Scene:
    """Add the logs that tell more, and what servers answer; one that this host has no way to tells nothing."""
    logs: dict[Any, Callable[[], Any]] = {
        each: partial(world.pod_access.log_tail, each.pod, each.container, LOG_LINES, previous=each.previous)
        for each in wanted_logs(scene)
    }
    waiting = [pod for pod in scene.pods if registries.waits(pod)]
    containers: dict[Any, Callable[[], Any]] = {}
    if waiting and world.containers and not isinstance(world.host, RemoteHost):
        containers["registries"] = world.containers.registries
    greetings: dict[Any, Callable[[], Any]] = {
        whose: partial(world.postgres.greet, target, dbname, timeout=GREETING_SECONDS)
        for whose, (target, dbname) in to_greet(scene).items()
    }
    answers = together(scope, {**logs, **greetings, **containers}, seconds, AT_ONCE)
    heard = {key: answer for key, answer in answers.items() if not isinstance(answer, BoothealError)}
    return replace(
        scene,
        said=tuple(Said(each.pod, each.container, heard[each], each.previous) for each in logs if each in heard),
        greeted=tuple(Greeted(pod, name, heard[pod, name]) for pod, name in greetings if (pod, name) in heard),
        registries=_registries(scene, waiting, heard.get("registries", ())),
    )


def _registries(
    scene: Scene, waiting: Sequence[Pod], containers: Sequence[Component]
) -> Mapping[Component, tuple[Ref, ...]]:
    """Return the containers of this machine that serve what pods wait for."""
    served: dict[Component, tuple[Ref, ...]] = {}
    for pod, container in registries.serving_each(waiting, scene.events, containers, scene.nodes).items():
        served[container] = (*served.get(container, ()), pod)
    return served


def examined(
    world: World, scope: Scope, namespaces: Sequence[str] = (), configuration: Configuration | None = None
) -> tuple[Scene, Diagnosis]:
    """Look, and find out why what is not well is not; with a configuration, its steps ask the servers, too.

    Where not the whole cluster may be looked at, `namespaces` are, else those that the configuration is about.
    """
    scene = look(world, scope, namespaces or (configuration.file.namespaces() if configuration else ()))
    if configuration is not None and scene.present:
        scene = replace(scene, judged=judged(configuration, world, scope))
    return scene, diagnose(scene)
