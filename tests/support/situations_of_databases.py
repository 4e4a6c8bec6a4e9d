"""Databases under their operators, as those have left them in the API: what must be found out, told, and left alone."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from support.healthy import Box, Json
from support.situations import FOLLOWS, LEADS, STARTING, Situation, conditions, merged, unready

CNPG = "postgresql.cnpg.io/v1"
DECLARED = """\
databases:
  db: {namespace: shop, service: SERVICE, dbname: shop, admin: {secret: admin}}
"""


def declared(service: str, selector: str = "") -> str:
    which = f"selector: {selector}" if selector else f"service: {service}"
    return DECLARED.replace("service: SERVICE", which)


# --- CloudNativePG -------------------------------------------------------------------------------


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
}


# --- Patroni: Zalando, Crunchy, Percona, StackGres, KubeBlocks ------------------------------------


def member(it: Box, name: str, labels: Mapping[str, str], owner: str, number: int, **status: Any) -> Json:
    """Return a pod that tells its state as Patroni does."""
    told = {"role": "replica", "state": "running", "timeline": 4} | status
    pod = it.pod(
        name,
        owner,
        labels=dict(labels),
        annotations={"status": json.dumps(told)},
        ip=f"10.42.0.2{number}",
        containers=["postgres=example/pg:17"],
    )
    port = [{"name": "postgres", "image": "example/pg:17", "ports": [{"name": "postgresql", "containerPort": 5432}]}]
    return merged(pod, {"spec": {"containers": port}})


def lock(it: Box, kind: str, name: str, leader: str, renewed: float) -> Json:
    annotations = {
        "leader": leader,
        "acquireTime": it.at(-9000),
        "renewTime": it.at(renewed),
        "ttl": "30",
        "transitions": "3",
    }
    return it.object(kind, name, "shop", metadata={"annotations": annotations})


def settings(it: Box, kind: str, name: str, **values: Any) -> Json:
    """Return where Patroni has its dynamic configuration."""
    config = json.dumps({"ttl": 30, "loop_wait": 10, "maximum_lag_on_failover": 33554432} | values)
    return it.object(kind, name, "shop", metadata={"annotations": {"config": config, "history": "[]"}})


def labelled(objects: Iterable[Json], labels: Mapping[str, str]) -> Iterator[Json]:
    """Yield them, the Services among them with these labels."""
    for each in objects:
        yield merged(each, {"metadata": {"labels": labels}}) if each["kind"] == "Service" else each


SPILO = {"application": "spilo", "cluster-name": "db"}


def zalando(it: Box, *states: str, leader: str = "db-0", renewed: float = -20, **config: Any) -> Iterator[Json]:
    """Yield a cluster of Zalando's operator by Endpoints: `states` are "role state" of each member."""
    yield it.workload("StatefulSet", "db", SPILO, count=len(states))
    to = {}
    for number, said in enumerate(states):
        role, _, state = said.partition(" ")
        shown = "master" if role in {"primary", "master", "standby_leader"} else "replica"
        pod = member(
            it, f"db-{number}", SPILO | {"spilo-role": shown}, "StatefulSet/db", number, role=role, state=state
        )
        yield pod if state == "running" else unready(it, pod)
        if shown == "master":
            to[pod["status"]["podIP"]] = f"db-{number}"
    yield from labelled(it.service("db", 5432, to), SPILO | {"spilo-role": "master"})
    yield lock(it, "Endpoints", "db", leader, renewed)
    yield settings(it, "Endpoints", "db-config", **config)


def pooled(it: Box) -> Iterator[Json]:
    """Zalando's pooler: its pods carry the cluster's name, too."""
    yield from zalando(it, "master running", "replica running")
    labels = {"application": "db-connection-pooler", "cluster-name": "db", "connection-pooler": "db-pooler"}
    yield it.workload("Deployment", "db-pooler", labels)
    yield it.pod("db-pooler-7c-a", "ReplicaSet/db-pooler-7c", labels=labels, ip="10.42.0.40", containers=["pgb=pgb:1"])
    yield from it.service("db-pooler", 5432, {"10.42.0.40": "db-pooler-7c-a"}, selector=labels)


