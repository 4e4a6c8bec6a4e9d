"""What would keep containers from beginning again, and nothing shows yet; beside what looks like it and is well."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bootheal.model import Pod, Ref, Service
from bootheal.model.prospect import Door, Planned, PodPlan, Waiting
from bootheal.model.scene import Claim
from bootheal.preflight import Seen, Sure
from bootheal.preflight.own import OwnFacts
from bootheal.preflight.waits import WaitFacts
from support.objects import a_node
from support.prospects import DAY, WEB, Faults, Healthy, all_well, database, prospect, web
from support.scenes import NOW, postgres_pod, web_pod

MAY = Sure.MAY_BREAK

SHARED = Ref("persistentvolumeclaim", "shop", "shared")
HERE = {"box": frozenset({"docker.io/example/web:2"})}
REGISTRY = "registry.tools.svc.cluster.local:5000"
FRONT, SHOP, STORE = (Ref("deployment", "shop", name) for name in ("front", "shop", "store"))


def pulled(image: str, **fields: Any) -> Seen:
    """A node that has not the image of web any more; `fields` are the prospect's."""
    return all_well(prospect=prospect(web(image=image), images=HERE, **fields))


def served(**service: Any) -> Seen:
    """Where a Service of this cluster is a registry."""
    made = {"ref": Ref("service", "tools", "registry"), "cluster_ip": "10.43.0.7", "ports": ((5000, 5000),), **service}
    seen = all_well()
    return replace(seen, scene=replace(seen.scene, services=(*seen.scene.services, Service(**made))))


def two(*plans: PodPlan, pods: Sequence[Pod] = (), nodes: int = 1, modes: tuple[str, ...] = ("ReadWriteOnce",)) -> Seen:
    """Two pods of web, as they are declared."""
    seen = all_well(prospect=prospect(*plans))
    others = tuple(a_node(name=f"box-{number}", boot_id="another", ip="10.0.0.9") for number in range(1, nodes))
    scene = replace(
        seen.scene,
        pods=(*(pod for pod in seen.scene.pods if pod.labels["app"] != "web"), *pods),
        nodes=(*seen.scene.nodes, *others),
        claims=(*seen.scene.claims, Claim(SHARED, "Bound", modes=modes)),
    )
    return replace(seen, scene=scene)


ONE, OTHER = web_pod("web-5d4-a"), web_pod("web-5d4-c", ip="10.42.0.99")
OF_ONE, OF_OTHER = web(), replace(web(), ref=OTHER.ref)


def ports(*pairs: tuple[str, int], other: tuple[str, int] = ("", 80), **fields: Any) -> Seen:
    """Two pods that want ports of their node, each by address and number."""
    one = replace(OF_ONE, host_ports=frozenset((address, "TCP", number) for address, number in pairs))
    return two(one, replace(OF_OTHER, host_ports=frozenset({(other[0], "TCP", other[1])})), **fields)


def sharing(path: str = "/srv", **fields: Any) -> Seen:
    """Two pods that may write to one claim."""
    plans = [replace(each, written={"shared": (path,)}) for each in (OF_ONE, OF_OTHER)]
    return two(*plans, **{"pods": (ONE, OTHER), **fields})


def waits(*pairs: tuple[Ref, Ref], **after: set[Ref]) -> Seen:
    """Init containers that wait, each as (who, for whom); and which steps a workload's comes after, near and far."""
    found = tuple(Waiting(one, other, "container wait waits for it (nc)") for one, other in pairs)
    steps = {each: str(each) for each in (FRONT, SHOP, STORE)}
    order = {
        str(Ref("deployment", "shop", name)): frozenset({"pooler/shop", *map(str, others)})
        for name, others in after.items()
    }
    return all_well(waits=WaitFacts(waits=found, steps=steps, after=order))


def recovers(took: float, patience: float | None, *, by_command: bool = True) -> Seen:
    """A database that took so long after an earlier boot, and is given so long now."""
    box = Planned(name="postgres", image="docker.io/library/postgres:16", liveness=patience, by_command=by_command)
    plan = PodPlan(ref=postgres_pod().ref, containers=(box, Planned(name="exporter", liveness=1.0)))
    return all_well(
        databases=(database(pod=plan.ref),),
        prospect=prospect(web(), plan, images={}, complete=frozenset()),
        own=OwnFacts(recoveries={"database/shop": took, "pooler/shop": 900.0}),
    )


SHOWN = Ref("secret", "shop", "door")

