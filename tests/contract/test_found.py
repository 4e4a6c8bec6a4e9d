"""Workloads that nobody has listed, from the command line, on an API server over manifests: one pass, and at rest."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.command import bootheal, heal, outcome
from support.daemon import living
from support.served import Served, serving

BOOT = "9a25fb7f-50e4-44cf-acdf-a755733f96de"
CLUSTER = """\
apiVersion: v1
kind: Node
metadata: {name: box, uid: n-1, resourceVersion: "1"}
status: {conditions: [{type: Ready, status: "True"}], nodeInfo: {bootID: 9a25fb7f-50e4-44cf-acdf-a755733f96de}}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: box, namespace: kube-node-lease, uid: l-1, resourceVersion: "1"}
spec: {holderIdentity: box, leaseDurationSeconds: 40}
---
apiVersion: v1
kind: Namespace
metadata: {name: media, uid: m-1, resourceVersion: "1"}
---
"""


def workload(name: str) -> str:
    """Return the manifest of a Deployment, and its pod, which is well."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: media, uid: "u-{name}", resourceVersion: "1", generation: 1}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: c, image: "{name}:1"}}]}}}}
status: {{observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1}}
---
apiVersion: v1
kind: Pod
metadata:
  name: {name}-1
  namespace: media
  uid: "p-{name}"
  resourceVersion: "1"
  labels: {{app: {name}}}
  creationTimestamp: "{now}"
  ownerReferences: [{{kind: ReplicaSet, name: {name}-5d, uid: r, controller: true, apiVersion: apps/v1}}]
spec: {{nodeName: box, containers: [{{name: c, image: "{name}:1"}}]}}
status:
  phase: Running
  podIP: 127.0.0.9
  podIPs: [{{ip: 127.0.0.9}}]
  startTime: "{now}"
  conditions: [{{type: Ready, status: "True", lastTransitionTime: "{now}"}}]
  containerStatuses:
    - {{name: c, ready: true, restartCount: 0, image: "{name}:1", state: {{running: {{startedAt: "{now}"}}}}}}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "boot_id").write_text(f"{BOOT}\n")
    with serving(tmp_path, CLUSTER + workload("player")) as server:
        yield server


@pytest.fixture
def file(tmp_path: Path, server: Served) -> Path:
    file = tmp_path / "bootheal.yaml"
    file.write_text(
        f"cluster: {{kind: k3s, kubeconfig: {server.kubeconfig}, boot_id_file: {tmp_path}/boot_id, unit: ''}}\n"
        f"state_directory: {tmp_path}/state\nrecheck: 1\ndeadline: 30\n"
        "defaults: {soak: 0}\ndiscover: {namespaces: [media]}\n"
    )
    return file


def test_what_is_found_is_healed_in_the_same_pass_and_marked(file: Path) -> None:
    """`run`, `status` and `plan` tell it from what is listed."""
    report = heal(file)
    assert report["verdict"] == "healthy"
    found = outcome(report, "deployment/media/player")
    assert found["found"]
    assert found["began"] >= outcome(report, "gate")["ended"]
    assert not outcome(report, "gate")["found"]
    assert "(found, not listed)" in bootheal("status", "--config", file).stdout
    rows = {row["step"]: row["found"] for row in json.loads(bootheal("plan", "--json", "--config", file).stdout)}
    assert (rows["gate"], rows["deployment/media/player"]) == (False, True)


def test_at_rest_the_daemon_takes_up_what_is_added(file: Path, server: Served) -> None:
    """It hears of it, says so, and makes a pass over that, too; then it rests again, and ends as it is asked to."""
    with living(file) as daemon:
        for said in ("6 of 6 steps", "rests: "):
            daemon.wait_until(said, lambda said=said: said in daemon.text)  # type: ignore[misc]
        server.apply(workload("radio"))
        for said in ("found deployment/media/radio", "7 of 7 steps"):
            daemon.wait_until(said, lambda said=said: said in daemon.text)  # type: ignore[misc]
        assert daemon.stop() == 0


def test_a_namespace_that_is_not_there_is_not_well(file: Path, server: Served) -> None:
    """A name that was mistyped would find nothing, and all would seem well; what is there is healed all the same."""
    file.write_text(file.read_text().replace("[media]", "[media, elsewhere]"))
    report = heal(file, expect=1)
    assert report["verdict"] == "not-healed"
    assert outcome(report, "discover")["why"] == "cannot find namespace/elsewhere"
    assert outcome(report, "deployment/media/player")["ending"] == "settled"
    assert "cannot find namespace/elsewhere" in bootheal("status", "--config", file, expect=1).stdout
    checked = bootheal("check", "--config", file, expect=1).stdout
    assert checked.count("cannot find namespace/elsewhere") == 1
    server.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: elsewhere, uid: m-2, resourceVersion: '1'}\n")
    assert heal(file)["verdict"] == "healthy"


def test_where_namespaces_may_not_be_looked_up_that_is_no_fault(file: Path, server: Served) -> None:
    """The least rights do not have to include it."""
    server.refused.append("GET /api/v1/namespaces/[a-z]+$")
    assert heal(file)["verdict"] == "healthy"


def test_workloads_that_may_not_be_listed_are_not_said_to_be_well(file: Path, server: Served) -> None:
    """Those that nobody may see would be left out, and all would seem well."""
    server.refused.append("GET /apis/apps/v1/namespaces/media/statefulsets$")
    report = heal(file, expect=1)
    assert "cannot list statefulsets in namespace media" in outcome(report, "discover")["why"]
    assert outcome(report, "deployment/media/player")["ending"] == "settled"
