"""Part (h): how long `bootheal preflight` takes: for the demo's shop, and for a cluster of two hundred workloads."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from bench.row import CannotMeasureError, Row
from bootheal.demo.stack import Stack, StackOptions
from support.command import start
from support.served import serving

PART = "preflight: would it come back?"
WORKLOADS = 200
SHOP_SECONDS, MANY_SECONDS = 10.0, 60.0


def measure() -> Iterator[Row]:
    """Yield a row for each; CannotMeasureError where it could not say."""
    with TemporaryDirectory() as directory, Stack(Path(directory), StackOptions(fsync=False, drift=False)) as stack:
        stack.wait_until("all to serve", lambda: all(stack.serving().values()))
        yield Row(PART, "the demo's shop", _seconds(stack.config), "s", most=SHOP_SECONDS)
    with TemporaryDirectory() as directory:
        place = Path(directory)
        with serving(place, yaml.safe_dump_all(list(manifests(WORKLOADS)))) as api:
            workloads = {f"deployment/shop/w{number:03}": {"soak": 0} for number in range(WORKLOADS)}
            cluster = {"kind": "kubernetes", "kubeconfig": str(api.kubeconfig)}
            file = {"cluster": cluster, "state_directory": str(place / "state"), "workloads": workloads}
            (place / "bootheal.yaml").write_text(yaml.safe_dump(file))
            took = _seconds(place / "bootheal.yaml")
            yield Row(PART, f"{WORKLOADS} workloads", took, "s", most=MANY_SECONDS)
            yield Row(PART, f"{WORKLOADS} workloads, requests", float(len(api.asked)), "")


def _seconds(config: Path) -> float:
    began = time.monotonic()
    process = start("preflight", "--config", config)
    said, complaint = process.communicate(timeout=2 * MANY_SECONDS)
    if "it would come back" not in said:
        raise CannotMeasureError(f"cannot measure preflight: it says {said[-200:]}{complaint[-200:]}")
    return time.monotonic() - began


def manifests(count: int) -> Iterator[dict[str, Any]]:
    """Yield a node, and so many Deployments, each with its pod, its Service, its Secret and its ConfigMap."""
    image = "example/web:1"
    images = [{"names": [f"docker.io/{image}"]}]
    status = {"conditions": [{"type": "Ready", "status": "True"}], "images": images, "nodeInfo": {"bootID": "b"}}
    yield {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "box", "uid": "n"}, "status": status}
    held = {"holderIdentity": "box", "leaseDurationSeconds": 40}
    lease = {"name": "box", "namespace": "kube-node-lease"}
    yield {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": lease, "spec": held}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}}
    for number in range(count):
        yield from _workload(f"w{number:03}", image, f"10.42.{number // 250}.{number % 250 + 2}")


def _workload(name: str, image: str, address: str) -> Iterator[dict[str, Any]]:
    labels = {"app": name, "pod-template-hash": "1"}
    metadata = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1", "labels": labels}
    box = {"name": "web", "image": image, "envFrom": [{"secretRef": {"name": name}}, {"configMapRef": {"name": name}}]}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}}
    full = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata | {"generation": 1},
        "spec": spec | {"template": {"metadata": {"labels": labels}, "spec": {"containers": [box]}}},
        "status": full,
    }
    running = {"name": "web", "ready": True, "restartCount": 0, "image": image, "state": {"running": {}}}
    ready = {"type": "Ready", "status": "True"}
    yield {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata | {"name": f"{name}-1-x"},
        "spec": {"nodeName": "box", "containers": [box], "serviceAccountName": "default"},
        "status": {"phase": "Running", "podIP": address, "conditions": [ready], "containerStatuses": [running]},
    }
    data = {"PASSWORD": f"canary-{name}"}
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"MODE": "quick"}}
    ports = [{"port": 80, "targetPort": 8000}]
    served = {"clusterIP": "10.43.0.9", "selector": {"app": name}, "ports": ports}
    yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": served}
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata | {"labels": {"kubernetes.io/service-name": name}},
        "ports": [{"port": 8000}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }
