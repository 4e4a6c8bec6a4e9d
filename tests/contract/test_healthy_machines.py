"""Healthy machines, with all the ugly traces of the boot that they have behind them: nobody calls that a fault."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.diagnosis import diagnose
from bootheal.model import BootTime
from support.healthy import BATCH, BOOT_ID, Box, Json
from support.served import Served, path_of, serving

CNI = 'Failed to create pod sandbox: plugin type="flannel" failed (add): open /run/flannel/subnet.env: no such file'


def k3s(box: Box) -> Iterator[Json]:
    """A k3s with all that it brings along, and a shop."""
    yield from box.node()
    for name, ip, port in (("coredns", "10.42.0.21", 53), ("metrics-server", "10.42.0.22", 443)):
        labels = {"k8s-app": "kube-dns" if name == "coredns" else name}
        yield box.workload("Deployment", name, labels, "kube-system")
        pod = box.pod(f"{name}-6f-a", f"ReplicaSet/{name}-6f", "kube-system", labels=labels, ip=ip, restarts=3)
        yield pod
        service = "kube-dns" if name == "coredns" else name
        yield from box.service(service, port, {ip: f"{name}-6f-a"}, "kube-system", selector=labels)
    # it ended while the API server could not be reached yet, and was begun again
    crashed = {"exitCode": 1, "reason": "Error", "startedAt": box.at(25), "finishedAt": box.at(29)}
    yield box.workload("Deployment", "local-path-provisioner", {"app": "lpp"}, "kube-system")
    yield box.pod("lpp-1", "ReplicaSet/lpp-5", "kube-system", labels={"app": "lpp"}, ip="10.42.0.23", lost=crashed)
    yield box.workload("Deployment", "traefik", {"app": "traefik"}, "kube-system")
    yield box.pod("traefik-1", "ReplicaSet/traefik-5", "kube-system", labels={"app": "traefik"}, ip="10.42.0.24")
    to = {"10.42.0.24": "traefik-1"}
    yield from box.service("traefik", 80, to, "kube-system", selector={"app": "traefik"}, type="LoadBalancer")
    yield box.workload("DaemonSet", "svclb-traefik", {"app": "svclb"}, "kube-system")
    lb = ["lb-tcp-80=rancher/klipper-lb:v0.4", "lb-tcp-443=rancher/klipper-lb:v0.4"]
    yield box.pod(
        "svclb-1", "DaemonSet/svclb-traefik", "kube-system", labels={"app": "svclb"}, containers=lb, ip="10.42.0.25"
    )
    yield from box.service("kubernetes", 443, {}, "default")
    for chart in ("traefik", "traefik-crd"):
        conditions = [
            box.condition("JobCreated", "True", "Job created", -86000),
            box.condition("Failed", "False", "", -86000),
        ]
        yield box.object(
            "HelmChart", chart, "kube-system", "helm.cattle.io/v1", spec={}, status={"conditions": conditions}
        )
        done = {"succeeded": 1, "conditions": [box.condition("Complete", "True", "", -86000)]}
        yield box.object("Job", f"helm-install-{chart}", "kube-system", BATCH, spec={}, status=done)
        yield box.ended(f"helm-install-{chart}-x", f"Job/helm-install-{chart}", "kube-system")
    served = box.condition("Available", "True", "Passed", 50)
    spec = {"service": {"namespace": "kube-system", "name": "metrics-server"}}
    version = "apiregistration.k8s.io/v1"
    yield box.object("APIService", "v1beta1.metrics.k8s.io", "", version, spec=spec, status={"conditions": [served]})
    yield from _shop(box)


def _shop(box: Box) -> Iterator[Json]:
    volume = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-postgres-0"}}]
    yield box.workload("StatefulSet", "postgres", {"app": "postgres"})
    yield box.pod(
        "postgres-0",
        "StatefulSet/postgres",
        labels={"app": "postgres", "controller-revision-hash": "postgres-a"},
        ip="10.42.0.31",
        containers=["postgres=example/store:1"],
        spec={"volumes": volume},
    )
    yield from box.service("postgres", 5432, {"10.42.0.31": "postgres-0"}, selector={"app": "postgres"})
    yield from box.service(
        "postgres-hl", 5432, {"10.42.0.31": "postgres-0"}, selector={"app": "postgres"}, clusterIP="None"
    )
    claim = {"volumeName": "pvc-1", "storageClassName": "local-path", "accessModes": ["ReadWriteOnce"]}
    yield box.object("PersistentVolumeClaim", "data-postgres-0", "shop", spec=claim, status={"phase": "Bound"})
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [box.name]}]}]
    place = {"hostPath": {"path": "/var/lib/rancher/k3s/storage/pvc-1"}}
    spec = {"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}, **place}
    yield box.object("PersistentVolume", "pvc-1", spec=spec, status={"phase": "Bound"})
    # it waited for its database by failing, and was made anew
    yield box.workload("Deployment", "web", {"app": "web"})
    crashed = {"exitCode": 1, "reason": "Error", "startedAt": box.at(30), "finishedAt": box.at(33)}
    yield box.pod("web-1", "ReplicaSet/web-5", labels={"app": "web"}, ip="10.42.0.32", restarts=4, lost=crashed)
    yield from box.service("web", 80, {"10.42.0.32": "web-1"}, selector={"app": "web"})
    external = {"type": "ExternalName", "externalName": "mail.example.org"}
    yield box.object("Service", "mail", "shop", spec=external)
    yield box.workload("Deployment", "worker", {"app": "worker"}, count=0)
    # what the shutdown and the kubelet have left behind: their successors live
    yield box.ended("web-0", "ReplicaSet/web-5", phase="Failed", reason="Terminated", message="imminent node shutdown.")
    yield box.ended("web-00", "ReplicaSet/web-5", phase="Failed", reason="Evicted", message="low on resource: memory.")
    spec = {"schedule": "0 3 * * *", "suspend": False}
    yield box.object("CronJob", "backup", "shop", BATCH, spec=spec, status={})
    failed = {"failed": 1, "conditions": [box.condition("Failed", "True", "BackoffLimitExceeded", -40000)]}
    yield box.object("Job", "migrate", "shop", BATCH, spec={}, status=failed)
    ready = {"conditions": [box.condition("Ready", "True", "Ready", 90)]}
    yield box.object("Certificate", "shop-tls", "shop", "cert-manager.io/v1", spec={}, status=ready)
    status = {
        "sync": {"status": "OutOfSync"},
        "health": {"status": "Healthy"},
        "operationState": {"phase": "Succeeded"},
    }
    yield box.object("Application", "shop", "shop", "argoproj.io/v1alpha1", spec={}, status=status)
    yield from _events(box)


def _events(box: Box) -> Iterator[Json]:
    """What each of these boots leaves, for an hour."""
    yield box.event(
        f"Node/{box.name}", "Rebooted", f"Node {box.name} has been rebooted, boot id: {BOOT_ID}", 9, namespace="default"
    )
    yield box.event(
        f"Node/{box.name}", "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 9, namespace="default"
    )
    main = "spec.containers{web}"
    for pod in ("web-1", "postgres-0"):
        yield box.event(f"Pod/{pod}", "NodeNotReady", "Node is not ready", 10)
        yield box.event(f"Pod/{pod}", "FailedCreatePodSandBox", CNI, 13)
        yield box.event(f"Pod/{pod}", "FailedMount", 'object "shop"/"kube-root-ca.crt" not registered', 11)
        yield box.event(f"Pod/{pod}", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", 14)
    yield box.event(
        "Pod/web-1", "BackOff", "Back-off restarting failed container web in pod web-1_shop(u)", 38, field=main
    )
    yield box.event("Pod/web-1", "Unhealthy", "Readiness probe failed: connection refused", 43, field=main)
    yield box.event(
        "Pod/web-1", "FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (x)", 40
    )
    yield box.event("Service/web", "FailedToUpdateEndpointSlices", "Error updating Endpoint Slices: conflict", 40)
    yield box.event("CronJob/backup", "MissSchedule", "Missed scheduled time to start a job", 30)
    yield box.event("CronJob/backup", "TooManyMissedTimes", "too many missed start times", 30)
    yield box.event("HorizontalPodAutoscaler/web", "FailedGetResourceMetric", "unable to fetch metrics", 60)
    yield box.event("PodDisruptionBudget/web", "NoPods", "No matching pods found", 20)


def k3d(box: Box) -> Iterator[Json]:
    """A k3d with three members of Patroni, whose labels and addresses Patroni writes itself, and a pooler."""
    yield from box.node()
    labels = {"k8s-app": "kube-dns"}
    yield box.workload("Deployment", "coredns", labels, "kube-system")
    yield box.pod("coredns-6f-a", "ReplicaSet/coredns-6f", "kube-system", labels=labels, ip="10.42.0.2")
    yield from box.service("kube-dns", 53, {"10.42.0.2": "coredns-6f-a"}, "kube-system", selector=labels)
    yield from box.service("kubernetes", 443, {}, "default")
    cluster = {"application": "spilo", "cluster-name": "shop-db"}
    yield box.workload("StatefulSet", "shop-db", cluster, count=3)
    for number, role in enumerate(("replica", "master", "replica")):
        said = json.dumps({"role": "primary" if role == "master" else role, "state": "running", "timeline": 4})
        yield box.pod(
            f"shop-db-{number}",
            "StatefulSet/shop-db",
            labels=cluster | {"spilo-role": role, "controller-revision-hash": "shop-db-a"},
            annotations={"status": said},
            ip=f"10.42.0.1{number}",
            containers=["postgres=example/store:1"],
        )
    yield from box.service("shop-db", 5432, {"10.42.0.11": "shop-db-1"})
    to = {"10.42.0.10": "shop-db-0", "10.42.0.12": "shop-db-2"}
    yield from box.service("shop-db-repl", 5432, to, selector=cluster | {"spilo-role": "replica"})
    yield box.object("Service", "shop-db-config", "shop", spec={"clusterIP": "None"})
    yield box.workload("Deployment", "shop-db-pooler", {"application": "db-connection-pooler"}, count=2)
    for number in (0, 1):
        yield box.pod(
            f"shop-db-pooler-{number}",
            "ReplicaSet/shop-db-pooler-7",
            labels={"application": "db-connection-pooler"},
            ip=f"10.42.0.3{number}",
            containers=["proxy=example/front:1"],
        )
    to = {"10.42.0.30": "shop-db-pooler-0", "10.42.0.31": "shop-db-pooler-1"}
    yield from box.service("shop-db-pooler", 5432, to, selector={"application": "db-connection-pooler"})
    probe = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    for number in (0, 1, 2):
        yield box.event(f"Pod/shop-db-{number}", "Unhealthy", probe, 40, field="spec.containers{postgres}")
        yield box.event(f"Pod/shop-db-{number}", "FailedCreatePodSandBox", CNI, 13)


@pytest.fixture
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Box, Served]]:
    """The API server of one of them; it was booted twenty minutes ago."""
    make: Callable[[Box], Iterator[Json]] = request.param
    box = Box("k3d-shop-server-0" if make is k3d else "box", time.time() - 1200)
    with serving(tmp_path) as server:
        server.objects = {path_of(each): each for each in make(box)}
        yield box, server


@pytest.mark.parametrize("machine", [k3s, k3d], indirect=True, ids=["k3s", "k3d with Patroni"])
def test_a_healthy_machine_has_no_fault_and_nothing_that_passes(machine: tuple[Box, Served]) -> None:
    """Whatever its Events, its last states and what was left behind say; and it was looked at."""
    box, server = machine
    with Scope(pytest.fail) as scope:
        scene = KubeCluster(Api(LiveKubeconfig(server.kubeconfig), scope)).scenes.scene()
    boot = BootTime(((box.boot, box.boot + 1e9),))
    found = diagnose(replace(scene, boot_id=BOOT_ID, boot_time=boot))
    assert [(each.id, str(each.about), each.finding.means) for each in (*found.found, *found.passing)] == []
    assert found.gaps == ()
    living = sum(not each.finished for each in scene.pods)
    assert any(f"{living} pods" in each for each in found.well), found.well
    assert len(scene.stalled) == 0 < len(scene.events)
