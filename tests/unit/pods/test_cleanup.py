"""What is deleted after a reboot, what is left, and when it is too much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.cluster.dead_pods import cause_of_death
from bootheal.cluster.delete_pod import DeletePod
from bootheal.model import (
    DELETES_AT_ONCE,
    Admission,
    BootTime,
    Container,
    Lease,
    Node,
    Pod,
    PodToDelete,
    Ref,
    State,
    Webhook,
)
from bootheal.pods.cleanup import BATCH, BEGAN, FEW, WITNESSES, Cleanup, CleanupObservation, DeletePods
from bootheal.ports import Partial, World
from bootheal.step import Act, GiveUp, Judgement, Past, Settled, Wait
from support.objects import BOOT, NOW, THIS_BOOT, a_lease, a_node, a_pod, past, running, terminated, waiting
from support.thorough import times

CLEANUP = Cleanup(namespaces=("shop",), grace=60, cap=2)


@dataclass
class Cluster(Partial):
    """Only pods and nodes; a node's kubelet knows the UIDs in `known`."""

    listed: tuple[Pod, ...]
    node: Node = field(default_factory=a_node)
    known: frozenset[str] = frozenset({"another"})
    keeps_out: Admission = field(default_factory=Admission)

    def pods(self, namespace: str, labels: Mapping[str, str] | None = None) -> list[Pod]:
        return [pod for pod in self.listed if pod.ref.namespace == namespace]

    def nodes(self) -> list[Node]:
        return [self.node]

    def admission(self, namespace: str) -> Admission:
        return self.keeps_out

    def lease(self, _node: str) -> Lease:
        return a_lease()

    def pods_of_kubelet(self, _node: str) -> frozenset[str]:
        return self.known


class Host(Partial):
    def boot_id(self) -> str:
        return "new"

    def boot_time(self) -> BootTime:
        return THIS_BOOT


def look(*pods: Pod, step: Cleanup = CLEANUP, **cluster: Any) -> CleanupObservation:
    simulated = Cluster(pods, **cluster)
    return step.look(World(cluster=simulated, pod_access=simulated, host=Host()))


def dead(name: str = "a", *containers: Container, **fields: Any) -> Pod:
    """A pod that has been Unknown since before anybody looked."""
    return a_pod(name, *containers or (terminated("Unknown"),), ready=False, node="box", **fields)


def failed(name: str, reason: str, **fields: Any) -> Pod:
    """A pod that is over for good."""
    return a_pod(name, phase="Failed", reason=reason, containers=(), ready=False, node="box", **fields)


def for_long(seconds: float = 60) -> Past:
    """A past in which the step has been looking for so long."""
    return past(first_seen={BEGAN: NOW - seconds})


def given_time(judgement: Judgement) -> bool:
    """Whether it is looked at again later, while nobody waits for it."""
    return isinstance(judgement, Settled) and judgement.again is not None


@pytest.mark.parametrize(
    "pod",
    [
        dead(),
        dead("a", terminated("ContainerStatusUnknown"), phase="Failed"),
        failed("a", "Terminated"),
        failed("a", "NodeShutdown"),
        failed("a", "NodeAffinity"),
        failed("a", "Evicted"),
    ],
)
def test_what_the_reboot_killed_is_deleted(pod: Pod) -> None:
    """That very pod as it was seen, and its last words are kept."""
    judgement = CLEANUP.judge(look(pod), for_long())
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, DeletePod)
    assert (action.pod, action.uid, action.version) == (pod.ref, pod.uid, pod.version)
    assert action.heard == tuple(container.name for container in pod.containers)


def test_what_the_kubelet_may_still_restart_is_given_time() -> None:
    """The grace runs since this boot's kubelet can be seen, and since the pod died: whatever is later."""
    assert CLEANUP.judge(look(dead()), for_long(20)) == Settled(
        "the kubelet may still see to pods that are dead or overdue", again=40
    )
    just_died = dead("a", terminated("Unknown", ended=NOW - 10))
    judgement = CLEANUP.judge(look(just_died), for_long())
    assert isinstance(judgement, Settled)
    assert judgement.again == 50


def test_what_is_over_for_good_had_its_time_before() -> None:
    """A Failed pod is not restarted by anybody: how long it has been dead is in its own status."""
    pod = failed("a", "NodeShutdown", ready_changed=BOOT - 5)
    assert isinstance(CLEANUP.judge(look(pod), for_long(0)), Act)
    young = failed("a", "NodeShutdown", ready_changed=NOW - 5)
    assert given_time(CLEANUP.judge(look(young), for_long(0)))


