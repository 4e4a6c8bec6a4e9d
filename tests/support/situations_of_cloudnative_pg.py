"""Clusters of CloudNativePG, as 1.25 to 1.28 leave them in the API: what is found out, told, and left alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from support.healthy import Box, Json
from support.raw_objects import conditions, merged, unready
from support.situations import FOLLOWS, LEADS, STARTING, Situation, declared

CNPG = "postgresql.cnpg.io/v1"


def cnpg_pod(it: Box, number: int, role: str, **status: Any) -> Json:
    labels = {
        "cnpg.io/cluster": "db",
        "cnpg.io/instanceName": f"db-{number}",
        "cnpg.io/podRole": "instance",
        "cnpg.io/instanceRole": role,
        "role": role,
    }
    pod = it.pod(
        f"db-{number}", "Cluster/db", labels=labels, ip=f"10.42.0.1{number}", containers=["postgres=example/pg:17"]
    )
    port = [{"name": "postgres", "image": "example/pg:17", "ports": [{"name": "postgresql", "containerPort": 5432}]}]
    return merged(pod, {"spec": {"containers": port}, "status": status})


def cnpg(
    it: Box, *pods: Json, annotations: Mapping[str, str] | None = None, spec: Json | None = None, **status: Any
) -> Iterator[Json]:
    """Yield a Cluster, its pods, and its Service, which leads to whoever is labelled as primary and ready."""
    told = {"currentPrimary": "db-1", "targetPrimary": "db-1", "phase": "Cluster in healthy state"} | status
    metadata = {"annotations": annotations or {}}
    yield it.object("Cluster", "db", "shop", CNPG, spec={"instances": 2} | (spec or {}), status=told, metadata=metadata)
    yield from pods
    lead = {
        pod["status"]["podIP"]: pod["metadata"]["name"]
        for pod in pods
        if pod["kind"] == "Pod"
        and pod["metadata"]["labels"].get("role") == "primary"
        and all(c["ready"] for c in pod["status"]["containerStatuses"])
    }
    selector = {"cnpg.io/cluster": "db", "cnpg.io/instanceRole": "primary"}
    yield from it.service("db-rw", 5432, lead, selector=selector)


def old(it: Box) -> Json:
    return {"running": {"startedAt": it.at(-900)}}


def cnpg_lease(it: Box, **spec: Any) -> Json:
    held = {"holderIdentity": "db-1", "leaseDurationSeconds": 15, "renewTime": it.at(-60)} | spec
    return it.object("Lease", "db", "shop", "coordination.k8s.io/v1", spec=held)


POOLER = {"cnpg.io/cluster": "db", "cnpg.io/podRole": "pooler", "cnpg.io/poolerName": "db-pooler"}
JOIN = {"cnpg.io/cluster": "db", "cnpg.io/jobRole": "join"}
ELECTION: Json = {
    "phase": "Failing over",
    "phaseReason": "Failing over from db-1 to pending",
    "targetPrimary": "pending",
}
DISK: Json = {
    "phase": "Not enough disk space",
    "phaseReason": "Insufficient disk space detected in a pod. PostgreSQL cannot proceed until it is enlarged",
}
REWIND = (
    '{"level":"info","ts":"2026-11-29T10:00:00Z","logger":"pg_rewind","msg":"pg_rewind: error: could not find common '
    'ancestor of the source and target cluster\'s timelines","pipe":"stderr","logging_pod":"db-2"}\n'
    '{"level":"error","ts":"2026-11-29T10:00:00Z","msg":"Failed to execute pg_rewind","logging_pod":"db-2",'
    '"error":"exit status 1"}\n'
)


def hibernating(it: Box) -> Iterator[Json]:
    yield from cnpg(it, annotations={"cnpg.io/hibernation": "on"})


def electing(it: Box) -> Iterator[Json]:
    yield from cnpg(it, unready(it, cnpg_pod(it, 1, "replica")), cnpg_pod(it, 2, "replica"), **ELECTION)


def elected(it: Box) -> Iterator[Json]:
    yield from cnpg(it, unready(it, cnpg_pod(it, 1, "replica")), cnpg_pod(it, 2, "primary"), currentPrimary="db-2")


# api/v1/cluster_types.go of 1.25 to 1.28: PendingFailoverMarker, the phases; pkg/utils/labels_annotations.go
CLOUDNATIVE_PG = {
    "a primary is being elected": Situation(
        objects=lambda it: cnpg(
            it, unready(it, cnpg_pod(it, 1, "primary")), cnpg_pod(it, 2, "replica"), cnpg_lease(it), **ELECTION
        ),
        declared=declared("db-rw"),
        servers={"db-2": FOLLOWS},
        ends="unfinished",
        says=["db-1: connection refused", "Failing over"],
    ),
    "the old primary still takes writes while another is being elected": Situation(
        objects=lambda it: cnpg(it, cnpg_pod(it, 1, "primary"), cnpg_pod(it, 2, "primary"), **ELECTION),
        declared=declared("db-rw"),
        servers={"db-1": LEADS, "db-2": LEADS},
        ends="unfinished|gave-up",
        says=["db-1", "db-2"],
    ),
    "its standby is fenced, and the primary serves": Situation(
        objects=lambda it: cnpg(
            it,
            cnpg_pod(it, 1, "primary"),
            unready(it, cnpg_pod(it, 2, "replica")),
            annotations={"cnpg.io/fencedInstances": '["db-2"]'},
        ),
        declared=declared("db-rw"),
        servers={"db-1": LEADS},
        ends="settled",
    ),
    "its primary is fenced": Situation(
        objects=lambda it: cnpg(
            it,
            unready(it, cnpg_pod(it, 1, "primary")),
            cnpg_pod(it, 2, "replica"),
            annotations={"cnpg.io/fencedInstances": '["db-1"]'},
        ),
        declared=declared("db-rw"),
        servers={"db-2": FOLLOWS},
        ends="gave-up",
        says=["fenced", "cnpg.io/fencedInstances-"],
    ),
    "it hibernates": Situation(
        objects=lambda it: cnpg(
            it,
            annotations={"cnpg.io/hibernation": "on"},
            conditions=conditions(it, "cnpg.io/hibernation=True Hibernated: Cluster has been hibernated", at=-900),
        ),
        declared=declared("db-rw"),
        ends="gave-up",
        says=["hibernat"],
    ),
    "a switchover was under way when the power was cut": Situation(
        objects=lambda it: cnpg(
            it,
            unready(it, cnpg_pod(it, 1, "primary")),
            cnpg_pod(it, 2, "replica"),
            phase="Switchover in progress",
            targetPrimary="db-2",
        ),
        declared=declared("db-rw"),
        servers={"db-2": LEADS},
        ends="unfinished",
        says=["db-2"],
        never=["db-1 takes writes"],
    ),
    "pg_rewind of its standby fails": Situation(
        objects=lambda it: cnpg(
            it,
            cnpg_pod(it, 1, "primary"),
            unready(it, cnpg_pod(it, 2, "replica"), reason="CrashLoopBackOff", message="back-off 5m0s restarting"),
        ),
        declared=declared("db-rw"),
        servers={"db-1": LEADS},
        logs={"db-2": REWIND},
        ends="settled",
        roots=["pod/shop/db-2"],
    ),
    "its disk is full, and it will not start": Situation(
        objects=lambda it: cnpg(it, unready(it, cnpg_pod(it, 1, "primary")), cnpg_pod(it, 2, "replica"), **DISK),
        declared=declared("db-rw"),
        servers={"db-2": FOLLOWS},
        ends="unfinished|gave-up",
        says=["Not enough disk space"],
    ),
    "it says that it cannot be recovered": Situation(
        objects=lambda it: cnpg(
            it,
            unready(it, cnpg_pod(it, 1, "primary")),
            phase="Cluster is unrecoverable and needs manual intervention",
            phaseReason="No instance can be used",
        ),
        declared=declared("db-rw"),
        ends="unfinished|gave-up",
        says=["Cluster is unrecoverable"],
    ),
    "it is a replica cluster": Situation(
        objects=lambda it: cnpg(
            it,
            cnpg_pod(it, 1, "primary"),
            cnpg_pod(it, 2, "replica"),
            spec={"replica": {"enabled": True, "source": "other"}},
        ),
        declared=declared("db-rw"),
        servers={"db-1": FOLLOWS, "db-2": FOLLOWS},
        ends="gave-up",
        says=["replica cluster"],
    ),
    "it is the replica of a distributed topology": Situation(
        objects=lambda it: cnpg(
            it, cnpg_pod(it, 1, "primary"), spec={"replica": {"primary": "east", "self": "west", "source": "east"}}
        ),
        declared=declared("db-rw"),
        servers={"db-1": FOLLOWS},
        ends="gave-up",
        says=["replica cluster"],
    ),
    "it was promoted by its topology, and follows still": Situation(
        objects=lambda it: cnpg(it, cnpg_pod(it, 1, "primary"), spec={"replica": {"primary": "db", "source": "east"}}),
        declared=declared("db-rw"),
        servers={"db-1": FOLLOWS},
        ends="unfinished",
        never=["replica cluster"],
    ),
    "all its instances are fenced": Situation(
        objects=lambda it: cnpg(
            it,
            unready(it, cnpg_pod(it, 1, "primary")),
            unready(it, cnpg_pod(it, 2, "replica")),
            annotations={"cnpg.io/fencedInstances": '["*"]'},
        ),
        declared=declared("db-rw"),
        ends="gave-up",
        says=["db-1, db-2 fenced"],
    ),
    "its standby is fenced, and its primary does not answer yet": Situation(
        objects=lambda it: cnpg(
            it,
            unready(it, cnpg_pod(it, 1, "primary")),
            unready(it, cnpg_pod(it, 2, "replica")),
            annotations={"cnpg.io/fencedInstances": '["db-2"]'},
        ),
        declared=declared("db-rw"),
        ends="unfinished",
        says=["db-2 fenced"],
    ),
    "it waits for its owner to switch over, and serves": Situation(
        objects=lambda it: cnpg(it, cnpg_pod(it, 1, "primary"), phase="Waiting for user action"),
        declared=declared("db-rw"),
        servers={"db-1": LEADS},
        ends="settled",
    ),
    "its primary is of the boot before": Situation(
        objects=lambda it: cnpg(
            it,
            merged(
                cnpg_pod(it, 1, "primary", conditions=conditions(it, "Ready=True", at=-900)),
                {"status": {"containerStatuses": [{"name": "postgres", "ready": True, "state": old(it)}]}},
            ),
            cnpg_pod(it, 2, "replica"),
        ),
        declared=declared("db-rw"),
        servers={"db-1": LEADS, "db-2": FOLLOWS},
        ends="unfinished",
        says=["still shows the previous boot"],
    ),
    "nobody is labelled while it elects": Situation(
        objects=lambda it: cnpg(it, cnpg_pod(it, 1, "replica"), cnpg_pod(it, 2, "replica"), **ELECTION),
        declared=declared("db-rw"),
        servers={"db-1": FOLLOWS, "db-2": FOLLOWS},
        ends="unfinished",
        says=["Failing over"],
    ),
    "it is to hibernate, and serves still": Situation(
        objects=lambda it: cnpg(it, cnpg_pod(it, 1, "primary"), annotations={"cnpg.io/hibernation": "on"}),
        declared=declared("db-rw"),
        servers={"db-1": LEADS},
        ends="settled",
    ),
    "it wakes from hibernation": Situation(
        objects=lambda it: cnpg(it, annotations={"cnpg.io/hibernation": "off"}, phase="Setting up primary"),
        declared=declared("db-rw"),
        ends="unfinished",
        says=["Setting up primary"],
        never=["hibernated"],
    ),
    "a Job that makes a standby bears its label": Situation(
        objects=lambda it: (*cnpg(it, cnpg_pod(it, 1, "primary")), it.pod("db-2-join", "Job/db-2-join", labels=JOIN)),
        declared=declared("", "{cnpg.io/cluster: db}"),
        servers={"db-1": LEADS},
        ends="settled",
    ),
    "it recovers from the crash": Situation(
        objects=lambda it: cnpg(it, unready(it, cnpg_pod(it, 1, "primary"))),
        declared=declared("db-rw"),
        servers={"db-1": STARTING},
        ends="unfinished",
        says=["starting up"],
    ),
    "its poolers carry the cluster's label": Situation(
        objects=lambda it: cnpg(
            it,
            cnpg_pod(it, 1, "primary"),
            it.pod(
                "db-pooler-6-a", "ReplicaSet/db-pooler-6", labels=POOLER, ip="10.42.0.40", containers=["pgbouncer=x:1"]
            ),
        ),
        declared=declared("", "{cnpg.io/cluster: db}"),
        servers={"db-1": LEADS, "db-pooler-6-a": LEADS},
        ends="settled",
    ),
    "CloudNativePG elects another": Situation(
        objects=electing,
        declared=declared("db-rw"),
        servers={"db-2": FOLLOWS},
        then=[(100, electing, {"db-2": LEADS}), (104, elected, {"db-2": LEADS})],
        ends="settled",
    ),
    "a hibernated cluster is woken in time": Situation(
        objects=hibernating,
        declared=declared("db-rw"),
        then=[(110, lambda it: cnpg(it, cnpg_pod(it, 1, "primary")), {"db-1": LEADS})],
        ends="settled",
    ),
}
