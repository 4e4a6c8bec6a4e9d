"""What databases, poolers and controllers would begin anew with; beside what looks like it and is well."""

from dataclasses import replace
from typing import Any

from bootheal.model import Answer, Ref
from bootheal.model.machine import MachineFacts
from bootheal.model.prospect import Planned, PodPlan
from bootheal.pgbouncer.pod import STARVED
from bootheal.preflight import Seen, Sure
from bootheal.preflight.poolers import PodFacts, PoolerFacts
from support.prospects import (
    COREFILE,
    DATABASE,
    DRIFTED,
    FILE,
    IN,
    POOLER,
    SETTINGS,
    Faults,
    Healthy,
    all_well,
    database,
    login,
    pooler,
    prospect,
    web,
)
from support.scenes import NOW, a_scene, postgres_pod, service

MAY, CHANGES = Sure.MAY_BREAK, Sure.CHANGES

NO_CONNECT = Answer(ok=False, spoke=True, sqlstate="42501", text='permission denied for database "postgres"')
FULL = Answer(ok=False, spoke=True, sqlstate="53300", text="sorry, too many clients already")
NO_SUCH = Answer(ok=False, spoke=True, sqlstate="08P01", text="no such user: app")
SILENT = Answer(ok=False, spoke=False, text="no answer in time")
DNS, COREDNS = Ref("service", "kube-system", "kube-dns"), "deployment/kube-system/coredns"
TOLD = "/etc/rancher/k3s/resolv.conf"
DATA = "/var/lib/postgresql/data"


def through(**pod: Any) -> PoolerFacts:
    """A pooler of which one pod is so."""
    made = PodFacts(Ref("pod", "shop", "pooler-7c9-b"), SETTINGS, FILE)
    return pooler(dbname="shop", pods=(replace(made, **pod),))


def reads(gibibytes: float, patience: float | None, *, by_command: bool = True) -> Seen:
    """A database with so much log to read again, and its pod's patience."""
    box = Planned(name="postgres", image="docker.io/library/postgres:16", liveness=patience, by_command=by_command)
    plan = PodPlan(ref=postgres_pod().ref, containers=(box,))
    return all_well(
        databases=(database(pod=plan.ref, log=int(gibibytes * (1 << 30))),),
        prospect=prospect(web(), plan, images={}, complete=frozenset()),
    )


def asks(target: str, *servers: str) -> Seen:
    """CoreDNS that asks this one, on a node whose file for its pods names these servers."""
    seen = all_well(prospect=prospect(corefile=COREFILE.replace("/etc/resolv.conf", target)))
    names = service("kube-dns", ref=DNS, cluster_ip="10.43.0.10", selector={"k8s-app": "none"}, ports=())
    scene = replace(seen.scene, services=(*seen.scene.services, names))
    return replace(
        seen,
        scene=scene,
        machine=MachineFacts(at=NOW, node_name="box", battery=True, resolver=TOLD, nameservers=servers),
    )


def controlled(name: str, **fields: Any) -> Seen:
    """The same cluster, with one workload as its controller has it."""
    scene = a_scene()
    changed = tuple(replace(each, **fields) if each.ref.name == name else each for each in scene.workloads)
    return all_well(scene=replace(scene, workloads=changed))