def test_a_time_of_death_in_the_future_is_not_believed() -> None:
    """The clock was wrong; then it counts for how long we have been looking."""
    pod = failed("a", "NodeShutdown", ready_changed=NOW + 1e6)
    assert given_time(CLEANUP.judge(look(pod), for_long(59)))
    assert isinstance(CLEANUP.judge(look(pod), for_long(60)), Act)


@pytest.mark.parametrize(
    "pod",
    [
        a_pod("a"),
        a_pod("a", waiting("CrashLoopBackOff")),
        a_pod("a", waiting("ImagePullBackOff"), phase="Pending"),
        a_pod("a", waiting("CreateContainerConfigError"), phase="Pending"),
        dead(deleting=True),
    ],
)
def test_what_has_another_trouble_is_not_touched(pod: Pod) -> None:
    """Crash loops, image pulls, missing Secrets and pods that are ending have other cures."""
    assert CLEANUP.judge(look(pod), for_long()) == Settled("no dead pod")


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        (dead(owner=None), "a bare pod, nothing would make it again"),
        (dead(owner=Ref("job", "shop", "migrate")), "a Job's pod, deleting it would count as a failure"),
        (dead(owner=Ref("etcdcluster", "shop", "e")), "its owner is etcdcluster/shop/e, which may not make it again"),
        (dead(mirror=True), "a static pod, the kubelet's own"),
        (
            failed("a", "OutOfmemory"),
            "not among cleanup.reasons, since what replaces it may die of the same",
        ),
    ],
)
def test_what_deleting_would_not_mend_is_left_and_reported(pod: Pod, why: str) -> None:
    """Bare, Job and static pods, other owners', and what the node has no room for: remarks, never deleted."""
    seen = look(pod)
    assert CLEANUP.judge(seen, for_long()) == Settled(
        "1 dead pod is left", (f"left pod/shop/a ({seen.dead[0].why}): {why}",)
    )


def test_many_that_are_left_are_counted() -> None:
    """One line for each reason to leave pods, with a few names."""
    pods = [dead(f"a{number:03}", owner=None) for number in range(120)]
    judgement = CLEANUP.judge(look(*pods), for_long())
    assert isinstance(judgement, Settled)
    names = "pod/shop/a000 (Unknown), pod/shop/a001 (Unknown), pod/shop/a002 (Unknown) and 117 more"
    assert judgement.remarks == (f"left {names}: a bare pod, nothing would make it again",)


def test_the_evicted_are_left_until_the_pressure_is_gone() -> None:
    """Deleting them earlier makes a successor that is evicted, too."""
    pod, pressed = failed("a", "Evicted"), a_node(pressures=("DiskPressure",))
    judgement = CLEANUP.judge(look(pod, node=pressed), for_long())
    assert isinstance(judgement, Settled)
    assert judgement.remarks == ("left pod/shop/a (Evicted): node box still has DiskPressure",)
    assert isinstance(CLEANUP.judge(look(pod), for_long()), Act)


@pytest.mark.parametrize("node", [a_node(ready=False), a_node(name="else")], ids=["silent", "gone"])
def test_what_no_kubelet_would_end_is_left(node: Node) -> None:
    """It would only be marked, and ended when its node comes back; what has Failed goes without its kubelet."""
    lost = replace(dead("a"), node="box", reason="NodeLost")
    judgement = CLEANUP.judge(look(lost, node=node), for_long())
    assert isinstance(judgement, Settled)
    assert judgement.remarks == ("left pod/shop/a (NodeLost): node box is away, and no kubelet would end it",)
    assert isinstance(CLEANUP.judge(look(failed("b", "NodeShutdown"), node=node), for_long()), Act)


def test_reasons_can_be_declared() -> None:
    """More or fewer than the default."""
    step = replace(CLEANUP, reasons=frozenset({"OutOfpods"}))
    assert isinstance(step.judge(look(failed("a", "OutOfpods"), step=step), for_long()), Act)
    assert isinstance(step.judge(look(dead(), step=step), for_long()), Settled)


def test_too_many_dead_pods_are_refused() -> None:
    """More than the cap: none is deleted, and a person is told how many, where, and what to do."""
    pods = [dead(name) for name in "abc"]
    assert CLEANUP.judge(look(*pods), for_long()) == GiveUp(
        "3 pods are dead (3 in namespace shop), more than cleanup.cap = 2: none of them is deleted",
        "look at them with `kubectl -n shop get pods`; if they are leftovers, raise cleanup.cap to 3 or more",
    )


