"""Whom init containers wait for, from manifests."""

from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from bootheal.discovery.waiting import waiting
from support.inventory import inventory


def workload(name: str, command: Sequence[str] = (), main: Sequence[str] = (), replicas: int = 1) -> dict[str, Any]:
    """A Deployment, with an init container where it has a command for one."""
    init = [{"name": "wait", "image": "busybox", "command": list(command)}] if command else []
    pod = {"initContainers": init, "containers": [{"name": name, "image": name, "command": list(main)}]}
    labels = {"app": name}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {**spec, "template": template},
    }


def service(name: str, port: int, **spec: Any) -> dict[str, Any]:
    """A Service in front of it."""
    said = {"selector": {"app": name}, "clusterIP": "10.43.0.9", "ports": [{"port": port}], **spec}
    return {"kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": said}


def found(*objects: dict[str, Any]) -> list[tuple[str, str]]:
    text = yaml.safe_dump_all([service("db", 5432), service("web", 80), *objects])
    return [(each.owner.name, each.on.name) for each in waiting(inventory(text))]


DB = workload("db")
WAITS: list[tuple[Sequence[str], list[tuple[str, str]]]] = [
    (["sh", "-c", "until nc -z db 5432; do sleep 1; done"], [("web", "db")]),
    (["sh", "-c", "until pg_isready -h db.shop.svc; do sleep 1; done"], [("web", "db")]),
    (["kubectl", "wait", "deployment/db", "--for=condition=Available"], [("web", "db")]),
    (["sh", "-c", "until nslookup db; do sleep 1; done"], []),
    (["sh", "-c", "until nc -z web 80; do sleep 1; done"], []),
    (["sh", "-c", "until nc -z db.elsewhere.example 5432; do sleep 1; done"], []),
    (["chown", "-R", "1000", "/data"], []),
]


@pytest.mark.parametrize(("command", "expected"), WAITS)
def test_an_init_container_waits_for_whom_its_command_names(
    command: Sequence[str], expected: list[tuple[str, str]]
) -> None:
    """By its Service or by itself; a name alone is known whoever is behind it, and nobody waits for himself."""
    assert found(DB, workload("web", command)) == expected


def test_what_only_the_main_container_waits_for_is_no_circle() -> None:
    """Its pod has begun by then; and what is scaled to zero waits for nobody, and is waited for in vain anyway."""
    loop = ["sh", "-c", "until nc -z db 5432; do sleep 1; done; exec web"]
    assert found(DB, workload("web", main=loop)) == []
    assert found(workload("db", replicas=0), workload("web", loop)) == []
    assert found(DB, workload("web", loop, replicas=0)) == []
