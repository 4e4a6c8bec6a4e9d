"""kubectl against the double: whoever tries the demo will look at it with kubectl."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bootheal.demo.stack import Stack

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Return a function that runs kubectl and gives its output; it must succeed."""
    home = tmp_path_factory.getbasetemp()

    def run(*arguments: str) -> str:
        environment = os.environ | {"KUBECONFIG": str(stack.kubeconfig), "HOME": str(home)}
        ended = subprocess.run(
            ["kubectl", *arguments], env=environment, capture_output=True, text=True, timeout=30, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def test_get_prints_rows(kubectl: Kubectl) -> None:
    """The columns that people look at are there."""
    rows = [line.split() for line in kubectl("get", "pods").splitlines()]
    assert rows[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert next(row for row in rows if row[0] == "postgres-0")[:4] == ["postgres-0", "1/1", "Running", "0"]
    assert "2/2" in kubectl("get", "deployment", "django")
    assert "Ready" in kubectl("get", "nodes")
    assert "migrate" in kubectl("get", "deploy,sts,svc,rs,job,ev,secrets,leases,pdb", "-o", "wide")


def test_get_gives_objects(kubectl: Kubectl) -> None:
    """Scripts ask for JSON and for JSONPath."""
    assert json.loads(kubectl("get", "pods", "-o", "json"))["kind"] == "List"
    assert kubectl("get", "deployment", "django", "-o", "jsonpath={.status.readyReplicas}") == "2"


def test_describe_tells_a_pods_story(kubectl: Kubectl) -> None:
    """With the owner, the state of the container, and the events."""
    text = kubectl("describe", "pod", "-l", "app=nginx")
    assert "Controlled By:  ReplicaSet/nginx-" in text
    assert "Started container nginx" in text


def test_a_rollout_can_be_started_and_waited_for(kubectl: Kubectl) -> None:
    """`rollout restart`, `rollout status` and `rollout history`, for Deployments and StatefulSets."""
    kubectl("rollout", "restart", "deployment/django", "statefulset/postgres")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/django", "--timeout=20s")
    assert "complete" in kubectl("rollout", "status", "statefulset/postgres", "--timeout=20s")


def test_pods_can_be_deleted_and_deployments_scaled(stack: Stack, kubectl: Kubectl) -> None:
    """`delete` waits until the pod has gone; `scale` changes the number of pods."""
    assert "deleted" in kubectl("delete", "pod", "-l", "app=nginx", "--timeout=20s")
    kubectl("scale", "deployment", "nginx", "--replicas=2")
    kubectl("wait", "--for=condition=Available", "deployment/nginx", "--timeout=20s")
    stack.wait_until("two pods", lambda: "2/2" in kubectl("get", "deployment", "nginx"))
    kubectl("scale", "deployment", "nginx", "--replicas=1")


def test_objects_can_be_made_and_changed(kubectl: Kubectl, tmp_path: Path) -> None:
    """`create`, `annotate`, `label`, `patch`, `cordon` and `uncordon`."""
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}, "data": {"a": "1"}}
    (tmp_path / "note.json").write_text(json.dumps(manifest))
    kubectl("create", "--validate=false", "-f", str(tmp_path / "note.json"))
    kubectl("label", "configmap", "note", "x=y")
    kubectl("annotate", "configmap", "note", "why=because")
    kubectl("patch", "configmap", "note", "--type=merge", "-p", '{"data":{"a":"2"}}')
    assert kubectl("get", "cm", "note", "-o", "jsonpath={.data.a} {.metadata.labels.x}") == "2 y"
    kubectl("delete", "configmap", "note")
    kubectl("cordon", "demo")
    assert "SchedulingDisabled" in kubectl("get", "nodes")
    kubectl("uncordon", "demo")


def test_logs_can_be_read(kubectl: Kubectl) -> None:
    """Of a pod, and of a Deployment's pod."""
    assert "ready to accept connections" in kubectl("logs", "postgres-0")
    assert "listening" in kubectl("logs", "deployment/nginx", "--tail=5")


def test_a_command_can_be_run(kubectl: Kubectl) -> None:
    """`exec`, with the container's environment."""
    assert kubectl("exec", "deployment/nginx", "--", "sh", "-c", "echo $HOSTNAME").startswith("nginx-")
