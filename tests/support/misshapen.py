"""Objects of the API in which anything stands in the place of anything, and an Api that answers with them.

One object is of every kind at once: it has the fields that any reader of ours looks for.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

from bootheal.adapters.kube.api import Api, Query
from bootheal.adapters.scope import Scope

Json = Any

THEN = "2026-11-01T00:00:00Z"
VALUE = "Y2FuYXJ5LXBhc3N3b3Jk"

METADATA = {
    "name": "web",
    "namespace": "shop",
    "uid": "u-1",
    "resourceVersion": "7",
    "creationTimestamp": THEN,
    "deletionTimestamp": THEN,
    "labels": {"app": "web", "kubernetes.io/service-name": "web"},
    "annotations": {
        "status": '{"role": "master", "state": "running"}',
        **dict.fromkeys(("acquireTime", "renewTime"), THEN),
        "leader": "x",
        "ttl": "30",
        "transitions": "3",
        "cnpg.io/fencedInstances": '["a"]',
    },
    "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1", "controller": True}],
    "finalizers": ["x/y"],
    "managedFields": [{"fieldsV1": {"f:data": {}}, "time": THEN}],
}
CONTAINER = {
    "name": "web",
    "image": "web:1",
    "imagePullPolicy": "Always",
    "ports": [{"name": "http", "containerPort": 80, "hostPort": 80, "hostIP": "0.0.0.0"}],
    "env": [
        {"name": "A", "value": "redis.shop.svc"},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "web", "key": "password"}}},
    ],
    "envFrom": [{"configMapRef": {"name": "web"}}],
    "volumeMounts": [{"name": "d", "mountPath": "/d"}, {"name": "s", "mountPath": "/s", "subPath": "password"}],
    "args": ["--x"],
    "command": ["a"],
    "livenessProbe": {"failureThreshold": 3, "periodSeconds": 10, "httpGet": {"path": "/", "port": "http"}},
    "readinessProbe": {"tcpSocket": {"port": 80}},
    "startupProbe": {"periodSeconds": 1},
    "restartPolicy": "Always",
}
POD = {
    "containers": [CONTAINER],
    "initContainers": [CONTAINER],
    "volumes": [
        {"name": "d", "persistentVolumeClaim": {"claimName": "web"}},
        {"name": "s", "secret": {"secretName": "web", "items": [{"key": "password", "path": "password"}]}},
        {"name": "e", "emptyDir": {"medium": "Memory"}},
        {"name": "h", "hostPath": {"path": "/x"}},
        {"name": "p", "projected": {"sources": [{"configMap": {"name": "web"}}]}},
    ],
    "nodeName": "web",
    "serviceAccountName": "web",
    "restartPolicy": "Always",
}
SPEC = POD | {
    "replicas": 1,
    "selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web"}}, "spec": POD},
    "jobTemplate": {"spec": {"template": {"spec": POD}}},
    "suspend": True,
    "clusterIP": "10.0.0.1",
    "volumeName": "web",
    "accessModes": ["ReadWriteOnce"],
    "storageClassName": "local-path",
    "leaseDurationSeconds": 40,
    "renewTime": THEN,
    "acquireTime": THEN,
    "holderIdentity": "x",
    "leaseTransitions": 1,
    "taints": [{"key": "a", "effect": "NoSchedule"}],
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
    "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
    "minReadySeconds": 5,
    "nodeAffinity": {
        "required": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "values": ["web"]}]}]
        }
    },
    "claimRef": {"name": "web", "namespace": "shop"},
    "local": {"path": "/x"},
    "tls": [{"secretName": "web"}],
    "scopes": ["BestEffort"],
    "scopeSelector": {"matchExpressions": [{"scopeName": "x"}]},
    "maxUnavailable": 1,
}
CONDITIONS = (
    "Ready",
    "Available",
    "ReplicaFailure",
    "Progressing",
    "PodScheduled",
    "Complete",
    "DiskPressure",
    "Failed",
)
CONTAINER_STATUS = {
    "name": "web",
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "m"}},
    "lastState": {"terminated": {"reason": "Error", "message": "x", "exitCode": 1, "finishedAt": THEN}},
    "ready": True,
    "restartCount": 3,
    "image": "web:1",
    "started": False,
}
STATUS = {
    "phase": "Running",
    "podIP": "10.42.0.7",
    "podIPs": [{"ip": "10.42.0.7"}],
    "observedGeneration": 1,
    "replicas": 1,
    "readyReplicas": 0,
    "disruptionsAllowed": 0,
    "nodeInfo": {"bootID": "b"},
    "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
    "conditions": [
        {"type": kind, "status": status, "reason": "r", "message": "m", "lastTransitionTime": THEN}
        for kind, status in zip(CONDITIONS, ("False", "True") * 4, strict=True)
    ],
    "containerStatuses": [CONTAINER_STATUS],
    "initContainerStatuses": [CONTAINER_STATUS],
    "images": [{"names": ["a"]}],
    "hard": {"pods": "1", "requests.cpu": "500m"},
    "used": {"pods": "1", "requests.cpu": "500m"},
    "allowed": True,
    "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
    "currentRevision": "a",
    "updateRevision": "b",
}
WEBHOOK = {
    "name": "a.b.c",
    "clientConfig": {"service": {"name": "web", "namespace": "shop"}},
    "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
    "namespaceSelector": {
        "matchLabels": {"a": "b"},
        "matchExpressions": [{"key": "k", "operator": "In", "values": ["a"]}],
    },
}
OBJECT = {
    "kind": "Thing",
    "metadata": METADATA,
    "spec": SPEC,
    "status": STATUS,
    "data": dict.fromkeys(("username", "password", "key", "uri"), VALUE),
    "webhooks": [WEBHOOK],
    "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": False}, "targetRef": {"name": "web"}}],
    "ports": [{"port": 80}],
    "preferredVersion": {"groupVersion": "example.org/v1"},
    "reason": "FailedCreate",
    "message": "forbidden",
    "involvedObject": {"kind": "Pod", "name": "web", "namespace": "shop", "fieldPath": "spec.containers{web}"},
    "lastTimestamp": THEN,
    "count": 3,
    "series": {"lastObservedTime": THEN},
}

# What may stand in the place of anything: other types, and what looks right and is not.
ODD: tuple[Json, ...] = (
    *(None, [], {}, "", 0, -1, True, 1.5, 10**40, float("inf"), "x", "\x1b[31m\n\u202e", "\ud800", "../../x"),
    *(["a"], [None], [1], [[]], {"a": 1}, {"a": None}),
    *(
        "2026-11-30T23:59:60Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+14:00",
        "2026-11-30T10:00:00.123456789Z",
    ),
)

# An object, where a list is not asked for.
_ONE = ("/web", "/secrets/", "/configmaps/", "/endpoints/", "/persistentvolumes/")


def holders(data: Json) -> Iterator[tuple[Any, Any]]:
    """Yield everything that holds something, with the key or index of it."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield data, key
        yield from holders(value)


