"""A scene in, causes out: what is not well, on what it is seen, and what is not a fault."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bootheal.diagnosis import diagnose
from bootheal.model import ComponentState, Occurrence, Readiness, Ref
from bootheal.model.scene import Claim, Disk, Halted, Scene, Unwell
from support.objects import BOOT, THIS_BOOT, a_lease, a_node, running, waiting
from support.scenes import (
    DATA,
    LOOP,
    NOW,
    a_scene,
    component,
    pooler_pod,
    postgres_pod,
    postgres_says,
    roots,
    selector,
    service,
    stuck,
    template,
    web_pod,
    web_says,
    with_pod,
    workload,
)

WEB, POD, POSTGRES = "deployment/shop/web", "pod/shop/web-5d4-a", "pod/shop/postgres-0"


def test_a_healthy_scene_has_no_fault() -> None:
    """It says what was looked at."""
    found = diagnose(a_scene())
    assert (found.found, found.passing, found.held, found.exit_code) == ((), (), (), 0)
    assert found.well == (
        "1 node",
        "3 pods",
        "3 workloads",
        "3 Services",
        "1 claim",
        "1 disk",
        "the API server",
        "k3s.service",
        "the clock",
    )


WELL: dict[str, Callable[[], Scene]] = {
    "a Service of replicas, of which there are none": lambda: a_scene(
        services=(service("postgres-repl", selector={"app": "postgres", "spilo-role": "replica"}),)
    ),
    "a Service of the replicas of an operator's cluster, which has one pod": lambda: a_scene(
        pods=(replace(postgres_pod(), labels={"cnpg.io/cluster": "db", "cnpg.io/instanceRole": "primary"}),),
        workloads=(),
        templates=(template("deployment", "web", mentions=frozenset({"db-ro"})),),
        services=(service("db-ro", selector={"cnpg.io/cluster": "db", "cnpg.io/instanceRole": "replica"}),),
    ),
    "a Service that nobody fills, and nobody relies on": lambda: a_scene(services=(service("config", selector={}),)),
    "a Service to elsewhere": lambda: a_scene(services=(service("bank", external=True),)),
    "a Service whose application was removed": lambda: a_scene(
        services=(service("scheduler", selector={"component": "x"}),)
    ),
    "a Service of one pod of a StatefulSet": lambda: a_scene(
        pods=(postgres_pod(labels={"app": "postgres", "statefulset.kubernetes.io/pod-name": "postgres-0"}),),
        workloads=(workload("statefulset", "postgres"),),
        services=(service("postgres", selector={"statefulset.kubernetes.io/pod-name": "postgres-0"}),),
    ),
    "a Service of what is scaled to zero": lambda: a_scene(
        pods=(), workloads=(workload("deployment", "web", desired=0, replicas=0),), services=(service("web"),)
    ),
    "a claim that waits for its first pod": lambda: a_scene(
        pods=(), workloads=(), services=(), claims=(Claim(DATA, "Pending", "", "local-path"),)
    ),
    "pods that have finished": lambda: with_pod(
        web_pod(ready=False, phase="Failed", reason="Terminated"), workloads=(), services=()
    ),
    "a pod that goes in its time": lambda: with_pod(
        web_pod(deleting=True, delete_by=NOW + 20), workloads=(), services=()
    ),
    "what runs although a Secret that it may lack is missing": lambda: a_scene(keys={}),
    "Secrets that may not be read": lambda: a_scene(keys={}, gaps=("cannot list secrets: 403",)),
    "endpointslices that may not be read": lambda: a_scene(endpoints={}, unread=frozenset({"slice"})),
}


@pytest.mark.parametrize("name", WELL)
def test_what_only_looks_like_a_fault_is_none(name: str) -> None:
    """Nothing is found, and nothing is said to pass."""
    found = diagnose(WELL[name]())
    assert roots(found) == []
    assert found.passing == ()


def early(scene: Scene) -> Scene:
    """The same, forty seconds after the boot."""
    return replace(scene, now=BOOT + 40, leases={"box": a_lease(renewed=BOOT + 35)})


PASSING: dict[str, Callable[[], Scene]] = {
    "an application without its database": lambda: web_says("psycopg.OperationalError: connection refused"),
    "a database that recovers": lambda: with_pod(
        postgres_pod(ready=False, containers=(running(name="postgres", ready=False),))
    ),
    "a node of the boot before": lambda: a_scene(nodes=(a_node(boot_id="old"),)),
    "a node that is not Ready": lambda: a_scene(nodes=(a_node(ready=False),)),
    "k3s that starts": lambda: component(ComponentState.STARTING),
    "a claim that is not bound": lambda: a_scene(claims=(Claim(DATA, "Pending"),)),
    "an API server that does not answer": lambda: Scene(
        now=NOW, boot_time=THIS_BOOT, present=False, readiness=Readiness(ready=False, why="refused")
    ),
    "EndpointSlices that do not follow": lambda: a_scene(services=(service("web"),), endpoints={}),
    "a registry that has no name yet": lambda: stuck(
        "ImagePullBackOff", "dial tcp: lookup registry.example.org: Temporary failure"
    ),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_heals_by_itself_is_no_fault_within_its_usual_time(name: str) -> None:
    """Forty seconds after the boot it is told as passing, and the exit code is 0; an hour later it is a fault."""
    soon = diagnose(early(PASSING[name]()))
    assert roots(soon) == []
    assert soon.passing
    assert soon.exit_code == 0
    assert diagnose(PASSING[name]()).found


def test_consequences_stand_beneath_their_cause() -> None:
    """An empty lock file keeps the pooler's and the application's Services empty: that is one fault, not six."""
    scene = postgres_says('FATAL:  lock file "postmaster.pid" is empty')
    loop = waiting("CrashLoopBackOff", name="web", **LOOP)
    crashes = web_pod(ready=False, containers=(loop,))
    scene = replace(
        scene,
        pods=tuple(crashes if pod.ref == crashes.ref else pod for pod in scene.pods),
        workloads=tuple(replace(each, ready=0, available=0) for each in scene.workloads),
        endpoints={},
    )
    found = diagnose(scene)
    assert roots(found) == [("postgres-lock-file-empty", POSTGRES)]
    follows = {str(each.about) for each in found.found[0].all()}
    assert {"service/shop/postgres", "statefulset/shop/postgres", POD, "service/shop/web", WEB} <= follows
    assert "do not serve for it" in found.found[0].matters


def test_a_fault_of_ones_own_is_no_consequence() -> None:
    """An application whose image is missing would not run with its database, either."""
    scene = postgres_says('FATAL:  lock file "postmaster.pid" is empty')
    pulls = web_pod(ready=False, containers=(waiting("ImagePullBackOff", name="web", message="x: not found"),))
    scene = replace(scene, pods=tuple(pulls if pod.ref == pulls.ref else pod for pod in scene.pods))
    assert {cause for cause, _ in roots(diagnose(scene))} == {"postgres-lock-file-empty", "image-not-found"}


def test_the_gravest_comes_first_and_decides_the_exit_code() -> None:
    """Data at risk before what needs a person, whichever was seen first."""
    scene = replace(stuck("ErrImageNeverPull", "never"), claims=(Claim(DATA, "Lost", "pv-1"),))
    found = diagnose(scene)
    assert [cause for cause, _ in roots(found)] == ["claim-lost", "image-never-pulled"]
    assert found.exit_code == 3


def test_what_is_true_of_many_pods_is_told_once() -> None:
    """With how many more there are of the workload."""
    pulls = waiting("ErrImageNeverPull", name="web")
    pods = tuple(web_pod(f"web-5d4-{n}", ready=False, containers=(pulls,)) for n in range(5))
    found = diagnose(a_scene(pods=pods, workloads=(), services=(), claims=()))
    assert len(found.found) == 1
    assert len(found.found[0].alike) == 4


def test_what_is_held_on_purpose_is_told_as_a_fact() -> None:
    """Scaled to zero, paused, suspended, hibernated, cordoned."""
    scene = a_scene(
        nodes=(a_node(unschedulable=True),),
        workloads=(
            workload("deployment", "web", paused=True),
            workload("deployment", "old", desired=0, replicas=0),
            workload("deployment", "ours", desired=0, replicas=0, scaled_from=2),
        ),
        halted=(Halted(Ref("cronjob", "shop", "backup"), "suspended"),),
    )
    found = diagnose(scene)
    assert found.found == ()
    assert {str(ref): why for ref, why in found.held} == {
        "deployment/shop/web": "its rollout is paused",
        "deployment/shop/old": "scaled to zero",
        "deployment/shop/ours": "scaled to zero by bootheal, from 2",
        "node/box": "takes no new pods (cordoned)",
        "cronjob/shop/backup": "suspended",
    }


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"app": "webb"}, "it asks for app=webb; the pods of deployment/shop/web have app=web"),
        ({"ap": "web"}, "it asks for ap=web; the pods of deployment/shop/web have no label ap, but app=web"),
        ({"app": "web", "tier": "x"}, "it asks for app=web,tier=x; the pods of deployment/shop/web have no label tier"),
    ],
)
def test_the_label_that_differs_is_named(labels: dict[str, str], said: str) -> None:
    """So that nobody compares them by eye."""
    assert diagnose(selector(**labels)).found[0].finding.evidence.text == said


def test_asked_of_one_workload_it_tells_what_that_stands_on() -> None:
    """The database's fault is the web application's; another namespace is nobody's; the machine's is everybody's."""
    scene = replace(
        postgres_says('FATAL:  lock file "postmaster.pid" is empty'),
        disks=(Disk("/", 0.001),),
        jobs=(Unwell(Ref("job", "other", "x"), "DeadlineExceeded", "", NOW - 9),),
        endpoints={},
        workloads=(workload("deployment", "web", ready=0, available=0),),
    )
    ids = {cause for cause, _ in roots(diagnose(scene).of([Ref("deployment", "shop", "web")]))}
    assert ids == {"postgres-lock-file-empty", "disk-full"}
    assert {cause for cause, _ in roots(diagnose(scene).of([Ref("namespace", "", "other")]))} == {
        "job-failed",
        "disk-full",
    }


