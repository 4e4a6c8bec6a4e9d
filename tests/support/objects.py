"""Snapshots with sensible defaults, for tables of judgements."""

from dataclasses import replace
from typing import Any

from bootheal.model import BootTime, Container, Lease, Node, Pod, Ref, State, Workload
from bootheal.step import Past

BOOT = 1_000_000.0
NOW = BOOT + 100
THIS_BOOT = BootTime.since(BOOT)


def a_node(**fields: Any) -> Node:
    """A node that is Ready in boot "new"."""
    return replace(Node(name="box", boot_id="new", ready=True), **fields)


def a_lease(renewed: float = NOW - 5, **fields: Any) -> Lease:
    """A Lease renewed five seconds ago."""
    return replace(Lease(renewed=renewed), **fields)


def running(**fields: Any) -> Container:
    """A container that has run since ten seconds after the boot."""
    return replace(Container("main", State.RUNNING, ready=True, started=BOOT + 10), **fields)


def waiting(reason: str, **fields: Any) -> Container:
    """A container that waits."""
    return replace(Container("main", State.WAITING, reason=reason), **fields)


def terminated(reason: str, **fields: Any) -> Container:
    """A container that has ended."""
    return replace(Container("main", State.TERMINATED, reason=reason), **fields)


def a_pod(name: str = "web-1", *containers: Container, **fields: Any) -> Pod:
    """A ready pod of a ReplicaSet in namespace shop."""
    pod = Pod(
        ref=Ref("pod", "shop", name),
        uid=f"uid-{name}",
        version="1",
        phase="Running",
        ip="10.42.0.7",
        ready=all(container.ready for container in containers),
        created=BOOT - 1000,
        owner=Ref("replicaset", "shop", "web"),
        containers=containers or (running(),),
    )
    return replace(pod, **fields)


def a_deployment(**fields: Any) -> Workload:
    """A Deployment with two replicas that is rolled out."""
    workload = Workload(
        ref=Ref("deployment", "shop", "web"),
        uid="uid-web",
        version="7",
        generation=1,
        observed=1,
        desired=2,
        replicas=2,
        updated=2,
        ready=2,
        available=2,
        selector={"app": "web"},
    )
    return replace(workload, **fields)


def past(**fields: Any) -> Past:
    """A past in which nothing has happened yet."""
    return replace(Past(now=NOW, epoch="new"), **fields)
