"""Databases as their operators put them into the API, from raw objects: who leads is found over a whole boot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bootheal.adapters.kube import objects, operators, service_objects
from bootheal.model import (
    Answer,
    BootTime,
    Credentials,
    Endpoint,
    Leadership,
    Login,
    Operated,
    Pod,
    Ref,
    Secret,
    Service,
    Target,
    Workload,
)
from bootheal.ports import Partial, World
from bootheal.postgres.location import Database
from bootheal.postgres.primary import Servers, find
from support.object_sets import AGAIN, BEFORE, stamp
from support.objects import THIS_BOOT

Json = dict[str, Any]
LEADS, FOLLOWS = Answer(ok=True, spoke=True, value="f"), Answer(ok=True, spoke=True, value="t")
REFUSED = Answer(ok=False, spoke=False, text="connection refused")


@dataclass(frozen=True)
class Kept:
    """What an operator keeps: two members, and the Service that applications use for the one that leads."""

    members: tuple[Json, Json]
    service: Json
    slices: tuple[Json, ...]
    lock: Json = field(default_factory=dict)
    others: tuple[Json, ...] = ()


@pytest.mark.parametrize("ttl", ["inf", "-inf", "nan", "1e12", "9" * 20, "9" * 400])
def test_a_lock_may_say_any_time(ttl: str) -> None:
    """Whoever may annotate it may have written that; it was told as a bug of ours, and ended the daemon."""
    stamp = "2026-11-30T00:00:00Z"
    lock = {"leader": "db-0", "acquireTime": stamp, "renewTime": stamp, "ttl": ttl, "transitions": "3"}
    found = operators.leadership({"metadata": {"annotations": lock}})
    assert "Patroni's lock is db-0's until a time that no clock shows" in Servers((), lock=found).why_none


@dataclass
class Cluster(Partial):
    """Those objects behind the ports, and what each server answers."""

    kept: Kept
    answers: Mapping[str, Answer]
    asked: list[str] = field(default_factory=list)

    def pods(self, _namespace: str, labels: Mapping[str, str] | None = None) -> list[Pod]:
        pods = [objects.pod(raw) for raw in (*self.kept.members, *self.kept.others)]
        return [pod for pod in pods if (labels or {}).items() <= pod.labels.items()]

    def service(self, _namespace: str, _name: str) -> Service:
        return service_objects.service(self.kept.service)

    def endpoints(self, _namespace: str, _service: str) -> list[Endpoint]:
        return [at for raw in self.kept.slices for at in service_objects.endpoints(raw)[1]]

    def leadership(self, _namespace: str, _scope: str) -> Leadership | None:
        return operators.leadership(self.kept.lock)

    def primary_lease(self, _namespace: str, _cluster: str) -> Leadership | None:
        return operators.primary_lease(self.kept.lock)

    def operated(self, _namespace: str, _cluster: str) -> Operated:
        return Operated()

    def configured(self, _namespace: str, _scope: str) -> None:
        """There is no configuration of Patroni's."""

    def statefulsets(self, _namespace: str) -> list[Workload]:
        return []

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials("postgres", Secret("x"))

    def boot_time(self) -> BootTime:
        return THIS_BOOT

    def ask(self, target: Target, *_who: Any, **_options: Any) -> Answer:
        assert target.pod
        self.asked.append(f"{target.pod.name}:{target.port}")
        return self.answers[target.pod.name]


def pod(name: str, labels: Json, *, owner: str, status: str = "", port: str = "postgresql", new: bool = True) -> Json:
    """A member's pod, as of this boot or of the one before."""
    began = stamp(AGAIN if new else BEFORE)
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"u-{name}",
            "resourceVersion": "5",
            "labels": labels,
            "annotations": {"status": status} if status else {},
            "ownerReferences": [{"kind": owner, "name": name.rpartition("-")[0], "uid": "u", "controller": True}],
        },
        "spec": {"nodeName": "box", "containers": [{"name": "db", "ports": [{"name": port, "containerPort": 5432}]}]},
        "status": {
            "phase": "Running",
            "podIP": f"10.42.0.{len(name) + sum(map(ord, name)) % 200}",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": began}],
            "containerStatuses": [{"name": "db", "ready": True, "state": {"running": {"startedAt": began}}}],
        },
    }


def service(name: str, labels: Json, selector: Json, target: str | int = "postgresql") -> Json:
    spec = {"clusterIP": "10.43.0.7", "selector": selector or None, "ports": [{"port": 5432, "targetPort": target}]}
    return {"metadata": {"name": name, "namespace": "shop", "labels": labels}, "spec": spec}


def slice_of(name: str, *pods: Json, addresses: tuple[str, ...] = ()) -> Json:
    """The addresses behind a Service: those of pods, and others."""
    named = [
        {"addresses": [it["status"]["podIP"]], "targetRef": {"kind": "Pod", "name": it["metadata"]["name"]}}
        for it in pods
    ]
    plain = [{"addresses": [address], "conditions": {"ready": True}} for address in addresses]
    return {
        "metadata": {"name": f"{name}-x", "labels": {"kubernetes.io/service-name": name}},
        "endpoints": [*named, *plain],
        "ports": [{"port": 5432, "name": "postgresql"}],
    }


