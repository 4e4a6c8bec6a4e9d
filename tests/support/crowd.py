"""A cluster of many nodes and pods behind the API double: nobody runs them, and no controller follows what they are.

Everything in it is well, and stays so: what a change is about is for its user to say.
"""

import asyncio
import json
import random
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from bootheal.demo.api.certificates import Authority, kubeconfig, server_context
from bootheal.demo.api.door import HOST
from bootheal.demo.api.faults import Faults, Request
from bootheal.demo.api.server import Api
from bootheal.demo.loop import LoopThread
from bootheal.demo.objects.defaults import add_defaults
from bootheal.demo.objects.kinds import (
    DEPLOYMENT,
    LEASE,
    NAMESPACE,
    NODE,
    POD,
    SECRET,
    SERVICE,
    SLICE,
    Object,
)
from bootheal.demo.objects.store import Store
from bootheal.demo.objects.times import now, now_micro
from bootheal.demo.stack import Stack
from bootheal.demo.tasks import end_all

# As many changes as some minutes bring, for watches that come back.
WINDOW = 50_000

# How often a kubelet renews its Lease, and for how long that is believed.
HEARTBEAT_SECONDS, LEASE_SECONDS = 10.0, 40
BEATS = "%Y-%m-%dT%H:%M:%S.%fZ"
DAY = 86_400.0

# Of how many nodes and pods one node, and one workload, is.
PODS_EACH, WORKLOADS_IN_A_NAMESPACE = 20, 100


class Crowd:
    """`workloads` of twenty pods each on `nodes`, and `databases` which a stack's real PostgreSQL answers for."""

    def __init__(
        self,
        directory: Path,
        stack: Stack,
        *,
        nodes: int,
        workloads: int,
        databases: int,
        beats: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.directory, self._seconds = directory, beats
        self.kubeconfig, self.config = directory / "kubeconfig", directory / "bootheal.yaml"
        self.names = [(f"team-{number // WORKLOADS_IN_A_NAMESPACE}", f"app-{number:04}") for number in range(workloads)]
        self.store = Store(add_defaults, window=WINDOW)
        self._nodes = [f"node-{number:03}" for number in range(nodes)]
        self._databases = [f"db-{number:02}" for number in range(databases)]
        self._loop = LoopThread("crowd")
        self._random = random.Random(20)  # noqa: S311 - which pod changes is no secret
        self._storm: asyncio.Task[None] | None = None
        self._beats: asyncio.Task[None] | None = None
        self.changes = 0
        """How many pods the storm has changed."""
        authority, token = Authority(), "crowd"
        directory.mkdir(parents=True, exist_ok=True)
        tls = server_context(authority.server(HOST), authority.pem, directory / "server.pem")
        self._api = Api(self.store, Faults(), stack.cluster.kubelet, tls, token)
        self._authority, self._token, self._address = authority, token, stack.postgres.address
        self._port, self._admin = stack.cluster.ports.postgres, stack.find("secrets", "postgres-admin")

    @property
    def requests(self) -> list[Request]:
        """Every request that the API server has got; may be cleared."""
        return self._api.requests

    def __enter__(self) -> Self:
        self._loop.start()
        self._loop.invoke(self._fill)
        port = self._loop.wait_for(self._api.prepare())
        self._loop.invoke(self._api.open)
        self._beats = self._loop.invoke(lambda: self._loop.loop.create_task(self._beat()))
        server = f"https://{HOST}:{port}"
        self.kubeconfig.write_text(json.dumps(kubeconfig(server, self._authority.pem, {"token": self._token})))
        self.config.write_text(yaml.safe_dump(self._configuration()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.calm()
        if self._beats:
            self._loop.invoke(self._beats.cancel)
        self._loop.wait_for(self._api.close())
        self._loop.wait_for(end_all())
        self._loop.close()

    # --- what becomes of it -------------------------------------------------------------------------

    def storm(self, a_second: int) -> None:
        """Change so many pods a second from now on, none of which is ill for it."""
        self._storm = self._loop.invoke(lambda: self._loop.loop.create_task(self._rage(a_second)))

    def calm(self) -> None:
        """End it."""
        if self._storm:
            self._loop.invoke(self._storm.cancel)
            self._storm = None

    def break_down(self, number: int, *, broken: bool) -> None:
        """Let a workload lack one of its ready pods, or no longer."""
        namespace, name = self.names[number]
        ready = PODS_EACH - broken

        def counted(item: Object) -> None:
            status = item["status"]
            status["readyReplicas"] = status["availableReplicas"] = ready

        def stands(pod: Object) -> None:
            pod["status"]["conditions"][0]["status"] = str(not broken)
            pod["status"]["containerStatuses"][0]["ready"] = not broken

        self._loop.invoke(lambda: self.store.edit(POD, namespace, f"{name}-00", stands))
        self._loop.invoke(lambda: self.store.edit(DEPLOYMENT, namespace, name, counted))

    async def _rage(self, a_second: int) -> None:
        began, changed = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - began) * a_second) - changed
            for _ in range(due):
                namespace, name = self._random.choice(self.names)
                self._touch(namespace, f"{name}-{self._random.randrange(PODS_EACH):02}")
                changed += 1
            self.changes += due
            await asyncio.sleep(0.01)

    def _touch(self, namespace: str, name: str) -> None:
        """Count one restart more of a container that runs, which is worth a look, and no reason to do anything."""
        pod = self.store.get(POD, namespace, name)
        status = pod["status"]
        container = status["containerStatuses"][0]
        container = container | {"restartCount": container["restartCount"] + 1}
        status = status | {"containerStatuses": [container]}
        self.store.swap(POD, pod | {"metadata": dict(pod["metadata"]), "status": status})

    async def _beat(self) -> None:
        """Renew the Leases of the nodes, one after the other."""
        while True:
            for name in self._nodes:
                self.store.edit(LEASE, "kube-node-lease", name, lambda item: item["spec"].update(renewTime=now_micro()))
                await asyncio.sleep(self._seconds / len(self._nodes))

    # --- what is there ------------------------------------------------------------------------------

    def _fill(self) -> None:
        for name in dict.fromkeys(["shop", "kube-node-lease", *(namespace for namespace, _ in self.names)]):
            self.store.create(NAMESPACE, {"metadata": {"name": name}})
        for name in self._nodes:
            self.store.create(NODE, _node(name))
            spec = {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now_micro()}
            self.store.create(LEASE, {"metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": spec})
        for number, (namespace, name) in enumerate(self.names):
            node = self._nodes[number % len(self._nodes)]
            self._serve(
                namespace, name, [_pod(f"{name}-{each:02}", name, node, _ip(number, each)) for each in range(20)]
            )
            self.store.create(DEPLOYMENT, _deployment(namespace, name))
        database = _pod("postgres-0", "postgres", self._nodes[0], self._address, owner="StatefulSet")
        self._serve("shop", "postgres", [database], self._port)
        self.store.create(
            SECRET,
            {key: self._admin[key] for key in ("type", "data") if key in self._admin}
            | {"metadata": {"name": "postgres-admin", "namespace": "shop"}}
            if self._admin
            else {},
        )

    def _serve(self, namespace: str, name: str, pods: list[Object], port: int = 8080) -> None:
        """Make pods and the headless Service in front of them: no way leads through it that could be tried."""
        made = [self.store.create(POD, pod, namespace) for pod in pods]
        spec = {"clusterIP": "None", "selector": {"app": name}, "ports": [{"port": port, "targetPort": port}]}
        self.store.create(SERVICE, {"metadata": {"name": name, "namespace": namespace}, "spec": spec})
        labels = {"kubernetes.io/service-name": name}
        endpoints = [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "targetRef": {"kind": "Pod", "namespace": namespace, "name": pod["metadata"]["name"]},
            }
            for pod in made
        ]
        content = {"addressType": "IPv4", "endpoints": endpoints, "ports": [{"name": "", "port": port}]}
        self.store.create(SLICE, {"metadata": {"name": name, "namespace": namespace, "labels": labels}} | content)

    def _configuration(self) -> dict[str, Any]:
        database = {"namespace": "shop", "service": "postgres", "dbname": "shop", "admin": {"secret": "postgres-admin"}}
        after = [[f"database/{self._databases[n % len(self._databases)]}"] for n, _ in enumerate(self.names)]
        return {
            "cluster": {"kind": "kubernetes", "kubeconfig": str(self.kubeconfig), "reach": "direct"},
            "state_directory": str(self.directory / "state"),
            "databases": dict.fromkeys(self._databases, database),
            "workloads": {
                f"deployment/{namespace}/{name}": {"after": before, "soak": 0}
                for (namespace, name), before in zip(self.names, after, strict=True)
            },
        }


