"""The EndpointSlice controllers: one slice per Service, from its selector and the readiness of pods.

For a Service that selects nothing, from the Endpoints of its name, whoever writes those.
"""

from __future__ import annotations

import asyncio

from bootheal.demo.objects.conditions import is_ready
from bootheal.demo.objects.kinds import ENDPOINTS, POD, SERVICE, SLICE, Object
from bootheal.demo.objects.selectors import matches
from bootheal.demo.objects.store import Store

_RELEVANT = frozenset({ENDPOINTS, POD, SERVICE})
_CONTROLLER, _MIRROR = "endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"


class Slices:
    """Keeps slices; `lag` is by how many seconds it is behind the pods, as some clusters are after a boot."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.lag = 0.0

    async def run(self) -> None:
        """Follow pods and Services until cancelled."""
        with self._store.history.subscribe() as subscription:
            while True:
                await asyncio.sleep(self.lag)
                for service in self._store.all(SERVICE):
                    if service["spec"].get("selector"):
                        self._write(service)
                    else:
                        self._mirror(service)
                while not any(change.kind in _RELEVANT for change in await subscription.take()):
                    pass

    def _write(self, service: Object) -> None:
        metadata = service["metadata"]
        pods = [
            pod
            for pod in self._store.all(POD, metadata["namespace"])
            if pod["status"].get("podIP")
            and pod["status"].get("phase") not in {"Succeeded", "Failed"}
            and matches({"matchLabels": service["spec"]["selector"]}, pod["metadata"].get("labels", {}))
        ]
        content = {"endpoints": [_endpoint(pod) for pod in pods], "ports": [_port(p) for p in service["spec"]["ports"]]}
        self._put(service, content, _CONTROLLER)

    def _mirror(self, service: Object) -> None:
        """Readiness plays no part in it: an address that is written is sent to."""
        metadata = service["metadata"]
        found = self._store.find(ENDPOINTS, metadata["namespace"], metadata["name"])
        subsets = (found or {}).get("subsets") or []
        if subsets:
            endpoints = [_mirrored(address) for address in subsets[0].get("addresses") or []]
            ports = [{"protocol": "TCP", **port} for port in subsets[0].get("ports") or []]
            self._put(service, {"endpoints": endpoints, "ports": ports}, _MIRROR)
        elif self._store.find(SLICE, metadata["namespace"], _name(service)) is not None:
            self._store.remove(SLICE, metadata["namespace"], _name(service))

    def _put(self, service: Object, content: Object, by: str) -> None:
        metadata, name = service["metadata"], _name(service)
        if self._store.find(SLICE, metadata["namespace"], name) is not None:
            self._store.edit(SLICE, metadata["namespace"], name, lambda item: item.update(content))
            return
        owner = {"apiVersion": "v1", "kind": "Service", "name": metadata["name"], "uid": metadata["uid"]}
        manifest = {
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": {
                    "kubernetes.io/service-name": metadata["name"],
                    "endpointslice.kubernetes.io/managed-by": by,
                },
                "ownerReferences": [owner | {"controller": True, "blockOwnerDeletion": True}],
            },
            "addressType": "IPv4",
        }
        self._store.create(SLICE, manifest | content)


def _name(service: Object) -> str:
    return f"{service['metadata']['name']}-{service['metadata']['uid'][:5]}"


def _mirrored(address: Object) -> Object:
    kept = {key: address[key] for key in ("hostname", "nodeName", "targetRef") if address.get(key)}
    return {"addresses": [address["ip"]], "conditions": {"ready": True}, **kept}


def _endpoint(pod: Object) -> Object:
    ready, leaving = is_ready(pod), "deletionTimestamp" in pod["metadata"]
    metadata = pod["metadata"]
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready and not leaving, "serving": ready, "terminating": leaving},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
    }


def _port(port: Object) -> Object:
    return {"name": port.get("name", ""), "port": port["targetPort"], "protocol": port["protocol"]}
