"""Clusters of two to five machines, drawn at random: a boot is about its own node, and a lost node about what is on it.

What memory keeps of which node's boot is in engine/test_memory_by_node.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from bootheal.model import (
    Admission,
    BootTime,
    Container,
    Credentials,
    Extensions,
    HostFacts,
    Lease,
    Login,
    Node,
    Pod,
    PodToDelete,
    Readiness,
    Ref,
    Secret,
    Workload,
)
from bootheal.platform.gate import Gate, GateObservation
from bootheal.pods.cleanup import Cleanup
from bootheal.ports import Partial, World
from bootheal.step import Act, Judgement, Settled, Wait
from bootheal.workloads.workload import WorkloadStep
from support.objects import BOOT, NOW, a_deployment, a_lease, a_node, a_pod, past, running, terminated, waiting

NAMES = ("here", "b", "c", "d", "e")
LONG_AGO = BOOT - 86_400.0

# What a pod may have come to, whichever node it is on.
STATES: dict[str, tuple[Container, dict[str, Any]]] = {
    "runs since long": (running(started=LONG_AGO), {}),
    "runs since the boot": (running(), {}),
    "not ready": (running(started=LONG_AGO, ready=False), {}),
    "killed by a power cut": (terminated("Unknown", ended=BOOT + 5), {}),
    "crash-looping": (waiting("CrashLoopBackOff", restarts=3, ended=NOW - 5, last_reason="Error"), {}),
    "failed once": (terminated("Error", ended=NOW - 30), {}),
    "shut down": (terminated("Completed", ended=BOOT - 9), {"phase": "Failed", "reason": "Terminated"}),
    "completed": (terminated("Completed", ended=BOOT - 9), {"phase": "Succeeded"}),
    "overdue": (running(started=LONG_AGO), {"deleting": True, "delete_by": BOOT - 60}),
}
DEAD_ANYWHERE = {"killed by a power cut", "shut down"}
"""What its own node says is dead; of the rest only a boot could tell."""
WELL = ("runs since long", "runs since the boot")


@dataclass(frozen=True)
class Story:
    """Which pods there are: of which workload, on which node, in which state."""

    nodes: tuple[str, ...]
    pods: tuple[tuple[str, str, str], ...]

    def of(self, app: str) -> list[Pod]:
        return [pod for pod in self.snapshots() if pod.labels["app"] == app]

    def snapshots(self) -> list[Pod]:
        found = []
        for number, (app, node, state) in enumerate(self.pods):
            container, fields = STATES[state]
            pod = a_pod(f"{app}-{number}", container, labels={"app": app}, node=node, created=LONG_AGO, **fields)
            kind = "statefulset" if state == "completed" else "replicaset"
            found.append(replace(pod, owner=Ref(kind, "shop", app), ip=f"10.42.0.{number + 1}"))
        return found

    def workload(self, app: str) -> Workload:
        ready = sum(pod.ready and not pod.finished for pod in self.of(app))
        size = len([pod for pod in self.of(app) if not pod.finished])
        counts = dict.fromkeys(("desired", "replicas", "updated"), size) | {"ready": ready, "available": ready}
        return a_deployment(ref=Ref("deployment", "shop", app), selector={"app": app}, **counts)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Two to five nodes, three workloads of up to three pods."""
    nodes = NAMES[: draw(st.integers(2, 5))]
    places = st.tuples(st.sampled_from(nodes), st.sampled_from([*STATES]))
    pods = [
        (app, *place) for app in ("web", "db", "worker") for place in draw(st.lists(places, min_size=1, max_size=3))
    ]
    return Story(nodes, tuple(pods))


class Seen(Partial):
    """The cluster of a story, as it is seen from the machine "here" that `rebooted`, or did not."""

    def __init__(self, story: Story, *, rebooted: bool) -> None:
        self._story, self.deleted = story, list[str]()
        self._boot_time = replace(BootTime.since(BOOT), nodes=frozenset({"here"} if rebooted else ()))

    @property
    def world(self) -> World:
        return World(cluster=self, pod_access=self, secrets=self, writer=self, host=self)

    def boot_time(self) -> BootTime:
        return self._boot_time

    def boot_id(self) -> str:
        return "boot-here"

    def nodes(self) -> Sequence[Node]:
        return [a_node(name=name, boot_id=f"boot-{name}") for name in self._story.nodes]

    def lease(self, _node: str) -> Lease:
        return a_lease()

    def pods(self, _namespace: str, labels: Mapping[str, str] | None = None) -> Sequence[Pod]:
        return [pod for pod in self._story.snapshots() if (labels or {}).items() <= pod.labels.items()]

    def workload(self, ref: Ref) -> Workload:
        return self._story.workload(ref.name)

    def unpulled(self, _namespace: str) -> Sequence[Pod]:
        return ()

    def services(self, _namespace: str) -> Sequence[Any]:
        return ()

    def budgets(self, _namespace: str) -> Sequence[Any]:
        return ()

    def admission(self, namespace: str) -> Admission:
        return Admission(namespace)

    def occurrences(self, _about: Ref) -> Sequence[Any]:
        return ()

    def extensions(self, *, at_most: float = 0.0) -> Extensions:
        return Extensions()

    def log_tail(self, *_about: Any, **_options: Any) -> str:
        return ""

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials("app", Secret("x"))

    def delete_pod(self, pod: Ref, uid: str, version: str = "", *, force: bool = False) -> None:
        assert not force
        self.deleted.append(pod.name)

    def delete_pods(self, pods: Sequence[PodToDelete]) -> None:
        self.deleted += [pod.ref.name for pod in pods]