def percona(it: Box, *, shut: bool = False) -> Iterator[Json]:
    """Percona's operator, version 2: Crunchy's labels, and Patroni 4 says primary."""
    prefix = "postgres-operator.crunchydata.com"
    labels = {f"{prefix}/cluster": "db", f"{prefix}/instance-set": "instance1", f"{prefix}/data": "postgres"}
    state = {"state": "paused" if shut else "ready"}
    spec = {"pause": shut, "crVersion": "2.7.0"}
    yield it.object("PerconaPGCluster", "db", "shop", "pgv2.percona.com/v2", spec=spec, status=state)
    to = {}
    for number, (name, role) in enumerate((("abcd", "primary"), ("efgh", "replica"))):
        own = labels | {f"{prefix}/instance": f"db-instance1-{name}", f"{prefix}/role": role}
        if shut:
            yield it.workload("StatefulSet", f"db-instance1-{name}", own, count=0)
            continue
        yield it.workload("StatefulSet", f"db-instance1-{name}", own)
        pod = member(it, f"db-instance1-{name}-0", own, f"StatefulSet/db-instance1-{name}", number, role=role)
        yield pod
        if role == "primary":
            to[pod["status"]["podIP"]] = pod["metadata"]["name"]
    bouncer = {f"{prefix}/cluster": "db", f"{prefix}/role": "pgbouncer"}
    if not shut:
        yield it.workload("Deployment", "db-pgbouncer", bouncer)
        yield it.pod("db-pgbouncer-5-a", "ReplicaSet/db-pgbouncer-5", labels=bouncer, ip="10.42.0.41")
    yield from labelled(it.service("db-ha", 5432, to), {f"{prefix}/cluster": "db", f"{prefix}/patroni": "db-ha"})
    yield lock(it, "Endpoints", "db-ha", "db-instance1-abcd-0", -20)
    yield settings(it, "Endpoints", "db-ha-config")


def stackgres(it: Box) -> Iterator[Json]:
    """StackGres: an Envoy beside PostgreSQL has the port that the Service leads to."""
    labels = {"app": "StackGresCluster", "stackgres.io/cluster-name": "sg", "stackgres.io/cluster": "true"}
    yield it.workload("StatefulSet", "sg", labels)
    pod = member(it, "sg-0", labels | {"role": "primary"}, "StatefulSet/sg", 5, role="primary")
    containers = [
        {"name": "patroni", "image": "x", "ports": [{"name": "patroniport", "containerPort": 8009}]},
        {"name": "envoy", "image": "y", "ports": [{"name": "pgport", "containerPort": 7432}]},
    ]
    yield merged(pod, {"spec": {"containers": containers}})
    ports = [{"name": "pgport", "port": 5432, "targetPort": "pgport", "protocol": "TCP"}]
    for each in it.service("sg", 5432, {"10.42.0.25": "sg-0"}):
        at = {"spec": {"ports": ports}} if each["kind"] == "Service" else {"ports": [{"name": "pgport", "port": 7432}]}
        yield merged(each, at)
    yield lock(it, "Endpoints", "sg", "sg-0", -20)


def crunchy(it: Box, *states: str, renewed: float = -20, **config: Any) -> Iterator[Json]:
    """Yield a cluster of Crunchy's operator; its Service for applications names no pod, its lock is in another."""
    prefix = "postgres-operator.crunchydata.com"
    labels = {f"{prefix}/cluster": "db", f"{prefix}/data": "postgres", f"{prefix}/patroni": "db-ha"}
    for number, said in enumerate(states):
        role, _, state = said.partition(" ")
        own = labels | {f"{prefix}/role": "replica" if role == "replica" else "master"}
        yield it.workload("StatefulSet", f"db-one-{number}", own)
        pod = member(it, f"db-one-{number}-0", own, f"StatefulSet/db-one-{number}", number, role=role, state=state)
        yield pod if state == "running" else unready(it, pod)
    front = {f"{prefix}/cluster": "db", f"{prefix}/role": "primary"}
    yield from labelled(it.service("db-primary", 5432, {}), front)
    yield lock(it, "Endpoints", "db-ha", "db-one-0-0", renewed)
    yield settings(it, "Endpoints", "db-ha-config", **config)


def in_config_maps(it: Box) -> Iterator[Json]:
    """Zalando's operator since its version 2: the same in ConfigMaps, paused."""
    for each in zalando(it, "replica stopped", pause=True):
        named = "db-leader" if each["metadata"]["name"] == "db" else "db-config"
        kept = {"kind": "ConfigMap", "metadata": each["metadata"] | {"name": named}}
        yield each | kept if each["kind"] == "Endpoints" else each


def pgpool(it: Box) -> Iterator[Json]:
    """A Service that leads to a pooler: each of its pods passes for the primary."""
    labels = {"app": "pgpool"}
    yield it.workload("Deployment", "pgpool", labels, count=2)
    to = {f"10.42.0.6{number}": f"pgpool-6-{number}" for number in (0, 1)}
    for ip, name in to.items():
        yield it.pod(name, "ReplicaSet/pgpool-6", labels=labels, ip=ip, containers=["pgpool=example/pgpool:4"])
    yield from it.service("pgpool", 5432, to, selector=labels)


