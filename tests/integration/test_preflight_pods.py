"""What pods want and the next boot may not give them: read from an API server, and named, and nothing else."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.certificates import Authority
from support.command import bootheal
from support.manifests import machine, workload
from support.served import Served, serving

OF_THIS_MACHINE = ("disk/", "clock")


def claim(*modes: str) -> dict[str, Any]:
    metadata = {"name": "data", "namespace": "shop", "uid": "c", "resourceVersion": "1"}
    spec = {"accessModes": list(modes)}
    kind = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    return kind | {"metadata": metadata, "spec": spec, "status": {"phase": "Bound"}}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    """A healthy cluster of two."""
    with serving(tmp_path, yaml.safe_dump_all(list(machine()))) as api:
        put(api, *workload("front", "10.42.0.2"), *workload("back", "10.42.0.3"))
        yield api


def put(api: Served, *objects: dict[str, Any]) -> None:
    """Make objects, or put them in the place of their namesakes."""
    api.apply(yaml.safe_dump_all(list(objects)))


def found(api: Served, *, reach: str = "forward", **more: Any) -> list[tuple[str, str]]:
    """Run `bootheal preflight --json`; return what it names of the cluster."""
    directory = api.kubeconfig.parent
    cluster = {"kind": "kubernetes", "kubeconfig": str(api.kubeconfig), "reach": reach}
    workloads: dict[str, Any] = {"deployment/shop/front": {}, "deployment/shop/back": {}}
    file = {"cluster": cluster, "state_directory": str(directory / "state"), "workloads": workloads | more}
    (directory / "bootheal.yaml").write_text(yaml.safe_dump(file))
    said = json.loads(bootheal("preflight", "--json", "--config", directory / "bootheal.yaml").stdout)
    named = [(each["id"], each["object"]) for each in said["found"]]
    return [each for each in named if not each[1].startswith(OF_THIS_MACHINE)]


def test_a_healthy_cluster_tells_of_nothing(api: Served) -> None:
    """An init container that waits for another that does not wait, ports and volumes of one's own."""
    ports = [{"containerPort": 8000, "hostPort": 8080}]
    put(api, *workload("front", "10.42.0.2", waits_for="back", ports=ports), claim("ReadWriteOnce"))
    assert found(api) == []


def a_door(name: str, certificate: str) -> Iterator[dict[str, Any]]:
    """Yield an Ingress and the Secret of its certificate."""
    metadata = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1"}
    spec = {"tls": [{"hosts": ["shop.example"], "secretName": name}]}
    yield {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"tls.crt": certificate}}


def test_an_ingress_whose_certificate_ends(api: Served) -> None:
    """A real one, of a day; what is no certificate, and a Secret that is not there, is no finding of this rule."""
    put(api, *a_door("front", Authority("shop").certificate), *a_door("back", "none"))
    put(api, next(a_door("gone", "")))
    assert found(api) == [("ingress-certificate-ends", "secret/shop/front")]


def test_what_two_want_and_who_waits_for_whom(api: Served) -> None:
    """A circle of init containers, a port of the node, a volume: three faults that running pods hide."""
    ports = [{"containerPort": 8000, "hostPort": 8080}]
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    mounts = [{"name": "data", "mountPath": "/srv"}]
    both: dict[str, Any] = {"ports": ports, "volumes": volumes, "volumeMounts": mounts}
    put(api, *workload("front", "10.42.0.2", waits_for="back", **both), claim("ReadWriteOncePod"))
    put(api, *workload("back", "10.42.0.3", waits_for="front.shop.svc", **both))
    assert sorted(found(api)) == [
        ("claim-twice", "persistentvolumeclaim/shop/data"),
        ("host-port-twice", "pod/shop/front-1-x"),
        ("init-waits-in-circle", "deployment/shop/back"),
    ]


def test_an_init_container_that_waits_for_what_the_file_brings_back_later(api: Served) -> None:
    """By the order of bootheal.yaml."""
    put(api, *workload("front", "10.42.0.2", waits_for="back"))
    order: dict[str, Any] = {"deployment/shop/back": {"after": ["deployment/shop/front"]}}
    assert found(api, **order) == [("init-waits-for-later", "deployment/shop/front")]


def test_an_image_that_is_gone_and_where_it_would_come_from(api: Served) -> None:
    """A registry of this machine that does not answer, one that does, and one that is a Service of the cluster."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    answering = api.kubeconfig.read_text().partition("http://")[2].partition('"')[0]
    put(api, *workload("back", "10.42.0.3", image=f"127.0.0.1:{closed}/back:1"))
    put(api, *workload("middle", "10.42.0.4", image=f"{answering}/middle:1"))
    put(api, *workload("front", "10.42.0.2", image="middle.shop.svc.cluster.local:80/front:1"))
    assert sorted(found(api, reach="direct")) == [
        ("image-from-own-pods", "pod/shop/front-1-x"),
        ("image-not-here", "pod/shop/middle-1-x"),
        ("image-registry-down", "pod/shop/back-1-x"),
    ]
    told = dict.fromkeys(name for name, _ in found(api))
    assert "image-registry-down" not in told, "who does not reach the node's network does not judge by its own"
