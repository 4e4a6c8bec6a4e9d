"""Objects as the rows that `kubectl get` prints. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from bootheal.demo.objects.kinds import DEPLOYMENT, EVENT, NODE, POD, REPLICA_SET, SERVICE, STATEFUL_SET, Kind, Object

Row: TypeAlias = list[Any]


def table(kind: Kind, items: Iterable[Object], version: str) -> Object:
    """A `meta.k8s.io/v1` Table: the columns of the kind, and the objects' metadata for kubectl's own use."""
    columns, cells = _TABLES.get(kind, ((), lambda _: []))
    names = ("Name", *columns, "Age")
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": [
            {
                "name": name,
                "type": "string",
                "format": "name" if name == "Name" else "",
                "description": "",
                "priority": 0,
            }
            for name in names
        ],
        "rows": [
            {
                "cells": [item["metadata"]["name"], *cells(item), _age(item)],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": item["metadata"],
                },
            }
            for item in items
        ],
    }


def _age(item: Object) -> str:
    created = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
    seconds = max(0, int((datetime.now(UTC) - created).total_seconds()))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}h{minutes}m" if hours else f"{minutes}m{seconds % 60}s" if minutes else f"{seconds}s"


def _pod(pod: Object) -> Row:
    containers = pod.get("status", {}).get("containerStatuses", [])
    ready = sum(container["ready"] for container in containers)
    restarts = sum(container["restartCount"] for container in containers)
    return [f"{ready}/{len(pod['spec']['containers'])}", pod_summary(pod), restarts]


def pod_summary(pod: Object) -> str:
    """The STATUS column: the phase, unless something says it better, as the real printer works it out."""
    status = pod.get("status", {})
    summary = status.get("reason") or status.get("phase", "Unknown")
    for container in status.get("containerStatuses", []):
        for state in ("waiting", "terminated"):
            summary = container.get("state", {}).get(state, {}).get("reason") or summary
    return "Terminating" if "deletionTimestamp" in pod["metadata"] else str(summary)


def _deployment(item: Object) -> Row:
    status = item.get("status", {})
    wanted = item["spec"].get("replicas", 1)
    return [
        f"{status.get('readyReplicas', 0)}/{wanted}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
    ]


def _replica_set(item: Object) -> Row:
    status = item.get("status", {})
    return [item["spec"].get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0)]


def _stateful_set(item: Object) -> Row:
    return [f"{item.get('status', {}).get('readyReplicas', 0)}/{item['spec'].get('replicas', 1)}"]


def _service(item: Object) -> Row:
    spec = item["spec"]
    ports = ",".join(f"{port['port']}/{port.get('protocol', 'TCP')}" for port in spec.get("ports", []))
    return [spec.get("type", "ClusterIP"), spec.get("clusterIP", ""), "<none>", ports]


def _node(item: Object) -> Row:
    status = item.get("status", {})
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))
    words = ["Ready" if ready else "NotReady"]
    words += ["SchedulingDisabled"] if item.get("spec", {}).get("unschedulable") else []
    return [",".join(words), "control-plane,master", status.get("nodeInfo", {}).get("kubeletVersion", "")]


def _event(item: Object) -> Row:
    involved = item.get("involvedObject", {})
    subject = f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"
    return [item.get("type", ""), item.get("reason", ""), subject, item.get("message", "")]


_TABLES: dict[Kind, tuple[tuple[str, ...], Callable[[Object], Row]]] = {
    POD: (("Ready", "Status", "Restarts"), _pod),
    DEPLOYMENT: (("Ready", "Up-to-date", "Available"), _deployment),
    REPLICA_SET: (("Desired", "Current", "Ready"), _replica_set),
    STATEFUL_SET: (("Ready",), _stateful_set),
    SERVICE: (("Type", "Cluster-IP", "External-IP", "Port(s)"), _service),
    NODE: (("Status", "Roles", "Version"), _node),
    EVENT: (("Type", "Reason", "Object", "Message"), _event),
}
