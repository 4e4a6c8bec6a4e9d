"""The kubelet: one node, its Lease, and a worker for every pod on it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from bootheal.demo.node.commands import Execution
from bootheal.demo.node.containers import Machine
from bootheal.demo.node.pods import PodWorker, Revival
from bootheal.demo.node.runtime import Process
from bootheal.demo.objects import events
from bootheal.demo.objects.kinds import LEASE, NODE, POD, Object
from bootheal.demo.objects.times import now, now_micro
from bootheal.demo.tasks import end

_LEASE_NAMESPACE = "kube-node-lease"
_LEASE_SECONDS = 40
_VERSION = "v1.33.5+k3s1"


@dataclass(eq=False)
class Kubelet:
    """Tends the node; `up` while it runs. `boot_id_file` is where the machine says which boot this is."""

    name: str
    machine: Machine
    boot_id_file: Path

    def __post_init__(self) -> None:
        self._workers: dict[str, PodWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.up = False
        self.unknown: set[str] = set()
        """Names of pods that it has lost sight of, as after a node has come back under another name."""

    @property
    def address(self) -> str:
        """The node's InternalIP."""
        return self.machine.runtime.addresses.node

    def pods(self) -> list[Object]:
        """The pods that it tends."""
        return [pod for pod in self.machine.store.all(POD) if pod["metadata"]["uid"] in self._workers]

    def log_file(self, pod: Object, container: str, *, previous: bool) -> Path | None:
        """The output of a container's present process, or of the one before."""
        worker = self._workers.get(pod["metadata"]["uid"])
        return worker.log_file(container, previous=previous) if worker else None

    def execute(self, pod: Object, container: str, words: list[str]) -> AbstractAsyncContextManager[Execution] | None:
        """Run a command in a container; None where that does not run."""
        worker = self._workers.get(pod["metadata"]["uid"])
        return worker.execute(container, words) if worker else None

    def processes(self, app: str) -> list[Process]:
        """The processes of all containers of an application."""
        return [process for worker in list(self._workers.values()) if worker.app == app for process in worker.processes]

    async def run(self, revivals: Mapping[str, Revival]) -> None:
        """Report the node and tend its pods until cancelled; `revivals` are, by uid, for pods of an earlier boot."""
        store = self.machine.store
        try:
            with store.history.subscribe() as subscription:
                self._report_node()
                self.up = True
                self._spawn(self._renew())
                for pod in store.all(POD):
                    self._tend(pod, revivals)
                while changes := await subscription.take():
                    for change in changes:
                        if change.kind is POD and change.verb != "DELETED":
                            self._tend(change.object, {})
                        elif change.kind is POD and (worker := self._workers.get(change.object["metadata"]["uid"])):
                            worker.vanish()
        finally:
            self.up = False
            await end(self._tasks)
            self._workers.clear()

    def _tend(self, pod: Object, revivals: Mapping[str, Revival]) -> None:
        uid = pod["metadata"]["uid"]
        if pod["spec"].get("nodeName") != self.name or pod["metadata"]["name"] in self.unknown:
            return
        if uid not in self._workers:
            worker = self._workers[uid] = PodWorker(pod, self.machine, self.address)
            self._spawn(self._work(worker, revivals.get(uid)))
        if "deletionTimestamp" in pod["metadata"]:
            self._workers[uid].doom(pod["metadata"].get("deletionGracePeriodSeconds", 0))

    async def _work(self, worker: PodWorker, revival: Revival | None) -> None:
        await worker.run(revival)
        self._workers.pop(worker.uid, None)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self.machine.note_failure)

    # -- the node --------------------------------------------------------------------------------------------

    async def _renew(self) -> None:
        while True:
            self._renew_lease()
            await asyncio.sleep(self.machine.tempo.lease)

    def _renew_lease(self) -> None:
        store = self.machine.store
        if store.find(LEASE, _LEASE_NAMESPACE, self.name) is None:
            spec = {"holderIdentity": self.name, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": now_micro()}
            store.create(LEASE, {"metadata": {"name": self.name, "namespace": _LEASE_NAMESPACE}, "spec": spec})
            return
        store.edit(LEASE, _LEASE_NAMESPACE, self.name, lambda lease: lease["spec"].update(renewTime=now_micro()))

    def _report_node(self) -> None:
        """Say which boot this is; a new one is worth an Event, as the real kubelet has it."""
        store, boot_id = self.machine.store, self.boot_id_file.read_text().strip()
        known = store.find(NODE, "", self.name)
        if known is None:
            store.create(NODE, self._node(boot_id))
            return
        rebooted = known["status"]["nodeInfo"]["bootID"] != boot_id

        def update(node: Object) -> None:
            node["status"]["nodeInfo"]["bootID"] = boot_id
            for condition in node["status"]["conditions"]:
                condition["lastHeartbeatTime"] = now()

        node = store.edit(NODE, "", self.name, update)
        if rebooted:
            why = f"Node {self.name} has been rebooted, boot id: {boot_id}"
            events.record(store, node, "Rebooted", why, source="kubelet", warning=True)

    def _node(self, boot_id: str) -> Object:
        pressures = ("MemoryPressure", "DiskPressure", "PIDPressure")
        conditions = [(kind, "False", "KubeletHasNo" + kind) for kind in pressures]
        conditions.append(("Ready", "True", "KubeletReady"))
        capacity = {"cpu": "2", "memory": "4Gi", "pods": "110"}
        labels = {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "node-role.kubernetes.io/control-plane": "true",
            "node.kubernetes.io/instance-type": "k3s",
        }
        return {
            "metadata": {"name": self.name, "labels": labels},
            "spec": {"podCIDR": "10.42.0.0/24", "providerID": f"k3s://{self.name}"},
            "status": {
                "capacity": capacity,
                "allocatable": capacity,
                "addresses": [
                    {"type": "InternalIP", "address": self.address},
                    {"type": "Hostname", "address": self.name},
                ],
                "conditions": [
                    {
                        "type": kind,
                        "status": status,
                        "reason": reason,
                        "message": "",
                        "lastHeartbeatTime": now(),
                        "lastTransitionTime": now(),
                    }
                    for kind, status, reason in conditions
                ],
                "nodeInfo": {
                    "bootID": boot_id,
                    "machineID": "demo",
                    "systemUUID": "demo",
                    "kernelVersion": "demo",
                    "osImage": "bootheal demo",
                    "containerRuntimeVersion": "containerd://demo",
                    "kubeletVersion": _VERSION,
                    "kubeProxyVersion": _VERSION,
                    "operatingSystem": "linux",
                    "architecture": "amd64",
                },
            },
        }
