"""Which pods a look at a workload counts, and whom it asks."""

from dataclasses import replace

import pytest

from bootheal.model import Answer, Ref, Service
from bootheal.ports import World
from bootheal.probes import Http, Tcp
from bootheal.step import Settled
from bootheal.workloads.observation import look
from support.few import REFUSED, Few
from support.objects import NOW, a_deployment, a_pod, past
from support.workloads import STEP

SERVICE = Service(Ref("service", "shop", "web"), "10.43.0.9", ((80, "http"),), {"app": "web"})


@pytest.mark.parametrize(
    ("owner", "counts"),
    [
        (Ref("replicaset", "shop", "web-1"), True),
        (Ref("statefulset", "shop", "web"), True),
        (Ref("daemonset", "shop", "web"), True),
        (Ref("job", "shop", "web-migrate"), False),
        (None, False),
    ],
)
def test_what_nothing_would_make_again_is_not_of_the_workload(owner: Ref | None, counts: bool) -> None:
    """A person's debugging pod with the same labels is not probed, not counted, and never deleted."""
    mine, other = a_pod("web-1", labels={"app": "web"}), a_pod("debug", labels={"app": "web"}, owner=owner)
    few = Few(mine, replace(other), a_pod("else", labels={"app": "else"}))
    world = World(cluster=few, host=few)
    seen = look(world, a_deployment(), "delete-pods", None)
    assert [pod.ref.name for pod in seen.pods] == (["debug", "web-1"] if counts else ["web-1"])


LABELS = {"app": "web", "tier": "frontend", "part": "shard-1"}
OTHER = Ref("service", "shop", "other")


@pytest.mark.parametrize(
    ("service", "told"),
    [
        (replace(SERVICE, selector={"app": "webb"}), "web leads to nobody: its selector, app=webb, {} have app=web"),
        (SERVICE, ""),
        (replace(SERVICE, selector={}), ""),
        (replace(SERVICE, selector={"app": "else"}), ""),
        (replace(SERVICE, selector={"app": "webb"}, external="web.example.org"), ""),
        (
            replace(SERVICE, selector={"app": "webb"}, ref=OTHER),
            "other leads to nobody: its selector, app=webb, {} have app=web",
        ),
        (
            replace(SERVICE, selector={"app": "web", "tier": "front-end"}, ref=OTHER),
            "other leads to nobody: its selector, app=web,tier=front-end, {} have tier=frontend",
        ),
        (
            replace(SERVICE, selector={"ap": "web"}, ref=OTHER),
            "other leads to nobody: its selector, ap=web, {} have no label ap, but app=web",
        ),
        (
            replace(SERVICE, selector={"app": "web", "role": "api"}, ref=OTHER),
            "other leads to nobody: its selector, app=web,role=api, {} have no label role",
        ),
        (replace(SERVICE, selector={"app": "old-web"}, ref=OTHER), ""),
        (replace(SERVICE, selector={"app": "web", "part": "shard-2"}, ref=OTHER), ""),
        (replace(SERVICE, selector={"app": "redis"}, ref=OTHER), ""),
        (replace(SERVICE, selector={"app": "redis", "tier": "frontend"}, ref=OTHER), ""),
        (replace(SERVICE, selector={"release": "shop", "name": "redis"}, ref=OTHER), ""),
        (None, ""),
    ],
    ids=[
        "a slip in its value",
        "its own",
        "no selector",
        "another's pods",
        "it leads out of the cluster",
        "a slip, by another name",
        "a slip in one of two",
        "a slip in its key",
        "a label that was forgotten",
        "of what was before",
        "the next one's, which is at zero",
        "another's that is away",
        "another's of the same tier",
        "another's of a chart",
        "none",
    ],
)
def test_a_service_that_is_meant_for_it_and_leads_to_nobody_is_a_remark(service: Service | None, told: str) -> None:
    """The pods serve, so it is healed; that nobody comes to them no boot has done. Who is meant its labels tell."""
    told = f"service/shop/{told.format('fits no pod; those of deployment/shop/web')}" if told else ""
    few = Few(a_pod("web-1", labels=LABELS), a_pod("else", labels={"app": "else"}), service=service)
    web = a_deployment(desired=1, replicas=1, updated=1, ready=1, available=1)
    facts = look(World(cluster=few, host=few), web, "delete-pods", None)
    assert facts.unserved == told
    judgement = STEP.judge(facts, past(now=NOW + 600))
    assert isinstance(judgement, Settled)
    assert judgement.remarks == ((told,) if told else ())


@pytest.mark.parametrize(("probe", "talks"), [(Tcp(6379, "PING", "PONG"), True), (Http(80, "/"), False), (None, False)])
def test_a_talk_is_how_servers_with_data_are_asked(probe: Http | Tcp | None, talks: bool) -> None:
    """They answer while they load."""
    few = Few(a_pod("web-1", labels=LABELS), says=Answer(ok=False, spoke=True, text="says something else"))
    world = World(cluster=few, host=few, web=few)
    assert look(world, a_deployment(), "delete-pods", probe).talks == talks


@pytest.mark.parametrize(
    ("service", "direct", "says", "shut"),
    [
        (SERVICE, True, REFUSED, "service/shop/web lets nobody in: port 80: connection refused"),
        (SERVICE, True, Answer(ok=True, spoke=True), ""),
        (SERVICE, False, REFUSED, ""),
        (replace(SERVICE, cluster_ip=""), True, REFUSED, ""),
        (replace(SERVICE, ports=((80, 9090),)), True, REFUSED, ""),
        (replace(SERVICE, selector={}), True, REFUSED, ""),
    ],
    ids=["refuses", "serves", "out of reach", "headless", "another port", "no selector"],
)
def test_somebody_must_get_in_through_the_service(service: Service, direct: bool, says: Answer, shut: str) -> None:
    """Where this host reaches its address, and one of its ports leads to the probe's."""
    pods = (a_pod(f"web-{n}", labels={"app": "web"}, ports={"http": 8000}) for n in (1, 2))
    few = Few(*pods, service=service, says=says)
    world = World(cluster=few, host=few, web=few, direct=direct)
    seen = look(world, a_deployment(), "delete-pods", Http(8000, "/"))
    assert (seen.shut, seen.probe) == (shut, Answer(ok=True, spoke=True))
    asked = direct and service.cluster_ip and service.selector and service.ports == SERVICE.ports
    assert bool(seen.untried) is bool(service.cluster_ip and service.selector and not asked)
    assert (few.asked == [("10.43.0.9", 80)]) is bool(asked)
