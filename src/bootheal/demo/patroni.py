"""The shop's database as Patroni keeps it: two or more members, one of which leads, in place of a single server.

Pure manifests, as in `shop`. Who leads is in an annotation of an object: of Endpoints, which Patroni then writes the
leader's address to (its Service selects nothing); or of a ConfigMap (the Service selects the leader by its label).
"""

from __future__ import annotations

import json
from typing import Literal

from bootheal.demo.objects.kinds import Object
from bootheal.demo.shop import NAMESPACE, server_environment, service, workload

IMAGE = "demo/patroni"
CLUSTER = "postgres"
LABELS = {"application": "patroni", "cluster-name": CLUSTER}

Lock = Literal["endpoints", "configmap"]
"""Which object says who leads."""

TTL_SECONDS = 20
"""The least that Patroni takes: for so long nobody else leads when a leader is silent."""

_TIMES = {"ttl": TTL_SECONDS, "loop_wait": 1, "retry_timeout": 3}


def patroni_objects(port: int, rest: int, members: int, lock: Lock) -> list[Object]:
    """The StatefulSet, its claims, its Service, and what Patroni calls its dynamic configuration."""
    return [
        *(_claim(f"data-{CLUSTER}-{number}") for number in range(members)),
        _configuration(lock),
        _service(port, lock),
        _members(port, rest, members),
    ]


def _members(port: int, rest: int, members: int) -> Object:
    container = {
        "name": "postgres",
        "image": IMAGE,
        "env": [*server_environment(port), {"name": "REST_PORT", "value": str(rest)}],
        "ports": [{"name": "postgres", "containerPort": port}, {"name": "rest", "containerPort": rest}],
        "readinessProbe": {"httpGet": {"path": "/readiness", "port": rest}, "periodSeconds": 2, "timeoutSeconds": 3},
    }
    found = workload("StatefulSet", CLUSTER, members, container)
    found["spec"] |= {"serviceName": CLUSTER}
    found["spec"]["template"]["metadata"]["labels"] |= LABELS
    return found


def _service(port: int, lock: Lock) -> Object:
    found = service(CLUSTER, port)
    found["metadata"]["labels"] |= LABELS
    if lock == "endpoints":
        del found["spec"]["selector"]
    else:
        found["spec"]["selector"] = LABELS | {"role": "master"}
    return found


def _configuration(lock: Lock) -> Object:
    """As an operator makes it, for members that find data where they start."""
    content = {**_TIMES, "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 60}}}
    metadata = {
        "name": f"{CLUSTER}-config",
        "namespace": NAMESPACE,
        "labels": LABELS,
        "annotations": {"config": json.dumps(content)},
    }
    return {"apiVersion": "v1", "kind": "Endpoints" if lock == "endpoints" else "ConfigMap", "metadata": metadata}


def _claim(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": dict(LABELS)},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": "Bound"},
    }
