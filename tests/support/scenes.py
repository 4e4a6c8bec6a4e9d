"""A healthy scene, long after its boot: a database, its pooler, a web application; and ways to change it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bootheal.diagnosis import Diagnosis
from bootheal.model import (
    Component,
    ComponentState,
    Endpoint,
    HostFacts,
    Pod,
    Ref,
    Service,
    Symptom,
    Workload,
)
from bootheal.model.scene import Claim, Disk, Need, Said, Scene, Template
from support.objects import BOOT, THIS_BOOT, a_lease, a_node, a_pod, running, waiting

# An hour after the boot nothing is new any more.
NOW = BOOT + 3600

LOOP: Mapping[str, Any] = {"ended": NOW - 30, "restarts": 7, "last_reason": "Error"}
DATA = Ref("persistentvolumeclaim", "shop", "data")

# By a name: a state, its one root, and what of it stands beneath.
Reported = Mapping[str, tuple[Callable[[], Scene], tuple[str, str], set[str]]]

PASSWORD = Need(Ref("secret", "shop", "app"), "password", "main")


def web_pod(name: str = "web-5d4-a", **fields: Any) -> Pod:
    """A pod of deployment/shop/web."""
    return member("web", Ref("replicaset", "shop", "web-5d4"), name, "example/web:1", **fields)


def postgres_pod(**fields: Any) -> Pod:
    """The pod of statefulset/shop/postgres."""
    return member("postgres", Ref("statefulset", "shop", "postgres"), "postgres-0", "postgres:16", **fields)


def pooler_pod(**fields: Any) -> Pod:
    """The pod of deployment/shop/pooler."""
    return member("pooler", Ref("replicaset", "shop", "pooler-7c9"), "pooler-7c9-b", "example/pgbouncer:1.22", **fields)


def member(app: str, owner: Ref, name: str, image: str, **fields: Any) -> Pod:
    """A ready pod with label app, and port http."""
    pod = a_pod(
        name,
        running(name=app, image=image),
        labels={"app": app},
        owner=owner,
        ip=IPS[app],
        ports={"http": 8000},
        node="box",
        created=BOOT + 5,
        ready_changed=BOOT + 20,
        claims=("data",) if app == "postgres" else (),
    )
    return replace(pod, **fields)


def workload(kind: str, name: str, **fields: Any) -> Workload:
    """One with a single replica, that is rolled out."""
    made = Workload(Ref(kind, "shop", name), f"uid-{name}", "7", 1, 1, 1, 1, 1, 1, 1, selector={"app": name})
    return replace(made, **fields)


def service(name: str, **fields: Any) -> Service:
    """A Service that selects by label app."""
    made = Service(Ref("service", "shop", name), "10.43.0.9", ((80, "http"),), {"app": name})
    return replace(made, **fields)


def template(kind: str, name: str, **fields: Any) -> Template:
    """What pods of a workload will be."""
    made = Template(Ref(kind, "shop", name), {"app": name}, {"http": 8000}, (PASSWORD,))
    return replace(made, **fields)


def addresses(ip: str) -> tuple[Endpoint, ...]:
    """One ready address."""
    return (Endpoint(ip, 8000),)


KINDS: Mapping[str, str] = {"postgres": "statefulset", "pooler": "deployment", "web": "deployment"}
IPS: Mapping[str, str] = {"postgres": "10.42.0.5", "pooler": "10.42.0.6", "web": "10.42.0.7"}
MENTIONS: Mapping[str, str] = {"pooler": "postgres", "web": "pooler"}


def a_scene(**fields: Any) -> Scene:
    """All of it, and all well."""
    scene = Scene(
        now=NOW,
        boot_id="new",
        boot_time=THIS_BOOT,
        facts=HostFacts((Component("k3s.service", "k3s", ComponentState.RUNNING, BOOT + 1),), clock_synchronised=True),
        disks=(Disk("/var/lib/rancher", 0.4, 0.9),),
        nodes=(a_node(),),
        leases={"box": a_lease(renewed=NOW - 5)},
        pods=(postgres_pod(), pooler_pod(), web_pod()),
        workloads=tuple(workload(kind, name) for name, kind in KINDS.items()),
        templates=tuple(
            template(kind, name, mentions=frozenset(filter(None, [MENTIONS.get(name)]))) for name, kind in KINDS.items()
        ),
        owners={
            Ref("replicaset", "shop", "web-5d4"): Ref("deployment", "shop", "web"),
            Ref("replicaset", "shop", "pooler-7c9"): Ref("deployment", "shop", "pooler"),
        },
        services=tuple(map(service, KINDS)),
        endpoints={Ref("service", "shop", name): addresses(ip) for name, ip in IPS.items()},
        claims=(Claim(Ref("persistentvolumeclaim", "shop", "data"), "Bound", "pv-1", "local-path", BOOT - 99),),
        volumes={"pv-1": ("box",)},
        keys={PASSWORD.about: frozenset({"username", "password"})},
    )
    return replace(scene, **fields)


def with_pod(pod: Pod, log: str = "", **fields: Any) -> Scene:
    """The same, but for one pod in the place of its namesake; what it says, and no address of it if it is not ready."""
    scene = a_scene(**fields)
    name = pod.labels["app"]
    pods = tuple(pod if each.ref == pod.ref else each for each in scene.pods)
    return replace(
        scene,
        pods=pods,
        said=(Said(pod.ref, name, log),) if log else (),
        workloads=tuple(
            replace(each, ready=0, available=0) if each.ref.name == name and not pod.ready else each
            for each in scene.workloads
        ),
        endpoints=scene.endpoints if pod.ready else {**scene.endpoints, Ref("service", "shop", name): ()},
    )


def roots(found: Diagnosis) -> list[tuple[str, str]]:
    return [(each.id, str(each.about)) for each in found.found]


def assert_one_root(found: Diagnosis, root: tuple[str, str], beneath: set[str]) -> None:
    """It is the only one, says what to do next, and the others stand beneath it."""
    assert roots(found) == [root]
    assert beneath <= {part.id for part in found.found[0].all()}
    assert found.found[0].finding.next_step


def stuck(reason: str, message: str, **fields: Any) -> Scene:
    return with_pod(web_pod(ready=False, containers=(waiting(reason, name="web", message=message, **fields),)))


def postgres_says(line: str) -> Scene:
    loop = waiting("CrashLoopBackOff", name="postgres", image="postgres:16", **LOOP)
    return with_pod(postgres_pod(ready=False, containers=(loop,)), f"LOG: starting PostgreSQL 16.4\n{line}\n")


def web_says(log: str) -> Scene:
    loop = waiting("CrashLoopBackOff", name="web", **LOOP)
    return with_pod(web_pod(ready=False, containers=(loop,)), log)


def exits(code: int | None, reason: str = "Error") -> Scene:
    loop = waiting("CrashLoopBackOff", name="web", last_code=code, **{**LOOP, "last_reason": reason})
    return with_pod(web_pod(ready=False, containers=(loop,)))


def selector(**labels: str) -> Scene:
    scene = a_scene()
    wrong = tuple(replace(s, selector=labels) if s.ref.name == "web" else s for s in scene.services)
    return replace(scene, services=wrong, endpoints={**scene.endpoints, Ref("service", "shop", "web"): ()})


def needing(*needs: Need) -> Scene:
    return a_scene(templates=(template("deployment", "web", needs=needs),))


def component(state: ComponentState, why: str = "", **fields: Any) -> Scene:
    return a_scene(facts=HostFacts((Component("k3s.service", "k3s", state, BOOT + 1, why),), **fields))


def complaint(kind: str, *, fatal: bool = False) -> Scene:
    symptom = Symptom(kind, "k3s.service", "it complains", "do this", fatal=fatal)
    return component(ComponentState.RUNNING, symptoms=(symptom,))