def moved(it: Box) -> Iterator[Json]:
    """No operator's: a database that was moved from a Deployment to a StatefulSet, and the former not scaled down."""
    labels = {"app": "store"}
    yield it.workload("StatefulSet", "store", labels)
    yield it.pod("store-0", "StatefulSet/store", labels=labels, ip="10.42.0.50", containers=["store=postgres:17"])
    yield it.pod("old-5-x", "ReplicaSet/old-5", labels=labels, ip="10.42.0.51", containers=["store=postgres:16"])
    yield from it.service("store", 5432, {"10.42.0.50": "store-0", "10.42.0.51": "old-5-x"}, selector=labels)


def kubeblocks(it: Box) -> Iterator[Json]:
    """KubeBlocks 0.9 and later: an InstanceSet of its own in the place of a StatefulSet; the Service goes by role."""
    labels = {"app.kubernetes.io/instance": "kb", "apps.kubeblocks.io/component-name": "postgresql"}
    for number, role in enumerate(("secondary", "primary")):
        own = labels | {"kubeblocks.io/role": role}
        yield member(it, f"kb-postgresql-{number}", own, "InstanceSet/kb-postgresql", number, role=role)
    to = {"10.42.0.21": "kb-postgresql-1"}
    selector = labels | {"kubeblocks.io/role": "primary"}
    yield from it.service("kb-postgresql-postgresql", 5432, to, selector=selector)
    yield lock(it, "ConfigMap", "kb-postgresql-leader", "kb-postgresql-1", -20)


PATRONI = {
    "its old leader failed to start, and its lock is not run out": Situation(
        objects=lambda it: zalando(it, "replica start failed", "replica running", renewed=50),
        declared=declared("db"),
        servers={"db-1": FOLLOWS},
        ends="unfinished",
        says=["start failed", "lock is db-0's until"],
    ),
    "all members failed to start": Situation(
        objects=lambda it: zalando(it, "replica start failed", "replica start failed"),
        declared=declared("db"),
        ends="unfinished|gave-up",
        says=["start failed"],
    ),
    "it is paused, and its leader was stopped by hand": Situation(
        objects=lambda it: zalando(it, "replica stopped", "replica running", pause=True),
        declared=declared("db"),
        servers={"db-1": FOLLOWS},
        ends="gave-up",
        says=["paused", "resume"],
    ),
    "it is paused, and serves": Situation(
        objects=lambda it: zalando(it, "master running", "replica running", renewed=55, pause=True),
        declared=declared("db"),
        servers={"db-0": LEADS, "db-1": FOLLOWS},
        ends="settled",
    ),
    "it is paused, and its server recovers": Situation(
        objects=lambda it: zalando(it, "replica starting", "replica running", pause=True),
        declared=declared("db"),
        servers={"db-0": STARTING, "db-1": FOLLOWS},
        ends="unfinished",
        says=["starting up"],
    ),
    "it is paused, by a ConfigMap": Situation(
        objects=in_config_maps, declared=declared("db"), ends="gave-up", says=["paused"]
    ),
    "Crunchy's operator, paused": Situation(
        objects=lambda it: crunchy(it, "replica stopped", "replica running", pause=True),
        declared=declared("db-primary"),
        servers={"db-one-1-0": FOLLOWS},
        ends="gave-up",
        says=["paused for db-ha"],
    ),
    "Crunchy's operator, a standby cluster": Situation(
        objects=lambda it: crunchy(it, "standby_leader running", renewed=55, standby_cluster={"host": "x"}),
        declared=declared("db-primary"),
        servers={"db-one-0-0": FOLLOWS},
        ends="gave-up",
        says=["db-ha is a standby cluster"],
    ),
    "Crunchy's operator, whose lock another member waits for": Situation(
        objects=lambda it: crunchy(it, "replica start failed", "replica running", renewed=50),
        declared=declared("db-primary"),
        servers={"db-one-1-0": FOLLOWS},
        ends="unfinished",
        says=["start failed", "lock is db-one-0-0's"],
    ),
    "a pooler in the place of the database": Situation(
        objects=pgpool,
        declared=declared("pgpool"),
        servers={"pgpool-6-0": LEADS, "pgpool-6-1": LEADS},
        ends="gave-up",
        says=["a pooler's?"],
        never=["more than one writable primary"],
    ),
    "its old leader has been demoted": Situation(
        objects=lambda it: zalando(it, "replica demoted", "replica running"),
        declared=declared("db"),
        servers={"db-1": FOLLOWS},
        ends="unfinished",
        says=["replica, demoted"],
    ),
    "its lock was released": Situation(
        objects=lambda it: zalando(it, "replica running", "replica running", leader=""),
        declared=declared("db"),
        servers={"db-0": FOLLOWS, "db-1": FOLLOWS},
        ends="unfinished",
        says=["lock is nobody's"],
    ),
    "an old Deployment that writes, beside the set that has followed it": Situation(
        objects=moved,
        declared=declared("store"),
        servers={"store-0": LEADS, "old-5-x": LEADS},
        ends="gave-up",
        says=["more than one writable primary: old-5-x takes writes; store-0 takes writes"],
    ),
    "it is a standby cluster": Situation(
        objects=lambda it: zalando(
            it,
            "standby_leader running",
            "replica running",
            renewed=55,
            standby_cluster={"host": "east.example.org", "port": 5432},
        ),
        declared=declared("db"),
        servers={"db-0": FOLLOWS, "db-1": FOLLOWS},
        ends="gave-up",
        says=["standby cluster"],
    ),
    "the lock is of a member that is gone": Situation(
        objects=lambda it: zalando(it, "replica running", "replica running", leader="db-2"),
        declared=declared("db"),
        servers={"db-0": FOLLOWS, "db-1": FOLLOWS},
        ends="unfinished",
        says=["db-2"],
    ),
    "a lock of the day before yesterday": Situation(
        objects=lambda it: zalando(it, "replica running", "replica running", renewed=-180000),
        declared=declared("db"),
        servers={"db-0": FOLLOWS, "db-1": FOLLOWS},
        ends="unfinished",
        says=["db-0"],
    ),
    "a pooler with the cluster's name": Situation(
        objects=pooled,
        declared=declared("", "{cluster-name: db}"),
        servers={"db-0": LEADS, "db-1": FOLLOWS, "db-pooler-7c-a": LEADS},
        ends="settled",
    ),
    "Percona's operator, by Patroni 4's words": Situation(
        objects=percona,
        declared=declared("", "{postgres-operator.crunchydata.com/cluster: db}"),
        servers={"db-instance1-abcd-0": LEADS, "db-instance1-efgh-0": FOLLOWS, "db-pgbouncer-5-a": LEADS},
        ends="settled",
    ),
    "Percona's operator has paused it": Situation(
        objects=lambda it: percona(it, shut=True),
        declared=declared("db-ha"),
        ends="unfinished",
        says=["scaled to zero"],
    ),
    "StackGres, whose port is Envoy's": Situation(
        objects=stackgres,
        declared=declared("sg"),
        servers={"sg-0": LEADS},
        ends="settled",
    ),
    "KubeBlocks, by its own kind of set": Situation(
        objects=kubeblocks,
        declared=declared("kb-postgresql-postgresql"),
        servers={"kb-postgresql-0": FOLLOWS, "kb-postgresql-1": LEADS},
        ends="settled",
    ),
    "KubeBlocks after a failover, before the label follows": Situation(
        objects=kubeblocks,
        declared=declared("kb-postgresql-postgresql"),
        servers={"kb-postgresql-0": LEADS, "kb-postgresql-1": FOLLOWS},
        ends="unfinished",
        says=["kb-postgresql-0"],
    ),
}