def test_evidence_holds_for_two_looks() -> None:
    """What the second look sees for the first time is told as passing; what it sees no more is not told."""
    first = diagnose(stuck("ErrImageNeverPull", "never"))
    later = diagnose(replace(stuck("ErrImageNeverPull", "never"), disks=(Disk("/", 0.001),)))
    both = first.again(later)
    assert [cause for cause, _ in roots(both)] == ["image-never-pulled"]
    assert [each.id for each in both.passing] == ["disk-full"]
    assert first.again(diagnose(a_scene())).found == ()


def test_what_several_meet_alike_holds_for_two_looks_whoever_is_named_first() -> None:
    """Two pods without a network: the first has one by the second look, and the other still lacks it."""
    why = 'failed to setup network for sandbox "ab": open /run/flannel/subnet.env: no such file or directory'
    pods = tuple(
        replace(pod, ready=False, containers=(waiting("ContainerCreating"),)) for pod in (web_pod(), pooler_pod())
    )
    events = {pod.ref: (Occurrence("FailedCreatePodSandBox", why, NOW - 5),) for pod in pods}
    scene = a_scene(pods=pods, workloads=(), services=(), claims=(), events=events)
    first = diagnose(scene)
    assert [len(each.alike) for each in first.found] == [1]
    assert roots(first.again(diagnose(replace(scene, pods=pods[1:])))) == [("flannel-not-ready", str(pods[1].ref))]