def deleted(story: Story, *, rebooted: bool) -> set[str]:
    """Return the pods that the clean-up deletes in the end."""
    seen = Seen(story, rebooted=rebooted)
    step = Cleanup(namespaces=("shop",), grace=10.0)
    found = step.look(seen.world)
    held = dict.fromkeys(found.conditions, NOW - 3600.0)
    judgement = step.judge(found, past(first_seen=held))
    for action in judgement.actions if isinstance(judgement, Act) else ():
        for part in action.parts():
            part.apply(seen.world)
    return {*seen.deleted}


def judged(story: Story, app: str, *, rebooted: bool) -> Judgement:
    """Return what is made of a workload that has been as it is for long."""
    seen = Seen(story, rebooted=rebooted)
    step = WorkloadStep(name=f"deployment/shop/{app}", workload=Ref("deployment", "shop", app))
    found = step.look(seen.world)
    return step.judge(found, past(first_seen=dict.fromkeys(found.conditions, NOW - 90.0)))


@given(stories())
def test_the_boot_of_a_node_deletes_nothing_that_is_elsewhere(story: Story) -> None:
    """Of other nodes' pods the very same are deleted as if it had not rebooted; of those that run there none is."""
    elsewhere = {pod.ref.name: pod for pod in story.snapshots() if pod.node != "here"}
    doomed = deleted(story, rebooted=True)
    assert doomed & elsewhere.keys() == deleted(story, rebooted=False) & elsewhere.keys()
    states = {f"{app}-{number}": state for number, (app, _, state) in enumerate(story.pods)}
    assert {states[name] for name in doomed & elsewhere.keys()} <= DEAD_ANYWHERE
    event(f"deletes here: {bool(doomed - elsewhere.keys())}")


@given(stories())
def test_a_workload_of_other_nodes_is_judged_as_if_there_had_been_no_boot(story: Story) -> None:
    """And where it is well there, nothing is done to it, however long its processes have run."""
    for app in ("web", "db", "worker"):
        places = [(node, state) for name, node, state in story.pods if name == app]
        if all(node != "here" for node, _ in places):
            judgement = judged(story, app, rebooted=True)
            assert judgement == judged(story, app, rebooted=False)
            if all(state in WELL for _, state in places):
                assert isinstance(judgement, Settled)
        elif ("here", "runs since long") in places:
            assert isinstance(judged(story, app, rebooted=True), Wait), "a status of before the boot"


Away = tuple[bool, float]
"""Whether a node lives, and since how many seconds it has been away."""


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 300.0)), min_size=2, max_size=5))
def test_nodes_that_never_come_back_are_named_and_hold_up_nobody(drawn: list[Away]) -> None:
    """Twenty seconds after each was missed the gate opens for what lives, and tells what is bound to the others."""
    nodes, since = list[tuple[Node, Lease]](), dict[str, float]()
    for name, (lives, seconds) in zip(NAMES, drawn, strict=False):
        node = a_node(name=name, boot_id=f"boot-{name}", ready=lives)
        nodes.append((node, a_lease(NOW - (5 if lives else 300), advanced=lives)))
        since |= {} if lives else {name: seconds}
    bound = {name: (Ref("pod", "shop", f"db-{name}"),) for name in since}
    facts = GateObservation(
        Readiness(ready=True), nodes=tuple(nodes), boot_id=None, epoch=None, boot_time=None, bound=bound
    )
    assert facts.conditions == {f"node {name} is away" for name in since}
    judgement = Gate().judge(
        facts, past(first_seen={f"node {name} is away": NOW - seconds for name, seconds in since.items()})
    )
    awaited = {name for name, seconds in since.items() if seconds < 20.0}
    if len(since) == len(drawn) or awaited:
        assert isinstance(judgement, Wait)
        return
    assert isinstance(judgement, Settled)
    assert set(judgement.boots) == {node.name for node, _ in nodes}
    for name in NAMES[: len(drawn)]:
        told = [remark for remark in judgement.remarks if f"node {name} has not come back" in remark]
        assert len(told) == (name in since)
        assert all(f"pod/shop/db-{name}" in remark for remark in told)


class Machines(Partial):
    """A cluster whose machines are not this one: all count as Ready, and those that live have renewed their Leases."""

    def __init__(self, lives: Mapping[str, bool]) -> None:
        self._lives = lives

    def boot_id(self) -> None:
        return None

    def epoch(self) -> None:
        return None

    def boot_time(self) -> None:
        return None

    def facts(self) -> HostFacts:
        return HostFacts()

    def readiness(self) -> Readiness:
        return Readiness(ready=True)

    def extensions(self) -> Extensions:
        return Extensions()

    def watched(self, kind: str, namespace: str = "") -> bool:
        return True

    def nodes(self) -> Sequence[Node]:
        return [a_node(name=name, boot_id=f"boot-{name}") for name in self._lives]

    def lease(self, node: str) -> Lease:
        return a_lease(advanced=self._lives[node])

    def bound_to(self, node: str) -> Sequence[Ref]:
        return (Ref("pod", "shop", f"db-{node}"),)


@pytest.mark.parametrize(
    ("lives", "asked"),
    [
        ({"a": True, "b": True, "c": False}, {"c"}),
        ({"a": False, "b": False, "c": False}, set()),
        ({"a": True} | {f"n{number}": False for number in range(50)}, set()),
    ],
    ids=["all but one", "none yet", "one of many"],
)
def test_what_is_bound_is_known_before_the_controllers_call_a_node_dead(
    lives: Mapping[str, bool], asked: set[str]
) -> None:
    """It is told of after twenty seconds, and counts as Ready for forty; while all are silent yet, none is asked."""
    machines = Machines(lives)
    assert Gate().look(World(cluster=machines, host=machines)).bound.keys() == asked
