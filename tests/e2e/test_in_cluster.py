"""config/kubernetes on a real cluster, as the base of an overlay: with its rights alone it heals from within a pod."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootheal.adapters.kube.api import MERGE_PATCH, Api
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from support.command import bootheal
from support.stranded import SHUT_DOWN, deployment

BASE = Path(__file__).parents[2] / "config" / "kubernetes"
OURS, SHOP = "bootheal", "bootheal-e2e-shop"
ACCOUNT = "bootheal-e2e"
LONGEST = 120.0
TAKEN_OVER = 17.0
"""As README says; a pod that is killed releases nothing."""


@dataclass(frozen=True)
class Deployed:
    """An overlay that is applied, and the cluster as its administrator sees it."""

    api: Api
    kubectl: Callable[..., str]

    def get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(path, about=path)
        return found

    def pods(self, namespace: str = OURS) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def ready(self) -> set[str]:
        """Return the names of its own pods whose loop turns."""
        return {
            pod["metadata"]["name"]
            for pod in self.pods()
            for condition in pod["status"].get("conditions", ())
            if (condition["type"], condition["status"]) == ("Ready", "True")
        }

    def holder(self) -> str:
        """Return the pod that holds the Lease, "" for none: who holds it is known by host and boot."""
        lease = self.get(f"/apis/coordination.k8s.io/v1/namespaces/{OURS}/leases/bootheal")
        identity = lease["spec"].get("holderIdentity") or ""
        return next(
            (pod["metadata"]["name"] for pod in self.pods() if identity.startswith(pod["metadata"]["name"])), ""
        )

    def said(self) -> dict[str, str]:
        """Return what each of its pods has said."""
        return {name: self.kubectl("logs", "--namespace", OURS, name) for name in self.ready()}


@pytest.fixture
def deployed(kubeconfig: Path, request: pytest.FixtureRequest, tmp_path: Path, scope: Scope) -> Iterator[Deployed]:
    """What README says of config/kubernetes, done; all of it goes afterwards."""
    image = request.config.getoption("--image")
    if not image or not shutil.which("kubectl"):
        pytest.skip("--image names an image of bootheal that the cluster's nodes have; kubectl applies it")
    api = Api(LiveKubeconfig(kubeconfig), scope)
    namespaces = {each["metadata"]["name"] for each in api.get("/api/v1/namespaces", about="namespaces")["items"]}
    if namespaces & {OURS, SHOP}:
        pytest.fail(f"namespace {OURS} or {SHOP} is there already: somebody else's are not touched")

    def kubectl(*arguments: str | Path) -> str:
        command = ["kubectl", "--kubeconfig", kubeconfig, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
        assert done.returncode == 0, done.stderr
        return done.stdout

    overlay(tmp_path, image, kubeconfig)
    abandon(api, kubectl)
    try:
        kubectl("apply", "--kustomize", tmp_path)
        yield Deployed(api, kubectl)
    finally:
        kubectl("delete", "--ignore-not-found", "--kustomize", tmp_path)
        kubectl("delete", "--ignore-not-found", "namespace", SHOP)


def overlay(directory: Path, image: str, kubeconfig: Path) -> None:
    """Write one with a configuration of its own and the rights for it, as kustomization.yaml of the base says."""
    configuration = yaml.safe_load((BASE / "bootheal.yaml").read_text())
    configuration |= {"cleanup": {"namespaces": [SHOP], "grace": 1}}
    file = directory / "bootheal.yaml"
    file.write_text(yaml.safe_dump(configuration))
    rights = bootheal(
        "rbac", "--namespace", OURS, "--account", ACCOUNT, "--config", file, BOOTHEAL_KUBECONFIG=str(kubeconfig)
    )
    (directory / "rbac.yaml").write_text(rights.stdout)
    name, _, tag = image.rpartition(":")
    account = [{"op": "replace", "path": "/spec/template/spec/serviceAccountName", "value": ACCOUNT}]
    kustomization = {
        "resources": [os.path.relpath(BASE, directory.resolve()), "rbac.yaml"],
        "configMapGenerator": [
            {"name": "bootheal-configuration", "namespace": OURS, "behavior": "replace", "files": ["bootheal.yaml"]}
        ],
        "images": [{"name": "bootheal", "newName": name, "newTag": tag}],
        "patches": [{"target": {"kind": "Deployment", "name": "bootheal"}, "patch": json.dumps(account)}],
    }
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))


def abandon(api: Api, kubectl: Callable[..., str]) -> None:
    """Leave behind what a node's shutdown leaves: a Failed pod, whose ReplicaSet has made another."""
    kubectl("create", "namespace", SHOP)
    api.write("POST", f"/apis/apps/v1/namespaces/{SHOP}/deployments", deployment("thing"), about="it")
    path = f"/api/v1/namespaces/{SHOP}/pods"
    pods = wait_for("its pod", lambda: api.get(path, about="pods")["items"])
    name = pods[0]["metadata"]["name"]
    api.write("PATCH", f"{path}/{name}/status", SHUT_DOWN, about=name, content_type=MERGE_PATCH)


def wait_for(what: str, found: Callable[[], Any]) -> Any:
    """Ask until it is so; return the answer."""
    until = time.monotonic() + LONGEST
    while not (answer := found()):
        assert time.monotonic() < until, f"waited {LONGEST:.0f} s for {what}"
        time.sleep(0.2)
    return answer


def test_it_heals_from_within_a_pod_and_another_one_takes_over(deployed: Deployed) -> None:
    """One of two holds the Lease and deletes what was left behind; killed, the other one holds it in time."""
    wait_for("both pods to be ready", lambda: len(deployed.ready()) == 2)
    wait_for(
        "what was left behind to go",
        lambda: all(pod["status"]["phase"] != "Failed" for pod in deployed.pods(SHOP)),
    )
    holder = wait_for("a holder", deployed.holder)
    said = deployed.said()
    deed = f"delete pod/{SHOP}/thing-"
    assert {name for name, text in said.items() if deed in text} == {holder}
    assert not [text for text in said.values() if "403" in text or "orbidden" in text or "Traceback" in text]
    deployed.kubectl("delete", "pod", "--namespace", OURS, "--grace-period=0", "--force", holder)
    killed = time.monotonic()
    wait_for("another one to hold the Lease", lambda: deployed.holder() not in ("", holder))  # maybe its successor
    assert time.monotonic() - killed < TAKEN_OVER + 1.0
