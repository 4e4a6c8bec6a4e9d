"""All that `preflight` sees of a healthy machine and its cluster, and ways to change it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bootheal.model import Answer, Component, ComponentState, HostFacts, Ref, Setting
from bootheal.model.machine import MachineFacts
from bootheal.model.prospect import Planned, PodPlan, Prospect
from bootheal.model.scene import Scene
from bootheal.preflight import Forecast, Seen, Sure
from bootheal.preflight.databases import DatabaseFacts, LoginFacts
from bootheal.preflight.own import OwnFacts
from bootheal.preflight.poolers import PodFacts, PoolerFacts
from support.objects import BOOT
from support.scenes import NOW, a_scene

Faults = dict[str, tuple[Callable[[], Seen], tuple[str, str, Sure]]]
"""What was brought about, and as what it must be named."""
Healthy = dict[str, Callable[[], Seen]]

WEB, POOLER = "pod/shop/web-5d4-a", Ref("deployment", "shop", "pooler")
DATABASE, APP = "database/shop", Ref("secret", "shop", "app")
DAY = 86400.0

# As k3s has it, with a zone of somebody's own.
COREFILE = """\
.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
    }
    forward . /etc/resolv.conf  # whom the node asks
    loop
    import /etc/coredns/custom/*.override
}
home.lan:53 {
    forward . 127.0.0.1:5353
}
"""

IN = Answer(ok=True, spoke=True, value="1")
DRIFTED = Answer(ok=False, spoke=True, sqlstate="28P01", text='password authentication failed for user "pooler"')

SETTINGS = {
    "default_pool_size": Setting("20", changeable=True, default="20"),
    "server_idle_timeout": Setting("300", changeable=True, default="600"),
    "server_login_retry": Setting("5", changeable=True, default="15"),
    "log_connections": Setting("1", changeable=True, default="1"),
    "listen_port": Setting("6432", changeable=False, default="6432"),
    "job_name": Setting("pooler", changeable=False, default="pgbouncer"),
}
FILE = {"server_login_retry": "5.0", "log_connections": "on", "listen_port": "6432"}


def login(user: str = "pooler", **fields: Any) -> LoginFacts:
    """A role that is let in, straight and through its pooler."""
    return replace(
        LoginFacts(database="shop", user=user, secret=Ref("secret", "shop", user), direct=IN, through=IN), **fields
    )


def database(**fields: Any) -> DatabaseFacts:
    """A primary with nothing hidden."""
    return replace(DatabaseFacts(name="shop", namespace="shop", logins=(login("postgres", through=None),)), **fields)


def pooler(**fields: Any) -> PoolerFacts:
    """A pooler whose file says what is in force, or bootheal does."""
    pod = PodFacts(Ref("pod", "shop", "pooler-7c9-b"), SETTINGS, FILE)
    facts = PoolerFacts(
        deployment=POOLER, logins=(login(),), pods=(pod,), declared={"server_idle_timeout": "300"}, auth_file=None
    )
    return replace(facts, **fields)


def in_force(key: str, value: str, **file: str) -> PoolerFacts:
    """A setting of the pooler as it is in force, and what its file says."""
    settings = {**SETTINGS, key: replace(SETTINGS[key], value=value)}
    return pooler(pods=(PodFacts(Ref("pod", "shop", "pooler-7c9-b"), settings, {**FILE, **file}),))


def in_file(broken: tuple[int, ...] = (), **file: str) -> PoolerFacts:
    """A pooler whose file says this, too."""
    return pooler(pods=(PodFacts(Ref("pod", "shop", "pooler-7c9-b"), SETTINGS, {**FILE, **file}, broken),))


def web(**box: Any) -> PodPlan:
    """The web application's pod, as it is declared."""
    made = {"name": "web", "image": "example/web:1", "taken": frozenset({APP}), **box}
    return PodPlan(ref=Ref("pod", "shop", "web-5d4-a"), account="default", containers=(Planned(**made),))


def prospect(*plans: PodPlan, **fields: Any) -> Prospect:
    """What its node has, and all that is there to start from."""
    made = Prospect(
        plans=plans or (web(),),
        images={"box": frozenset({"docker.io/example/web:1", "docker.io/library/postgres:16"})},
        complete=frozenset({"box"}),
        accounts=frozenset({Ref("serviceaccount", "shop", "default")}),
        changed={APP: BOOT - 500},
        corefile=COREFILE,
    )
    return replace(made, **fields)


def all_well(**fields: Any) -> Seen:
    """Everything, healthy."""
    return replace(
        Seen(
            scene=a_scene(),
            prospect=prospect(),
            databases=(database(),),
            poolers=(pooler(),),
            own=OwnFacts(units=(("docker.service", "enabled"),)),
            machine=MachineFacts(at=NOW, node_name="box", battery=True),
        ),
        **fields,
    )


def named(found: Forecast) -> list[tuple[str, str, Sure]]:
    """What is found, on what, and how sure."""
    return [(each.id, str(each.about), each.sure) for each in found.found]


def a_component(name: str, role: str, at_boot: str) -> Scene:
    """A part of the cluster, and what starts it at a boot."""
    part = Component(name, role, ComponentState.RUNNING, BOOT + 1, at_boot=at_boot)
    return a_scene(facts=HostFacts((part,), clock_synchronised=True))