def test_what_the_kubelet_may_still_restart_is_not_too_much() -> None:
    """For some seconds after a power cut every pod there is looks dead."""
    pods = [dead(name) for name in "abc"]
    assert given_time(CLEANUP.judge(look(*pods), for_long(5)))


def test_the_cap_is_for_the_whole_boot() -> None:
    """Pods whose successors die again are not deleted for ever."""
    done = [
        DeletePods(cause="Unknown 1", pods=(PodToDelete(dead("b").ref, "b", "1"),)),
        DeletePod(cause="Unknown", pod=dead("c").ref, uid="c", version="1", newest=0.0),
    ]
    judgement = CLEANUP.judge(look(dead()), replace(for_long(), done=tuple(as_done(action) for action in done)))
    assert isinstance(judgement, GiveUp)
    assert judgement.why.startswith("1 pod is dead (1 in namespace shop), after 2 in this boot, more than cleanup.cap")


def as_done(action: Any) -> Any:
    from bootheal.model import ActionRecord

    return ActionRecord(
        number=0,
        action=action.kind(),
        object=str(action.about),
        cause=action.cause,
        at=NOW,
        sentence=action.sentence,
        result="done",
        note=action.note,
    )


def test_a_heap_is_deleted_in_batches_after_the_first_have_been_heard() -> None:
    """The last words of ten are kept; the others go many at a time, one namespace at a time, each batch on record."""
    step = replace(CLEANUP, cap=1000, namespaces=("other", "shop"))
    pods = [dead(f"a{number:03}") for number in range(2 * BATCH + FEW)]
    elsewhere = [replace(dead(f"b{number:03}"), ref=Ref("pod", "other", f"b{number:03}")) for number in range(FEW)]
    first = step.judge(look(*pods, *elsewhere, step=step), for_long())
    assert isinstance(first, Act)
    assert len(first.actions) == WITNESSES
    assert all(isinstance(action, DeletePod) and action.heard is not None for action in first.actions)
    done = tuple(as_done(action) for action in first.actions)
    second = step.judge(look(*pods, step=step), replace(for_long(), done=done))
    assert isinstance(second, Act)
    assert [action.sentence for action in second.actions][:2] == [
        f"delete {BATCH} dead pods of namespace/shop (Unknown {BATCH})"
    ] * 2
    batches = [action.pods for action in second.actions if isinstance(action, DeletePods)]
    assert [pod.ref for batch in batches for pod in batch] == [pod.ref for pod in pods]


def test_a_batch_is_deleted_in_parts_that_take_no_longer_than_one_request() -> None:
    """Each pod is in one of them, and no part has more than are deleted at once: the watchdog waits for no longer."""
    doomed = tuple(PodToDelete(Ref("pod", "shop", f"a{number}"), f"{number}", "1") for number in range(BATCH - 1))
    sent: list[tuple[PodToDelete, ...]] = []

    class Writer(Partial):
        def delete_pods(self, pods: Sequence[PodToDelete]) -> None:
            sent.append(tuple(pods))

    for part in DeletePods(cause="Unknown", pods=doomed).parts():
        part.apply(World(writer=Writer()))
    assert tuple(pod for part in sent for pod in part) == doomed
    assert max(len(part) for part in sent) <= DELETES_AT_ONCE


@pytest.mark.parametrize("more", [1, DELETES_AT_ONCE + 1])
def test_a_batch_or_a_part_of_one_pod_names_it(more: int) -> None:
    """Whatever number of dead pods is left for the last: nothing is deleted that no sentence tells of."""
    step = replace(CLEANUP, cap=500)
    pods = [dead(f"a{number:03}") for number in range(BATCH + more)]
    first = step.judge(look(*pods, step=step), for_long())
    assert isinstance(first, Act)
    heard = tuple(as_done(action) for action in first.actions)
    judgement = step.judge(look(*pods, step=step), replace(for_long(), done=heard))
    assert isinstance(judgement, Act)
    *_, last = judgement.actions[-1].parts()
    assert last.sentence.startswith(f"delete pod/shop/a{BATCH + more - 1:03} (")


def test_log_lines_can_be_left_out() -> None:
    """The state file is readable by everybody on this machine."""
    step = replace(CLEANUP, log_lines=0)
    judgement = step.judge(look(dead(), step=step), for_long())
    assert isinstance(judgement, Act)
    assert [action.heard for action in judgement.actions if isinstance(action, DeletePod)] == [()]