def _ip(workload: int, pod: int) -> str:
    return f"10.{100 + workload // 250}.{workload % 250}.{pod + 1}"


def _node(name: str) -> Object:
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now()}
    info = {"bootID": f"boot-of-{name}", "kubeletVersion": "v1.30.0"}
    addresses = [{"type": "InternalIP", "address": f"192.0.2.{int(name[-3:]) % 250}"}]
    return {"metadata": {"name": name}, "status": {"conditions": [ready], "nodeInfo": info, "addresses": addresses}}


def _pod(name: str, app: str, node: str, address: str, owner: str = "ReplicaSet") -> Object:
    began = now(-DAY)
    version = "apps/v1"
    controller = {"apiVersion": version, "kind": owner, "name": app, "uid": f"uid-of-{app}", "controller": True}
    container = {"name": "main", "image": "registry.example/app:1", "imageID": "sha256:0"}
    state = {"ready": True, "started": True, "restartCount": 0, "state": {"running": {"startedAt": began}}}
    conditions = [{"type": "Ready", "status": "True", "lastProbeTime": began, "lastTransitionTime": began}]
    return {
        "metadata": {"name": name, "labels": {"app": app}, "ownerReferences": [controller]},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": "registry.example/app:1"}]},
        "status": {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": began,
            "conditions": conditions,
            "containerStatuses": [container | state],
        },
    }


def _deployment(namespace: str, name: str) -> Object:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "app:1"}]}}
    spec = {"replicas": PODS_EACH, "selector": {"matchLabels": {"app": name}}, "template": template}
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    status = dict.fromkeys(counts, PODS_EACH) | {"observedGeneration": 1}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec, "status": status}
