"""Part (h): how long `bootheal preflight` takes: for the demo's shop, and for a cluster of two hundred workloads."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from bench.row import CannotMeasureError, Row
from bootheal.demo.stack import Stack, StackOptions
from support.command import start_anew
from support.manifests import machine, workload
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
    process = start_anew("preflight", "--config", config)
    said, complaint = process.communicate(timeout=2 * MANY_SECONDS)
    if "it would come back" not in said:
        raise CannotMeasureError(f"cannot measure preflight: it says {said[-200:]}{complaint[-200:]}")
    return time.monotonic() - began


def manifests(count: int) -> Iterator[dict[str, Any]]:
    """Yield a node, and so many Deployments, each with its pod, its Service, its Secret and its ConfigMap."""
    yield from machine()
    for number in range(count):
        name, address = f"w{number:03}", f"10.42.{number // 250}.{number % 250 + 2}"
        taken = [{"secretRef": {"name": name}}, {"configMapRef": {"name": name}}]
        yield from workload(name, address, envFrom=taken)
        metadata = {"name": name, "namespace": "shop", "resourceVersion": "1"}
        yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"PASSWORD": f"of {name}"}}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"MODE": "quick"}}