# --- Terminating ----------------------------------------------------------------------------------


def overdue(seconds: float = 600, **fields: Any) -> Pod:
    return dead(deleting=True, delete_by=NOW - seconds, **fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"finalizers": ("example.com/hold",)}, "finalizer example.com/hold holds it; who set it must take it off"),
        (
            {"claims": ("pg",)},
            "the kubelet of box is not done, perhaps with persistentvolumeclaim pg; see `kubectl -n shop",
        ),
    ],
)
def test_what_stays_terminating_is_named_with_what_holds_it(fields: dict[str, Any], said: str) -> None:
    """A finalizer or a volume; nothing is forced, nothing is taken off."""
    judgement = CLEANUP.judge(look(overdue(**fields)), for_long())
    assert isinstance(judgement, Settled)
    assert judgement.remarks[0].startswith(f"pod/shop/a should have gone 10 min ago: {said}")


def test_the_kubelet_is_given_time_to_end_what_was_being_deleted() -> None:
    """After a reboot it does so by itself; what is not overdue is nobody's business."""
    assert given_time(CLEANUP.judge(look(overdue()), for_long(10)))
    assert CLEANUP.judge(look(overdue(-5)), for_long(10)) == Settled("no dead pod")
    assert CLEANUP.judge(look(overdue(5)), for_long(60)) == Settled("no dead pod")
    assert CLEANUP.judge(look(overdue(5)), for_long(10)) == Settled("no dead pod")  # deleted since we look


FORCING = replace(CLEANUP, force_after=300.0)


def test_forcing_is_for_what_the_kubelet_of_this_boot_does_not_know() -> None:
    """On request, late enough, at its version."""
    judgement = FORCING.judge(look(overdue(), step=FORCING), for_long())
    assert isinstance(judgement, Act)
    assert [action.sentence for action in judgement.actions] == [
        "force the deletion of pod/shop/a (unknown to the kubelet of box)"
    ]


@pytest.mark.parametrize(
    ("pod", "cluster", "objection"),
    [
        (overdue(), {"known": frozenset({"uid-a"})}, "the kubelet of box still knows it"),
        (
            overdue(),
            {"known": frozenset()},
            "the kubelet of box knows of no pod at all, as when it has just begun",
        ),
        (overdue(mirror=True), {}, "a static pod is the kubelet's own, which knows it by another UID"),
        (overdue(finalizers=("x/y",)), {}, "a finalizer is not bootheal's to take off"),
        (overdue(), {"node": a_node(boot_id="old")}, "node box still shows the previous boot (old, this one is new)"),
        (overdue(), {"node": a_node(ready=False)}, "node box is not Ready"),
        (overdue(), {"node": a_node(name="other")}, "there is no node box whose kubelet could be asked"),
    ],
)
def test_nothing_else_is_forced_and_the_reason_is_told(pod: Pod, cluster: dict[str, Any], objection: str) -> None:
    """Where anything of the pod could still run."""
    judgement = FORCING.judge(look(pod, step=FORCING, **cluster), for_long())
    assert isinstance(judgement, Settled)
    assert judgement.remarks[0].endswith(f"; not forced: {objection}")


def test_forcing_needs_its_time_and_its_switch() -> None:
    """Neither a pod that is not late enough, nor any without `force_after`."""
    assert isinstance(FORCING.judge(look(overdue(299), step=FORCING), for_long()), Settled)
    assert isinstance(CLEANUP.judge(look(overdue(1e6)), for_long()), Settled)


