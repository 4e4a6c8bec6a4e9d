"""Manifests of a cluster that is well, as its API server has them: a node, and workloads that serve."""

from collections.abc import Iterator
from typing import Any

IMAGES = ("docker.io/example/web:1", "docker.io/example/wait:1")


def machine() -> Iterator[dict[str, Any]]:
    """Yield a node that is Ready and tells of its images, its Lease, and the ServiceAccount of namespace shop."""
    ready = {"type": "Ready", "status": "True"}
    status = {"conditions": [ready], "images": [{"names": [each]} for each in IMAGES], "nodeInfo": {"bootID": "b"}}
    yield {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "box", "uid": "n"}, "status": status}
    metadata = {"name": "box", "namespace": "kube-node-lease"}
    spec = {"holderIdentity": "box", "leaseDurationSeconds": 40}
    yield {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}}


def workload(name: str, address: str, waits_for: str = "", **box: Any) -> Iterator[dict[str, Any]]:
    """Yield a Deployment, its pod, its Service; its init container may wait for another Service."""
    volumes = box.pop("volumes", [])
    labels = {"app": name, "pod-template-hash": "1"}
    metadata = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1", "labels": labels}
    command = ["sh", "-c", f"until nc -z {waits_for} 80; do sleep 1; done"]
    init = [{"name": "wait", "image": "example/wait:1", "command": command}] if waits_for else []
    pod = {"containers": [{"name": name, "image": "example/web:1", **box}], "initContainers": init, "volumes": volumes}
    template = {"metadata": {"labels": labels}, "spec": pod}
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 1)
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata | {"generation": 1},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template},
        "status": counts | {"observedGeneration": 1},
    }
    running = {"name": name, "ready": True, "restartCount": 0, "image": "example/web:1", "state": {"running": {}}}
    owner = {"kind": "ReplicaSet", "name": f"{name}-1", "uid": "r", "controller": True}
    yield {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata | {"name": f"{name}-1-x", "ownerReferences": [owner]},
        "spec": {**pod, "nodeName": "box", "serviceAccountName": "default"},
        "status": {
            "phase": "Running",
            "podIP": address,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [running],
        },
    }
    ports = [{"port": 80, "targetPort": 8000}]
    served = {"clusterIP": f"10.43.0.{address.rpartition('.')[2]}", "selector": {"app": name}, "ports": ports}
    yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": served}
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata | {"labels": {"kubernetes.io/service-name": name}},
        "ports": [{"port": 8000}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }
