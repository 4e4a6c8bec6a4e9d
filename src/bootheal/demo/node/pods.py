"""What the kubelet does for one pod: from its first container to its deletion, over reboots."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from bootheal.demo.node.commands import Execution, execute
from bootheal.demo.node.containers import Container, Machine
from bootheal.demo.node.runtime import Process
from bootheal.demo.objects.conditions import set_condition
from bootheal.demo.objects.kinds import POD, Object
from bootheal.demo.objects.times import now
from bootheal.demo.tasks import end

_OVER = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class Revival:
    """How a pod fares after a reboot: in how many seconds it is found dead, and then started; never, if `stuck`."""

    found: float
    started: float
    stuck: bool = False


class PodWorker:
    """Tends one pod. Whatever it does is written to the pod's status at once."""

    def __init__(self, pod: Object, machine: Machine, node_address: str) -> None:
        self.uid: str = pod["metadata"]["uid"]
        self.app: str = pod["metadata"].get("labels", {}).get("app", "")
        self._namespace: str = pod["metadata"]["namespace"]
        self._name: str = pod["metadata"]["name"]
        self._pod = pod
        self._machine = machine
        self._node_address = node_address
        known = {status["name"]: status for status in pod.get("status", {}).get("containerStatuses", [])}
        self._containers = [
            Container(spec, machine, self._publish, known.get(spec["name"])) for spec in pod["spec"]["containers"]
        ]
        self._phase: str = pod.get("status", {}).get("phase", "Pending")
        self._address = ""
        self._grace: float | None = None
        self._doomed = asyncio.Event()
        self._gone = False

    def log_file(self, name: str, *, previous: bool) -> Path | None:
        """The output of a container's present process, or of the one before."""
        container = next((container for container in self._containers if container.name == name), None)
        if container and (previous or container.log is not None):
            return container.previous_log if previous else container.log
        # Of the boot before, or of an init container: what it has said stays on the node's disk.
        restarts = container.restarts if container else self._init_restarts(name) - previous
        path = self._machine.runtime.home / "pods" / self.uid / name / f"{restarts}.log"
        return path if path.exists() else None

    def _init_restarts(self, name: str) -> int:
        """How often an init container was begun again, as its status says: the demo's kubelet runs none itself."""
        pod = self._machine.store.find(POD, self._namespace, self._name) or self._pod
        statuses = pod.get("status", {}).get("initContainerStatuses") or ()
        return next((int(status.get("restartCount", 0)) for status in statuses if status["name"] == name), 0)

    def execute(self, name: str, words: list[str]) -> AbstractAsyncContextManager[Execution] | None:
        """Run a command in a container; None where that does not run."""
        container = next(container for container in self._containers if container.name == name)
        if container.context is None or container.process is None or container.process.ended.done():
            return None
        return execute(container.context, words)

    @property
    def processes(self) -> list[Process]:
        """Its containers' processes that have not ended."""
        found = (container.process for container in self._containers)
        return [process for process in found if process is not None and not process.ended.done()]

    def doom(self, grace: float) -> None:
        """The pod is to go, within `grace` seconds."""
        self._grace = grace if self._grace is None else min(grace, self._grace)
        self._doomed.set()

    def vanish(self) -> None:
        """The pod has gone from the API by force; what still runs of it is killed."""
        self._gone = True
        self.doom(0)

    async def run(self, revival: Revival | None) -> None:
        """Tend the pod until it is deleted."""
        life = asyncio.ensure_future(self._live(revival))
        life.add_done_callback(self._machine.note_failure)
        try:
            await self._doomed.wait()
        finally:
            await end([life])
        await asyncio.gather(*(self._stop(container) for container in self._containers))
        if self._address:
            self._machine.runtime.addresses.give_back(self._address)
        store = self._machine.store
        found = store.find(POD, self._namespace, self._name)
        if found is not None and found["metadata"]["uid"] == self.uid:
            store.delete(POD, self._namespace, self._name, grace=0)

    async def _stop(self, container: Container) -> None:
        if container.process is not None and not container.process.ended.done() and not self._gone:
            self._machine.say(self._pod, "Killing", f"Stopping container {container.name}")
        await container.stop(self._grace or 0)

    async def _live(self, revival: Revival | None) -> None:
        if self._phase in _OVER:
            return
        if revival is not None:
            await asyncio.sleep(revival.found)
            self._find_dead()
            if revival.stuck or self._phase in _OVER:
                return
            await asyncio.sleep(revival.started)
        else:
            await asyncio.sleep(self._machine.tempo.sandbox)
        self._address = self._machine.runtime.addresses.for_pod()
        self._publish()
        codes = await asyncio.gather(*(container.supervise(self._pod, self._address) for container in self._containers))
        self._phase = "Failed" if any(codes) else "Succeeded"
        self._publish()

    def _find_dead(self) -> None:
        for container in self._containers:
            container.lose()
        if self._pod["spec"]["restartPolicy"] == "Never":
            self._phase = "Failed"
        else:
            why = "Pod sandbox changed, it will be killed and re-created."
            self._machine.say(self._pod, "SandboxChanged", why)
        self._publish()

    # -- status ----------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        store = self._machine.store
        found = store.find(POD, self._namespace, self._name)
        if found is not None and found["metadata"]["uid"] == self.uid:
            store.edit(POD, self._namespace, self._name, self._write_status)

    def _write_status(self, pod: Object) -> None:
        status = pod.setdefault("status", {})
        running = any(container.identity for container in self._containers)
        if self._phase not in _OVER:
            self._phase = "Running" if running else "Pending"
        status |= {"phase": self._phase, "hostIP": self._node_address, "qosClass": "BestEffort"}
        status.setdefault("startTime", now())
        if self._address:
            status |= {"podIP": self._address, "podIPs": [{"ip": self._address}]}
        status["containerStatuses"] = [container.status for container in self._containers]
        ready = self._phase not in _OVER and all(container.ready for container in self._containers)
        reason = "PodCompleted" if self._phase == "Succeeded" else "" if ready else "ContainersNotReady"
        unready = [container.name for container in self._containers if not container.ready]
        message = "" if ready else f"containers with unready status: [{' '.join(unready)}]"
        set_condition(status, "PodScheduled", ok=True)
        set_condition(status, "Initialized", ok=True)
        set_condition(status, "ContainersReady", ok=ready, reason=reason, message=message)
        set_condition(status, "Ready", ok=ready, reason=reason, message=message)
