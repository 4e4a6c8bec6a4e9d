"""One container of one pod: it is started, probed, and started again, and says so as a container status."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bootheal.demo.node.environment import MissingError, environment
from bootheal.demo.node.images import Context, Image
from bootheal.demo.node.probes import probe_trouble
from bootheal.demo.node.runtime import Process, Runtime
from bootheal.demo.objects import events
from bootheal.demo.objects.kinds import Object
from bootheal.demo.objects.store import Store
from bootheal.demo.objects.times import now

_TERMINATED_BY_POWER_CUT = 255
_EVENT_EVERY = 10
"""How many failures of a probe share one count of their Event: ours come fast."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """The kubelet's pace in seconds. The real one backs off from 10 s to 300, and renews its Lease every 10."""

    backoff_first: float = 2.0
    backoff_cap: float = 30.0
    backoff_silent: float = 0.0
    """For how long the first one is not called CrashLoopBackOff: a kubelet may leave it at "terminated" all through."""
    sandbox: float = 0.0
    """What a new pod takes until its containers are begun: network, volumes."""
    backoff_reset: float = 600.0
    lease: float = 2.0
    eager_probe: float = 0.2
    """How often a probe is repeated that has not succeeded yet, where its period is longer."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What every container of a node shares."""

    store: Store
    runtime: Runtime
    images: dict[str, Image]
    refused: Callable[[str], bool]
    """Whether the registry of an image refuses connections; it matters where the pull policy is Always."""
    gone: Callable[[str], bool]
    """Whether the node has the image no more, nor its registry, where that answers."""
    tempo: Tempo
    failures: list[BaseException] = field(default_factory=list)
    """What went wrong in the double itself: always a bug, never a fault asked for."""

    def say(self, pod: Object, reason: str, message: str, *, warning: bool = False) -> None:
        """Record an Event about a pod."""
        events.record(self.store, pod, reason, message, source="kubelet", warning=warning)

    def note_failure(self, task: asyncio.Future[Any]) -> None:
        """Keep what a task has failed of, if it has."""
        if not task.cancelled() and (error := task.exception()):
            self.failures.append(error)