PODS: Faults = {
    "a certificate of an Ingress that ends next week": (
        lambda: all_well(prospect=prospect(doors=(Door(SHOWN, NOW + 7 * DAY),))),
        ("ingress-certificate-ends", str(SHOWN), MAY),
    ),
    "one that should have been made anew, and was not": (
        lambda: all_well(prospect=prospect(doors=(Door(SHOWN, NOW - 1.0, kept=True),))),
        ("ingress-certificate-ends", str(SHOWN), MAY),
    ),
    "an image that is gone, and its registry is a Service of ours": (
        lambda: replace(served(), prospect=prospect(web(image=f"{REGISTRY}/web:1"), images=HERE)),
        ("image-from-own-pods", WEB, MAY),
    ),
    "likewise, by the Service's address": (
        lambda: replace(served(), prospect=prospect(web(image="10.43.0.7:5000/web:1"), images=HERE)),
        ("image-from-own-pods", WEB, MAY),
    ),
    "likewise, by a port of this node": (
        lambda: replace(
            served(node_ports=(30500,)), prospect=prospect(web(image="localhost:30500/web:1"), images=HERE)
        ),
        ("image-from-own-pods", WEB, MAY),
    ),
    "an image that is always pulled, from a pod of ours": (
        lambda: replace(
            served(),
            prospect=prospect(
                web(image="localhost:5000/web:1", pulls_always=True),
                PodPlan(ref=postgres_pod().ref, host_ports=frozenset({("", "TCP", 5000)})),
                images={"box": frozenset({"localhost:5000/web:1"})},
            ),
        ),
        ("image-from-own-pods", WEB, MAY),
    ),
    "an image that is gone, and so is its registry": (
        lambda: pulled("localhost:5000/web:1", silent={"localhost:5000": "connection refused"}),
        ("image-registry-down", WEB, MAY),
    ),
    "an image that is gone, of an init container": (
        lambda: all_well(prospect=prospect(replace(web(), init=(Planned(name="wait", image="example/wait:1"),)))),
        ("image-not-here", WEB, MAY),
    ),
    "two init containers that wait for each other": (
        lambda: waits((SHOP, FRONT), (FRONT, SHOP)),
        ("init-waits-in-circle", str(FRONT), MAY),
    ),
    "an init container that waits for what bootheal brings back later": (
        lambda: waits((SHOP, STORE), store={SHOP}),
        ("init-waits-for-later", str(SHOP), MAY),
    ),
    "likewise, by way of another step": (
        lambda: waits((FRONT, STORE), store={SHOP, FRONT}, shop={FRONT}),
        ("init-waits-for-later", str(FRONT), MAY),
    ),
    "a port of the node that two pods want": (
        lambda: ports(("", 80), pods=(ONE, OTHER)),
        ("host-port-twice", str(OTHER.ref), MAY),
    ),
    "likewise, and one of them has no node": (
        lambda: ports(("10.0.0.5", 80), pods=(ONE, replace(OTHER, node=""))),
        ("host-port-twice", str(OTHER.ref), MAY),
    ),
    "a volume for one pod that two have": (
        lambda: sharing(modes=("ReadWriteOncePod",)),
        ("claim-twice", str(SHARED), MAY),
    ),
    "a volume for one node, on two": (
        lambda: sharing(pods=(ONE, replace(OTHER, node="box-1")), nodes=2),
        ("claim-twice", str(SHARED), MAY),
    ),
    "two servers on the files of one database": (
        lambda: sharing("/var/lib/postgresql/data"),
        ("claim-twice", str(SHARED), MAY),
    ),
    "a recovery that the liveness probe would cut short": (
        lambda: recovers(95.0, 60.0),
        ("liveness-shorter-than-start", "pod/shop/postgres-0", MAY),
    ),
}

PODS_WELL: Healthy = {
    "a certificate of an Ingress that ends in spring": lambda: all_well(
        prospect=prospect(doors=(Door(SHOWN, NOW + 90 * DAY),))
    ),
    "one that lives for days, and is made anew": lambda: all_well(
        prospect=prospect(doors=(Door(SHOWN, NOW + 4 * DAY, kept=True),))
    ),
    "a registry of ours whose images are all here": served,
    "a registry that is silent, and not needed": lambda: all_well(
        prospect=prospect(silent={"localhost:5000": "connection refused"})
    ),
    "init containers in a row": lambda: waits((FRONT, SHOP), (SHOP, STORE), front={SHOP, STORE}, shop={STORE}),
    "ports of the node at two addresses": lambda: ports(("10.0.0.5", 80), other=("10.0.0.6", 80), pods=(ONE, OTHER)),
    "the same port on two nodes": lambda: ports(("", 80), pods=(ONE, replace(OTHER, node="box-1")), nodes=2),
    "a port that a pod leaves to its successor": lambda: ports(("", 80), pods=(ONE, replace(OTHER, deleting=True))),
    "a volume of media that two pods of one node have": lambda: sharing("/media"),
    "a volume for many": lambda: sharing("/var/lib/postgresql/data", modes=("ReadWriteMany",)),
    "a recovery that was short": lambda: recovers(9.0, 60.0),
    "a database that nothing ends": lambda: recovers(900.0, None),
    "a long recovery, and a probe of its port": lambda: recovers(95.0, 60.0, by_command=False),
}