SERVERS: Faults = {
    "a password that nobody is asked for, and that is another": (
        lambda: all_well(poolers=(pooler(logins=(login(stored=False),)),)),
        ("login-stored-otherwise", "role/shop/pooler", MAY),
    ),
    "a database that a role may not connect to, which may not be the one that it uses": (
        lambda: all_well(poolers=(pooler(logins=(login(direct=NO_CONNECT),)),)),
        ("login-without-connect", "role/shop/pooler", MAY),
    ),
    "a pooler that lets nobody in any more": (
        lambda: all_well(poolers=(through(login=NO_SUCH),)),
        ("login-through-pooler-refused", str(POOLER), MAY),
    ),
    "an auth_file that a role was taken out of": (
        lambda: all_well(poolers=(through(lacks="app"),)),
        ("pooler-list-lacks", str(POOLER), MAY),
    ),
    "a line of [databases] that is gone": (
        lambda: all_well(poolers=(through(lost=True),)),
        ("pooler-database-unsaved", str(POOLER), MAY),
    ),
    "a line of [databases] that was changed, and not loaded": (
        lambda: all_well(poolers=(through(moved=("host = a of shop, and b in its file",)),)),
        ("pooler-file-changed", str(POOLER), CHANGES),
    ),
    "a data directory that others may write to": (
        lambda: all_well(databases=(database(mode=0o2770, directory=DATA),)),
        ("postgres-data-too-open", DATABASE, MAY),
    ),
    "a data directory that all may read": (
        lambda: all_well(databases=(database(mode=0o755, directory=DATA),)),
        ("postgres-data-too-open", DATABASE, MAY),
    ),
    "a library that sorts otherwise": (
        lambda: all_well(databases=(database(collations=("database shop: 2.31, and 2.36",)),)),
        ("postgres-collation-differs", DATABASE, MAY),
    ),
    "more log than the liveness probe has time for": (
        lambda: reads(16.0, 60.0),
        ("liveness-shorter-than-log", "pod/shop/postgres-0", MAY),
    ),
    "a CoreDNS that asks its own Service": (lambda: asks("10.43.0.10:53"), ("dns-asks-itself", COREDNS, MAY)),
    "a CoreDNS that asks itself": (lambda: asks("tls://1.1.1.1 127.0.0.1"), ("dns-asks-itself", COREDNS, MAY)),
    "a CoreDNS that is handed its node's own resolver": (
        lambda: asks("/etc/resolv.conf", "127.0.0.53"),
        ("dns-asks-itself", COREDNS, MAY),
    ),
    "a Patroni that somebody has paused": (
        lambda: all_well(databases=(database(pod=Ref("pod", "shop", "postgres-0"), paused="shop-db"),)),
        ("patroni-paused-at-boot", "pod/shop/postgres-0", MAY),
    ),
    "a rollout that is paused": (
        lambda: controlled("web", paused=True),
        ("rollout-paused", "deployment/shop/web", MAY),
    ),
    "a newer revision that waits for somebody to delete pods": (
        lambda: controlled("postgres", strategy="OnDelete", updated=0),
        ("revision-waits", "statefulset/shop/postgres", CHANGES),
    ),
}

SERVERS_WELL: Healthy = {
    "a password that nobody is asked for, and that is right": lambda: all_well(
        poolers=(pooler(logins=(login(stored=True),)),)
    ),
    "a pooler whose login nobody answered in time": lambda: all_well(poolers=(through(login=SILENT),)),
    "a pooler that waits until it may try again": lambda: all_well(poolers=(through(login=STARVED),)),
    "a pooler that has no room at the moment": lambda: all_well(
        poolers=(through(login=replace(NO_SUCH, text="no more connections allowed (max_client_conn)")),)
    ),
    "a pooler that PostgreSQL has no room for at the moment": lambda: all_well(
        poolers=(replace(through(login=FULL), logins=(login(direct=FULL),)),)
    ),
    "a pooler whose server starts": lambda: all_well(
        poolers=(through(login=replace(FULL, sqlstate="57P03", text="the database system is starting up")),)
    ),
    "a pooler that lets all in": lambda: all_well(poolers=(through(login=IN),)),
    "a data directory of its owner": lambda: all_well(databases=(database(mode=0o700, directory=DATA),)),
    "a data directory whose group may read": lambda: all_well(databases=(database(mode=0o2750, directory=DATA),)),
    "as much log as by default": lambda: reads(1.0, 20.0),
    "much log, and nothing that ends it": lambda: reads(64.0, None),
    "much log, and a probe that Patroni answers": lambda: reads(64.0, 20.0, by_command=False),
    "a CoreDNS that asks the network's server": lambda: asks("192.168.1.1:53 1.1.1.1"),
    "a CoreDNS that asks by its node's file": lambda: asks("/etc/resolv.conf", "192.168.1.1"),
    "a paused rollout of nothing": lambda: controlled("web", paused=True, desired=0, replicas=0, ready=0, updated=0),
    "pods that are of the latest template, replaced by hand": lambda: controlled("postgres", strategy="OnDelete"),
}


def refused_for_postgresqls_sake() -> Seen:
    """Where PostgreSQL itself refuses the role, the pooler is not to blame."""
    return all_well(poolers=(replace(through(login=NO_SUCH), logins=(login(direct=DRIFTED),)),))
