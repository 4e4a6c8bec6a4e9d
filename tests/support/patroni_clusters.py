"""Raw objects of Patroni's clusters, as the operators around it make them: by Endpoints if nothing else is said."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from support.healthy import Box, Json
from support.raw_objects import merged, unready


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


def stackgres_shut(it: Box) -> Iterator[Json]:
    """The same without its pod."""
    yield it.workload("StatefulSet", "sg", {"stackgres.io/cluster-name": "sg"}, count=0)
    yield from labelled(it.service("sg", 5432, {}), {"stackgres.io/cluster-name": "sg"})


def kubeblocks_paused(it: Box) -> Iterator[Json]:
    """Its Service has another name than Patroni's scope, which a label tells."""
    labels = {"kubeblocks.io/role": "secondary", "apps.kubeblocks.postgres.patroni/scope": "kb-postgresql"}
    yield unready(it, member(it, "kb-postgresql-0", labels, "InstanceSet/kb-postgresql", 0, state="stopped"))
    selector = {"kubeblocks.io/role": "primary", "apps.kubeblocks.postgres.patroni/scope": "kb-postgresql"}
    yield from it.service("kb-postgresql-postgresql", 5432, {}, selector=selector)
    yield settings(it, "ConfigMap", "kb-postgresql-config", pause=True)


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


def paused(it: Box) -> Iterator[Json]:
    yield from zalando(it, "replica stopped", "replica running", pause=True)