def patroni_lock(leader: str) -> Json:
    annotations = {
        "leader": leader,
        "acquireTime": stamp(BEFORE),
        "renewTime": stamp(BEFORE),
        "ttl": "30",
        "transitions": "2",
    }
    return {"metadata": {"annotations": annotations}}


RUNS = '{"role": "replica", "state": "running"}'


def cloudnativepg(*, new: bool) -> Kept:
    """No StatefulSet: the pods are the Cluster's, and the primary holds a Lease."""
    labels = {"cnpg.io/cluster": "db", "cnpg.io/podRole": "instance"}
    one, two = (
        pod(f"db-{n}", labels | {"cnpg.io/instanceRole": role, "role": role}, owner="Cluster", new=new)
        for n, role in ((1, "primary"), (2, "replica"))
    )
    selector = {"cnpg.io/cluster": "db", "cnpg.io/instanceRole": "primary"}
    lease = {"spec": {"holderIdentity": "db-1", "renewTime": stamp(BEFORE), "acquireTime": stamp(BEFORE)}}
    return Kept((one, two), service("db-rw", {"cnpg.io/cluster": "db"}, selector), (slice_of("db-rw", one),), lease)


def zalando(*, new: bool, configmaps: bool) -> Kept:
    """Until its version 2 the lock was in Endpoints; in ConfigMaps the Service selects the leader by its label."""
    labels = {"application": "spilo", "cluster-name": "db"}
    one, two = (
        pod(f"db-{n}", labels | {"spilo-role": role}, owner="StatefulSet", status=RUNS, new=new)
        for n, role in ((0, "master"), (1, "replica"))
    )
    leader = labels | {"spilo-role": "master"}
    front = service("db", leader, leader if configmaps else {}, 5432)
    return Kept((one, two), front, (slice_of("db", one),), patroni_lock("db-0"))


def crunchy(*, new: bool) -> Kept:
    """A StatefulSet for each member; its Service for applications leads to the address of another Service."""
    prefix = "postgres-operator.crunchydata.com"
    labels = {f"{prefix}/cluster": "db", f"{prefix}/data": "postgres"}
    one, two = (
        pod(f"db-one-{name}-0", labels | {f"{prefix}/role": role}, owner="StatefulSet", status=RUNS, new=new)
        for name, role in (("abcd", "master"), ("efgh", "replica"))
    )
    pooler = pod("db-pgbouncer-1", {f"{prefix}/cluster": "db", f"{prefix}/role": "pgbouncer"}, owner="ReplicaSet")
    front = service("db-primary", {f"{prefix}/cluster": "db", f"{prefix}/role": "primary"}, {})
    at = slice_of("db-primary", addresses=("10.43.0.99",))
    return Kept((one, two), front, (at,), patroni_lock("db-one-abcd-0"), (pooler,))


OPERATORS = {
    "CloudNativePG": cloudnativepg,
    "Zalando, Endpoints": lambda *, new: zalando(new=new, configmaps=False),
    "Zalando, ConfigMaps": lambda *, new: zalando(new=new, configmaps=True),
    "Crunchy": crunchy,
}


def found(kept: Kept, *answers: Answer) -> tuple[Servers, Cluster]:
    names = [raw["metadata"]["name"] for raw in kept.members]
    cluster = Cluster(kept, dict(zip(names, answers, strict=False)))
    database = Database(
        "db",
        "shop",
        "shop",
        Login(Ref("secret", "shop", "admin")),
        service=service_objects.service(kept.service).ref.name,
    )
    return find(World(cluster=cluster, secrets=cluster, host=cluster, postgres=cluster), database), cluster


@pytest.mark.parametrize("operator", OPERATORS)
def test_nobody_is_asked_while_the_api_shows_the_previous_boot(operator: str) -> None:
    """Its pods say Ready and Running, and have addresses that may be anybody's by now."""
    servers, cluster = found(OPERATORS[operator](new=False))
    assert cluster.asked == []
    assert servers.primary is None
    assert servers.why_none.count("still shows the previous boot") == 2
    assert servers.managed


@pytest.mark.parametrize("operator", OPERATORS)
def test_while_nobody_leads_it_is_said_who_last_did_and_whose_the_lock_is(operator: str) -> None:
    """And every member is asked, whichever the Service names."""
    kept = OPERATORS[operator](new=True)
    servers, cluster = found(kept, REFUSED, FOLLOWS)
    first = kept.members[0]["metadata"]["name"]
    assert len(cluster.asked) == 2
    assert all(asked.endswith(":5432") for asked in cluster.asked)
    assert servers.primary is None
    assert f"{first}: connection refused" in servers.why_none
    assert f"lock is {first}'s until" in servers.why_none or f"lease is {first}'s until" in servers.why_none


@pytest.mark.parametrize("operator", OPERATORS)
def test_who_takes_writes_is_the_primary_whatever_labels_and_services_say(operator: str) -> None:
    """After a failover the label follows late; then the Service leads there, as far as it can be known."""
    kept = OPERATORS[operator](new=True)
    servers, _ = found(kept, FOLLOWS, LEADS)
    assert servers.primary is not None
    assert servers.primary.pod == Ref("pod", "shop", kept.members[1]["metadata"]["name"])
    assert ("not yet to the primary" in servers.service) == (operator != "Crunchy")
    servers, _ = found(kept, LEADS, FOLLOWS)
    assert servers.service == ""