# --- no healthy pod -------------------------------------------------------------------------------


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Draw what makes a pod a case for deletion, most of the time: each sign against it must be enough alone."""
    return st.sampled_from([usual] * (2 + len(others)) + list(others))


RARELY = st.sampled_from([False, False, False, True])
TIMES = mostly(BOOT - 1000, None, BOOT + 10, NOW - 1, NOW + 1000)
CONTAINERS = st.builds(
    Container,
    name=st.just("main"),
    state=mostly(State.TERMINATED, State.RUNNING, State.WAITING),
    reason=mostly("Unknown", "ContainerStatusUnknown", "Error", "Completed", ""),
    ready=st.booleans(),
    started=TIMES,
    ended=TIMES,
)
OWNERS = mostly("replicaset", "statefulset", "daemonset", "job", "node", "cronjob", "other", "")
PODS = st.builds(
    Pod,
    ref=st.builds(Ref, st.just("pod"), mostly("shop", "kube-system"), st.sampled_from("abcdef")),
    uid=st.uuids().map(str),
    version=st.just("1"),
    phase=st.sampled_from(["Running", "Failed", "Running", "Failed", "Pending", "Succeeded", "Unknown"]),
    reason=st.sampled_from(["", "Evicted", "NodeLost", "", "Evicted", "Terminated", "OutOfcpu", "Odd"]),
    ready=RARELY,
    created=st.just(BOOT - 5000),
    ready_changed=TIMES,
    deleting=RARELY,
    delete_by=TIMES,
    finalizers=mostly((), ("x/y",)),
    mirror=RARELY,
    owner=OWNERS.map(lambda kind: Ref(kind, "shop", "owner") if kind else None),
    containers=st.lists(CONTAINERS, max_size=2).map(tuple),
    init=st.lists(CONTAINERS, max_size=1).map(tuple),
    node=mostly("box", "gone", ""),
)


def lives(pod: Pod) -> bool:
    """Whether it serves, or something of it runs in this boot."""
    ran = (c for c in pod.containers if c.state is State.RUNNING)
    return (pod.ready and pod.phase == "Running") or any(c.started is None or c.started >= BOOT for c in ran)


@settings(max_examples=times(80))
@given(
    pods=st.lists(PODS, min_size=1, max_size=5), watched=mostly(60, 0, 59), pressed=st.booleans(), known=st.booleans()
)
def test_no_healthy_pod_is_deleted(pods: list[Pod], watched: float, pressed: bool, known: bool) -> None:
    """Whatever the API says: nothing that lives, nothing that nobody would make again, nothing undeclared."""
    step = replace(CLEANUP, cap=1000, force_after=1.0)
    node = a_node(pressures=("MemoryPressure",) if pressed else ())
    uids = frozenset(pod.uid for pod in pods if known) | {"another"}
    judgement = step.judge(look(*pods, step=step, node=node, known=uids), for_long(watched))
    if not isinstance(judgement, Act):
        return
    by_uid = {pod.uid: pod for pod in pods}
    for action in judgement.actions:
        doomed = action.pods if isinstance(action, DeletePods) else (action,)
        for pod in (by_uid[each.uid] for each in doomed):  # type: ignore[union-attr]
            assert pod.ref.namespace == "shop"
            if isinstance(action, DeletePod | DeletePods):
                assert not lives(pod)
                assert not pod.mirror
                assert pod.owner is not None
                assert pod.owner.kind in ("replicaset", "statefulset", "daemonset")
                assert not (pressed and pod.node == "box" and pod.phase == "Failed" and pod.reason == "Evicted")
            else:
                assert pod.deleting
                assert not pod.finalizers
                assert not pod.mirror
                assert pod.uid not in uids


def test_a_running_pod_next_to_a_dead_one_is_spared() -> None:
    """The property above can fail: this is what it looks for."""
    assert lives(a_pod("a", running()))
    assert not lives(dead())


OWNED = Ref("statefulset", "shop", "db")
HOOK = Webhook("m.example.org", "MutatingWebhookConfiguration policy", Ref("service", "policy", "m"))


def completed(**fields: Any) -> Pod:
    """A pod that ended in good order as the machine was shut down."""
    ended = (terminated("Completed", ended=BOOT - 60),)
    told = {"owner": OWNED, "containers": ended} | fields
    return a_pod("db-0", phase="Succeeded", ready=False, node="box", **told)


@pytest.mark.parametrize("kind", ["statefulset", "daemonset"])
def test_a_completed_pod_of_what_never_ends_is_deleted(kind: str) -> None:
    """kubernetes#118310: 1.27 and 1.28 do not replace it; deleting it is what everybody does by hand."""
    judgement = CLEANUP.judge(look(completed(owner=Ref(kind, "shop", "db"))), for_long())
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, DeletePod)
    assert (action.sentence, action.uid, action.version) == ("delete pod/shop/db-0 (Completed)", "uid-db-0", "1")


@pytest.mark.parametrize(
    "pod",
    [
        completed(owner=Ref("job", "shop", "db")),
        completed(owner=Ref("replicaset", "shop", "db")),
        completed(owner=None),
        completed(deleting=True),
        a_pod("db-0", terminated("Completed", ended=BOOT + 9), phase="Succeeded", ready=False, owner=OWNED),
        completed(containers=(terminated("Completed", ended=BOOT - 60), running())),
    ],
    ids=["a Job's", "a ReplicaSet's", "a bare one", "going", "of this boot", "one whose phase is wrong"],
)
def test_what_is_meant_to_end_or_ended_in_this_boot_is_left(pod: Pod) -> None:
    """Its status is what its owner wants to see."""
    assert isinstance(CLEANUP.judge(look(pod), for_long()), Settled | Wait)


