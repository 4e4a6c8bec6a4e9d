"""Containers as components: in our words, and how those beside the cluster are started."""

import time
from dataclasses import replace

from bootheal.adapters.docker.engine import Box, DockerEngine
from bootheal.model import Component, ComponentState

# Docker forgets that a container failed once it has run for so long; what has not may fail again at any moment.
PROVEN_SECONDS = 10.0

# 0: asked to end; 137, 143: killed, as containers are when Docker or the machine goes down.
PLAIN_ENDS = (0, 137, 143)

# The registry of images that k3d makes, too.
REGISTRY_IMAGES, REGISTRY_PORT = ("registry", "distribution", "zot", "zot-linux-amd64"), 5000


class DockerContainers:
    """The Containers port."""

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine

    def component(self, name: str) -> Component:
        """Look at a container."""
        return as_component(self._engine.container(name), "container")

    def registries(self) -> tuple[Component, ...]:
        """Look at those that are registries of images, whether they run or not."""
        return tuple(
            replace(as_component(box, "registry"), port=box.published[REGISTRY_PORT])
            for box in registry_boxes(self._engine)
        )

    def start(self, name: str) -> None:
        """Start it, if it does not run."""
        self._engine.start(name)

    def restart(self, name: str) -> None:
        """Restart it."""
        self._engine.restart(name)


def registries(engine: DockerEngine) -> tuple[tuple[str, int], ...]:
    """Return the containers that are registries of images, each with its port of this host."""
    return tuple((box.name, box.published[REGISTRY_PORT]) for box in registry_boxes(engine))


def registry_boxes(engine: DockerEngine) -> tuple[Box, ...]:
    """Return the containers that are registries of images, and are reached by a port of this host."""
    from bootheal.discovery.images import parse  # a boot that is healed has no use for it

    return tuple(
        box
        for box in engine.containers()
        if REGISTRY_PORT in box.published and parse(box.image).name in REGISTRY_IMAGES
    )


def as_component(box: Box, role: str) -> Component:
    """Say what Docker says in our words; `why` is "" where nothing is odd about how it ended."""
    alive = running(box) or box.state == "paused"  # since when it is paused Docker tells nobody
    since = box.started if alive else box.finished
    why = "" if alive else _ended(box)
    log = f"docker logs --tail=50 {box.name}"
    return Component(box.name, role, state(box), since, why, log, at_boot=box.restart_policy)


def running(box: Box) -> bool:
    """Whether there is a process in it just now."""
    return box.state == "running"


def state(box: Box) -> ComponentState:
    """A container only runs for good once it has outlived its last failure."""
    if running(box):
        fresh = box.restarts and box.started is not None and time.time() - box.started < PROVEN_SECONDS
        return ComponentState.RESTARTING if fresh else ComponentState.RUNNING
    if box.state == "restarting":
        return ComponentState.RESTARTING
    if box.state == "paused":
        return ComponentState.PAUSED
    return ComponentState.STOPPED if box.state in ("created", "exited") else ComponentState.FAILED


def _ended(box: Box) -> str:
    if box.error:
        return box.error
    if box.out_of_memory:
        return "killed for want of memory"
    return "" if box.exit_code in PLAIN_ENDS else f"exit code {box.exit_code}"
