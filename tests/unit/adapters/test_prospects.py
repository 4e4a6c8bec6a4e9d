"""Raw pods, Secrets, nodes and webhooks -> what the next start would begin from."""

from typing import Any

import pytest

from bootheal.adapters.kube.prospects import _guards as guards
from bootheal.adapters.kube.prospects import plan, written
from bootheal.model import Ref


def a_container(**fields: Any) -> dict[str, Any]:
    return {"name": "web", "image": "example/web", **fields}


def a_pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "shop"}
    return {"metadata": metadata, "spec": {"containers": list(containers), **spec}, "status": {"phase": "Running"}}


PATIENCE: list[tuple[dict[str, Any], float | None]] = [
    ({}, None),
    ({"livenessProbe": {"tcpSocket": {"port": 1}}}, 20.0),
    (
        {
            "livenessProbe": {
                "exec": {"command": ["pg_isready"]},
                "initialDelaySeconds": 30,
                "periodSeconds": 5,
                "failureThreshold": 4,
            }
        },
        45.0,
    ),
    ({"livenessProbe": {}, "startupProbe": {"periodSeconds": 10}}, None),
    ({"livenessProbe": {"periodSeconds": 10}, "startupProbe": {"failureThreshold": 31}}, 320.0),
]


@pytest.mark.parametrize(("probes", "seconds"), PATIENCE)
def test_for_how_long_probes_let_a_container_start(probes: dict[str, Any], seconds: float | None) -> None:
    """By the defaults of Kubernetes; a startup probe comes first."""
    (box,) = plan(a_pod(a_container(**probes))).containers
    assert (box.liveness, box.by_command) == (seconds, "exec" in probes.get("livenessProbe", {}))


def test_what_a_pod_takes_as_it_starts() -> None:
    """Environment from Secrets and ConfigMaps, directories on an emptyDir, and whether it is started again."""
    raw = a_pod(
        a_container(
            env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "app", "key": "password"}}}],
            envFrom=[{"configMapRef": {"name": "settings"}}],
            volumeMounts=[
                {"name": "memory", "mountPath": "/data"},
                {"name": "claim", "mountPath": "/disk"},
                {"name": "whole", "mountPath": "/etc/web.d"},
                {"name": "single", "mountPath": "/etc/web.ini", "subPath": "web.ini"},
            ],
            imagePullPolicy="Always",
        ),
        volumes=[
            {"name": "memory", "emptyDir": {"medium": "Memory"}},
            {"name": "claim"},
            {"name": "whole", "configMap": {"name": "followed"}},
            {"name": "single", "secret": {"secretName": "single"}},
        ],
        restartPolicy="Never",
        serviceAccountName="default",
    )
    found = plan(raw)
    (box,) = found.containers
    assert box.taken == {
        Ref("secret", "shop", "app"),
        Ref("configmap", "shop", "settings"),
        Ref("secret", "shop", "single"),
    }
    assert (box.scratch, box.pulls_always, found.returns, found.account) == ({"/data": True}, True, False, "default")
    assert plan(a_pod(a_container(), volumes=[{"name": "x", "emptyDir": None}])).returns


def test_what_of_its_node_and_its_volumes_a_pod_wants() -> None:
    """Ports of the node, its directories, and the claims that it may write to, with where it has them."""
    ports = [{"containerPort": 80, "hostPort": 80}, {"containerPort": 53, "hostPort": 53, "protocol": "UDP"}]
    ports += [{"containerPort": 81, "hostPort": 81, "hostIP": "10.0.0.5"}, {"containerPort": 82}]
    mounts: list[dict[str, Any]] = [{"name": "own", "mountPath": "/srv"}, {"name": "read", "mountPath": "/read"}]
    mounts += [{"name": "seen", "mountPath": "/seen", "readOnly": True}, {"name": "node", "mountPath": "/node"}]
    raw = a_pod(
        a_container(ports=ports, volumeMounts=mounts),
        volumes=[
            {"name": "own", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "read", "persistentVolumeClaim": {"claimName": "media", "readOnly": True}},
            {"name": "seen", "persistentVolumeClaim": {"claimName": "seen"}},
            {"name": "node", "hostPath": {"path": "/srv/node"}},
        ],
        initContainers=[a_container(image="example/wait")],
    )
    found = plan(raw)
    assert found.host_ports == {("", "TCP", 80), ("", "UDP", 53), ("10.0.0.5", "TCP", 81)}
    assert (found.host_paths, found.written) == (("/srv/node",), {"data": ("/srv",)})
    assert found.mounts == (("/srv", "data", ""), ("/read", "media", ""), ("/seen", "seen", ""))
    assert [each.image for each in found.init] == ["example/wait"]


def an_entry(at: str, *fields: str) -> dict[str, Any]:
    return {"manager": "kubectl", "time": at, "fieldsV1": {field: {} for field in fields}}


def test_when_the_content_of_a_secret_was_written() -> None:
    """A label that somebody put on it later changes no container."""
    entries = [an_entry("2026-11-21T10:00:00Z", "f:data"), an_entry("2026-11-22T10:00:00Z", "f:metadata")]
    assert written({"metadata": {"name": "app", "managedFields": entries}}) == 1795255200.0
    assert written({"metadata": {"name": "app"}}) is None


ASKED = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}

SELECTORS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"matchLabels": {"kubernetes.io/metadata.name": "guard"}}, True),
    ({"matchLabels": {"kubernetes.io/metadata.name": "shop"}}, False),
    ({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["guard"]}]}, False),
    ({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}]}, True),
    ({"matchExpressions": [{"key": "inject", "operator": "Exists"}]}, False),
]


@pytest.mark.parametrize(("selector", "own"), SELECTORS)
def test_a_webhook_that_governs_the_namespace_of_its_own_pods(selector: dict[str, Any], own: bool) -> None:
    """As far as the namespace's name says; what its labels say is not guessed."""
    webhook = {
        "name": "g",
        "rules": [ASKED],
        "clientConfig": {"service": {"namespace": "guard", "name": "g"}},
        "namespaceSelector": selector,
    }
    assert [each.guards_own for each in guards({"webhooks": [webhook]})] == [own]
    assert guards({"webhooks": [{**webhook, "failurePolicy": "Ignore"}]}) == ()