def misshapen(data: Json, random: Random) -> Json:
    """Put something odd into a few places of it, or take something away."""
    for holder, key in random.sample([*holders(data)], random.choice((0, 1, 1, 2, 4))):
        holder[key] = deepcopy(random.choice(ODD))
        if isinstance(holder, dict) and random.choice((True, *[False] * 4)):
            del holder[key]
    return data


class MisshapenApi(Api):
    """Answers by misshapen objects, at once; what it is asked after so many questions is refused."""

    def __init__(self, scope: Scope, random: Random) -> None:
        self.scope, self._random = scope, random

    def _read(self, method: str, path: str, query: Query, **_more: Any) -> bytes:
        one = method != "GET" or path.endswith("/web") or any(each in path for each in _ONE)
        said = OBJECT if one else {"metadata": {"resourceVersion": "7"}, "items": [OBJECT, OBJECT], **_GROUP}
        return json.dumps(misshapen(deepcopy(said), self._random)).encode()

    def text(self, *_arguments: Any, **_more: Any) -> tuple[int, str]:
        return self._random.choice(((200, "ok"), (500, "[-]\n[-]x"), (200, "\x00\ud800"), (503, "[-]etcd failed")))


_GROUP = {"preferredVersion": {"groupVersion": "example.org/v1"}}
