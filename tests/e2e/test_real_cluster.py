"""The command on a real cluster, in a namespace of its own that goes afterwards, with what `rbac` prints alone."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootheal.adapters.kube.api import MERGE_PATCH, Api
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from support.command import actions, bootheal, heal, outcome
from support.stranded import SHUT_DOWN, deployment

CORE, APPS = "/api/v1", "/apis/apps/v1"


@dataclass(frozen=True)
class Place:
    """A namespace of a real cluster with a Deployment whose pods wait for a node that does not exist."""

    api: Api
    namespace: str
    config: Path

    def path(self, group: str, plural: str, name: str = "") -> str:
        return f"{group}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def pods(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.get(self.path(CORE, "pods"), about="pods")["items"]
        return found

    def configure(self, changes: dict[str, Any]) -> None:
        """Change the configuration, and what an account of the test's own may do."""
        configuration = yaml.safe_load(self.config.read_text())
        self.config.write_text(yaml.safe_dump(configuration | changes))
        self.rights("--apply", "--credential", self.credential)

    @property
    def credential(self) -> Path:
        return self.config.with_name("credential")

    def rights(self, *arguments: str | Path) -> None:
        account = ("--account", self.namespace, "--namespace", self.namespace)
        bootheal("rbac", "--config", self.config, *account, *arguments)

    def asked(self, command: str) -> str:
        """Run a command with these rights."""
        return bootheal(command, "--config", self.config, BOOTHEAL_KUBECONFIG=str(self.credential)).stdout

    def heal(self, expect: int = 0) -> dict[str, Any]:
        """Run once with these rights."""
        return heal(self.config, expect=expect, BOOTHEAL_KUBECONFIG=str(self.credential))


@pytest.fixture
def place(kubeconfig: Path, tmp_path: Path, scope: Scope) -> Iterator[Place]:
    api = Api(LiveKubeconfig(kubeconfig), scope)
    namespace = f"bootheal-e2e-{secrets.token_hex(4)}"
    api.write("POST", f"{CORE}/namespaces", {"metadata": {"name": namespace}}, about="namespaces")
    place = Place(api, namespace, tmp_path / "bootheal.yaml")
    cluster = {"kind": "kubernetes", "kubeconfig": str(kubeconfig)}
    place.config.write_text(yaml.safe_dump({"cluster": cluster, "state_directory": str(tmp_path / "state")}))
    api.write("POST", place.path(APPS, "deployments"), deployment("thing"), about="deployments")
    while not place.pods():
        time.sleep(0.1)
    place.configure({})
    yield place
    place.rights("--withdraw")
    api.write("DELETE", f"{CORE}/namespaces/{namespace}", {}, about="the namespace")


def test_the_gate_opens_and_a_second_run_has_nothing_to_do(place: Place) -> None:
    """The Lease is seen advancing; no action is taken."""
    place.asked("check")
    assert [place.heal()["verdict"] for _ in range(2)] == ["healthy", "healthy"]


def test_a_pod_that_a_shutdown_left_behind_is_deleted_and_a_bare_one_left(place: Place) -> None:
    """Failed with reason Terminated, as a node shutdown leaves pods: its ReplicaSet has made another long ago."""
    (owned,) = place.pods()
    name = owned["metadata"]["name"]
    bare = {"metadata": {"name": "bare"}, "spec": owned["spec"] | {"nodeName": None}}
    place.api.write("POST", place.path(CORE, "pods"), bare, about="pods")
    for pod in (name, "bare"):
        path = place.path(CORE, "pods", pod) + "/status"
        place.api.write("PATCH", path, SHUT_DOWN, about=pod, content_type=MERGE_PATCH)
    place.configure({"cleanup": {"namespaces": [place.namespace], "grace": 1}})
    report = place.heal()
    assert actions(report) == [f"delete pod/{place.namespace}/{name} (Terminated)"]
    assert ["bare" in remark for remark in outcome(report, "cleanup")["remarks"]] == [True]
    names = {pod["metadata"]["name"] for pod in place.pods()}
    assert name not in names
    assert "bare" in names


def test_a_workload_is_rolled_out_once_per_boot(place: Place) -> None:
    """restart: always; the annotation is ours, by our own field manager, and a second run does not repeat it."""
    workload = f"deployment/{place.namespace}/thing"
    place.configure({"workloads": {workload: {"restart": "always", "patience": 5}}})
    first, second = place.heal(expect=1), place.heal(expect=1)
    assert actions(first) == [f"roll out {workload} (restart: always)"]
    assert actions(second) == []
    assert "no node is one that the pod may run on" in outcome(second, workload)["why"]
    raw = place.api.get(place.path(APPS, "deployments", "thing"), about="deployment")
    assert "bootheal/restarted-at" in raw["spec"]["template"]["metadata"]["annotations"]
    assert "bootheal" in {entry["manager"] for entry in raw["metadata"]["managedFields"]}


def test_plan_looks_and_does_nothing(place: Place) -> None:
    """The rollout that `run` would make is named, and not made."""
    workload = f"deployment/{place.namespace}/thing"
    place.configure({"workloads": {workload: {"restart": "always"}}})
    assert f"roll out {workload} (restart: always)" in place.asked("plan")
    raw = place.api.get(place.path(APPS, "deployments", "thing"), about="deployment")
    assert raw["metadata"]["generation"] == 1