def paused(it: Box) -> Iterator[Json]:
    yield from zalando(it, "replica stopped", "replica running", pause=True)


def hibernating(it: Box) -> Iterator[Json]:
    yield from cnpg(it, annotations={"cnpg.io/hibernation": "on"})


def electing(it: Box) -> Iterator[Json]:
    yield from cnpg(it, unready(it, cnpg_pod(it, 1, "replica")), cnpg_pod(it, 2, "replica"), **ELECTION)


def elected(it: Box) -> Iterator[Json]:
    yield from cnpg(it, unready(it, cnpg_pod(it, 1, "replica")), cnpg_pod(it, 2, "primary"), currentPrimary="db-2")


# Moments of a boot: what follows after how many seconds, and who then takes writes.
BOOTS = {
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
    "Patroni is resumed in time": Situation(
        objects=paused,
        declared=declared("db"),
        servers={"db-1": FOLLOWS},
        then=[
            (90, lambda it: zalando(it, "replica starting", "replica running"), {"db-0": STARTING, "db-1": FOLLOWS}),
            (130, lambda it: zalando(it, "master running", "replica running"), {"db-0": LEADS, "db-1": FOLLOWS}),
        ],
        ends="settled",
    ),
    "Patroni promotes who has the lock, although it is paused": Situation(
        objects=paused,
        declared=declared("db"),
        servers={"db-1": FOLLOWS},
        then=[(100, lambda it: zalando(it, "master running", "replica running", pause=True), {"db-0": LEADS})],
        ends="settled",
    ),
}

DATABASES = {
    **BOOTS,
    **{f"CloudNativePG: {name}": each for name, each in CLOUDNATIVE_PG.items()},
    **{f"Patroni: {name}": each for name, each in PATRONI.items()},
}