def test_a_dead_pod_that_none_would_replace_is_not_deleted() -> None:
    """What is Unknown comes back in its place; what is deleted waits for the webhook."""
    pods = (dead(), failed("b", "Terminated", owner=OWNED))
    judgement = CLEANUP.judge(look(*pods, keeps_out=Admission("shop", webhooks=(HOOK,))), for_long(600))
    assert isinstance(judgement, Wait)
    assert judgement.why.startswith(
        "not deleted yet: webhook m.example.org of MutatingWebhookConfiguration policy refuses"
    )
    assert "pod/shop/a, pod/shop/b" in judgement.why


def test_one_that_is_refused_does_not_keep_the_others() -> None:
    """What a ReplicaSet has long replaced needs no new pod."""
    pods = (dead(), failed("b", "Terminated"))
    judgement = CLEANUP.judge(look(*pods, keeps_out=Admission("shop", webhooks=(HOOK,))), for_long(600))
    assert isinstance(judgement, Act)
    assert [str(action.about) for action in judgement.actions] == ["pod/shop/b"]


def test_a_bare_pod_that_began_without_its_init_container_is_told_of() -> None:
    """kubernetes#138706: nothing would make it again."""
    init = (Container("migrate", State.TERMINATED, "Completed", ended=BOOT - 50),)
    judgement = CLEANUP.judge(look(a_pod("job", running(), init=init, owner=None)), for_long())
    assert isinstance(judgement, Settled)
    assert "pod/shop/job (migrate)" in judgement.remarks[0]


def test_a_node_that_is_gone_has_no_kubelet_that_could_be_waited_for() -> None:
    """The host has another name since this boot."""
    stuck = a_pod("db-0", deleting=True, delete_by=NOW - 3000, node="old-name", claims=("data",))
    judgement = CLEANUP.judge(look(stuck), for_long(600))
    assert isinstance(judgement, Settled)
    assert "there is no node old-name any more" in judgement.remarks[0]
    asleep = replace(stuck, node="box")
    judgement = CLEANUP.judge(look(asleep, node=a_node(ready=False)), for_long(600))
    assert isinstance(judgement, Settled)
    assert "node box is not Ready" in judgement.remarks[0]


def test_nothing_is_forced_whose_successor_would_be_refused() -> None:
    """It waits for the webhook, as dead pods do; where the namespace itself goes away nobody wants a successor."""
    stuck = a_pod("db-0", deleting=True, delete_by=NOW - 3000, node="box", owner=OWNED)
    seen = look(stuck, step=FORCING, keeps_out=Admission("shop", webhooks=(HOOK,)))
    judgement = FORCING.judge(seen, for_long(600))
    assert isinstance(judgement, Wait)
    assert judgement.why.startswith("not deleted yet: webhook m.example.org")
    assert "pod/shop/db-0" in judgement.why
    for keeps_out in (Admission("shop"), Admission("shop", going_away=True)):
        assert isinstance(FORCING.judge(look(stuck, step=FORCING, keeps_out=keeps_out), for_long(600)), Act)


def test_whoever_is_passed_over_as_serving_is_not_dead() -> None:
    """Of ten thousand pods a look reads closely those only that do not plainly serve; it misses none for that."""
    phases, reasons = ("Running", "Pending", "Failed", "Succeeded", "Unknown"), ("", "NodeLost", "Evicted")
    containers, owners = (running(), terminated("Unknown")), (Ref("statefulset", "shop", "db"), None)
    several = [
        a_pod(f"p{number}", container, phase=phase, reason=reason, ready=ready, deleting=deleting, owner=owner)
        for number, (phase, reason, container, ready, deleting, owner) in enumerate(
            product(phases, reasons, containers, (True, False), (True, False), owners)
        )
    ]
    seen = look(*several)
    killed = [pod for pod in several if cause_of_death(pod, boot_time=THIS_BOOT)]
    assert {dead.pod.ref for dead in seen.dead} == {pod.ref for pod in killed}
    assert {pod.ref for pod in seen.terminating.pods} == {pod.ref for pod in several if pod.deleting}