def spelled(seconds: float) -> str:
    """Write a duration as Go does: "2m40s"."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{f'{hours}h' if hours else ''}{f'{minutes}m' if hours or minutes else ''}{rest:g}s"


class Container:
    """The life of one container. `changed` is called whenever its status is another."""

    def __init__(
        self, spec: Object, machine: Machine, changed: Callable[[], None], before: Object | None = None
    ) -> None:
        before = before or {}
        self.spec = spec
        self.name: str = spec["name"]
        self.ready = False
        self.state: Object = before.get("state") or {"waiting": {"reason": "ContainerCreating"}}
        self.last: Object = before.get("lastState") or {}
        self.restarts: int = before.get("restartCount", 0)
        self.identity: str = before.get("containerID", "")
        self.process: Process | None = None
        self.log: Path | None = None
        self.previous_log: Path | None = None
        self.context: Context | None = None
        self._machine = machine
        self._changed = changed
        self._backoff = 0.0

    @property
    def status(self) -> Object:
        """As the pod's `status.containerStatuses` holds it."""
        return {
            "name": self.name,
            "image": self.spec["image"],
            "imageID": f"{self.spec['image']}@sha256:demo" if self.identity else "",
            "containerID": self.identity,
            "ready": self.ready,
            "started": "running" in self.state,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last,
        }

    def lose(self) -> None:
        """The node has rebooted: of what ran, only the name is known."""
        if "running" in self.state:
            started = self.state["running"]["startedAt"]
            self._end(_TERMINATED_BY_POWER_CUT, "Unknown", started)

    async def supervise(self, pod: Object, address: str) -> int:
        """Run it as often as the pod's restart policy says; return the last exit code."""
        policy = pod["spec"]["restartPolicy"]
        if "terminated" in self.state:
            self._begin_again({"waiting": {"reason": "ContainerCreating"}})
        while True:
            await self._pull(pod)
            self.process = await self._start(pod, address)
            loop = asyncio.get_running_loop()
            began = loop.time()
            code = await self._watch_over(pod, address, self.process)
            if policy == "Never" or (policy == "OnFailure" and code == 0):
                return code
            await self._back_off(pod, loop.time() - began)

    # -- steps of a life -------------------------------------------------------------------------------------

    async def _pull(self, pod: Object) -> None:
        image, delay = self.spec["image"], self._machine.tempo.backoff_first
        while why := self._trouble(image):
            why = f'failed to pull and unpack image "{image}": {why}'
            self._machine.say(pod, "Failed", f'Failed to pull image "{image}": {why}', warning=True)
            self._wait("ErrImagePull", why)
            await asyncio.sleep(min(1.0, delay))
            self._wait("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {why}')
            await asyncio.sleep(delay)
            delay = min(delay * 2, self._machine.tempo.backoff_cap)

    def _trouble(self, image: str) -> str:
        """Why the image cannot be had, "" where it can."""
        gone = self._machine.gone(image)
        pulls = gone or self.spec["imagePullPolicy"] == "Always"
        if image not in self._machine.images or (pulls and self._machine.refused(image)):
            return "failed to do request: connect: connection refused"
        return f'failed to resolve reference "{image}": {image}: not found' if gone else ""

    async def _start(self, pod: Object, address: str) -> Process:
        directory = self._machine.runtime.directory("pods", pod["metadata"]["uid"], self.name)
        self.previous_log, self.log = self.log, directory / f"{self.restarts}.log"
        self.log.touch(mode=0o600)
        variables = await self._environment(pod, address)
        self.context = Context(address, variables, directory, self.log, self._machine.runtime)
        command = await self._machine.images[self.spec["image"]](self.context)
        process = await self._machine.runtime.launch(command, self.log)
        self.identity = f"containerd://{secrets.token_hex(32)}"
        self.ready = "readinessProbe" not in self.spec
        self._machine.say(pod, "Started", f"Started container {self.name}")
        self._show({"running": {"startedAt": now()}})
        return process

    async def _environment(self, pod: Object, address: str) -> dict[str, str]:
        while True:
            try:
                return environment(self._machine.store, pod, self.spec, address)
            except MissingError as missing:
                self._machine.say(pod, "Failed", f"Error: {missing}", warning=True)
                self._wait("CreateContainerConfigError", str(missing))
                await asyncio.sleep(self._machine.tempo.backoff_first)

    async def _watch_over(self, pod: Object, address: str, process: Process) -> int:
        probing = asyncio.ensure_future(self._probe(pod, address))
        try:
            code = await asyncio.shield(process.ended)
        finally:
            probing.cancel()
        self._end(code, "Completed" if code == 0 else "Error", self.state["running"]["startedAt"])
        self._changed()
        return code

    async def _probe(self, pod: Object, address: str) -> None:
        probe: dict[str, Any] | None = self.spec.get("readinessProbe")
        if probe is None:
            return
        await asyncio.sleep(probe.get("initialDelaySeconds", 0))
        failures = 0
        while True:
            trouble = await probe_trouble(probe, address)
            failures = failures + 1 if trouble else 0
            ready = not trouble or (self.ready and failures < probe["failureThreshold"])
            if trouble and failures % _EVENT_EVERY == 1:
                self._machine.say(pod, "Unhealthy", f"Readiness probe failed: {trouble}", warning=True)
            if ready is not self.ready:
                self.ready = ready
                self._changed()
            period = float(probe["periodSeconds"])
            await asyncio.sleep(period if self.ready else min(period, self._machine.tempo.eager_probe))

    async def _back_off(self, pod: Object, ran: float) -> None:
        """The first restart is immediate, the next ones wait ever longer, until it has run well for a while."""
        tempo, metadata = self._machine.tempo, pod["metadata"]
        delay = 0.0 if ran > tempo.backoff_reset else self._backoff
        self._backoff = min(max(delay * 2, tempo.backoff_first), tempo.backoff_cap)
        if not delay:
            self._begin_again(self.state)
            return
        where = f"pod={metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        said = f"restarting failed container={self.name} {where}"
        self._machine.say(pod, "BackOff", f"Back-off {said}", warning=True)
        ended = self.state
        silent = min(delay, tempo.backoff_silent) if delay <= tempo.backoff_first else 0.0
        await asyncio.sleep(silent)
        if silent < delay:
            self.last = self.state
            self._wait("CrashLoopBackOff", f"back-off {spelled(delay)} {said}")
            await asyncio.sleep(delay - silent)
        self._begin_again(ended)

    def _begin_again(self, state: Object) -> None:
        if "terminated" in self.state:
            self.last = self.state
        self.state = state
        self.restarts += 1

    def _end(self, code: int, reason: str, started: str) -> None:
        self.ready = False
        ended = {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": now()}
        self.state = {"terminated": ended | {"containerID": self.identity}}

    def _wait(self, reason: str, message: str) -> None:
        self._show({"waiting": {"reason": reason, "message": message}})

    def _show(self, state: Object) -> None:
        self.state = state
        self._changed()

    async def stop(self, grace: float) -> None:
        """End the process, if there is one."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                await self.process.stop(grace)
