"""Pods that only their deletion moves, and pods that are not taken down while no other could take their place."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.cluster.refusals import Refusals
from bootheal.cluster.rollout import rollout
from bootheal.model import ActionRecord, Admission, Container, Pod, Quota, Ref, Requirement, State, Webhook, Workload
from bootheal.step import Act, Settled, Wait
from bootheal.workloads.actions import ReplacePod, ResetPod, RollOut, ScaleUp
from bootheal.workloads.observation import WorkloadObservation
from bootheal.workloads.strategy import Choice
from bootheal.workloads.workload import WorkloadStep
from support.objects import BOOT, NOW, THIS_BOOT, a_deployment, a_node, a_pod, past, running, terminated, waiting

WEB = Ref("deployment", "shop", "web")
STEP = WorkloadStep(name=str(WEB), workload=WEB)
ORDERED = Ref("statefulset", "shop", "ordered")
STATEFUL = WorkloadStep(name=str(ORDERED), workload=ORDERED)
OWNER = Ref("statefulset", "shop", "ordered")
LOOPING = waiting("CrashLoopBackOff", restarts=4)
HOOK = Webhook("mutate.example.org", "MutatingWebhookConfiguration policy", Ref("service", "policy", "policy-svc"))
LABELLED = replace(HOOK, objects=(Requirement("x", "Exists"),))
QUOTA = Quota(Ref("resourcequota", "shop", "mem"), ("limits.memory",))


def seen(*pods: Pod, workload: Workload | None = None, **facts: Any) -> WorkloadObservation:
    workload = workload or a_deployment(available=0, ready=0)
    return replace(WorkloadObservation(workload, pods, rollout(workload), boot_time=THIS_BOOT), **facts)


def stateful(**fields: Any) -> Workload:
    revisions = {"update_revision": "ordered-r3", "current_revision": "ordered-r2", "ordered": True}
    return a_deployment(ref=ORDERED, desired=1, replicas=1, updated=0, ready=0, available=0, **revisions | fields)


def of_old(*containers: Container, **fields: Any) -> Pod:
    labels = {"controller-revision-hash": "ordered-r2"}
    return a_pod("ordered-0", *containers, ready=False, owner=OWNER, labels=labels, **fields)


def done(judgement: object) -> list[tuple[type, str, str]]:
    assert isinstance(judgement, Act), judgement
    return [(type(action), str(action.about), action.cause) for action in judgement.actions]


def after(observation: WorkloadObservation, judgement: object) -> Any:
    """Return a past in which the judgement's actions were done."""
    assert isinstance(judgement, Act)
    records = [
        ActionRecord(0, each.kind(), str(each.about), each.cause, NOW - 1, "", "done", each.note)
        for each in judgement.actions
    ]
    return past(done=tuple(records), first_seen=dict.fromkeys(observation.conditions, NOW - 600))


TYPO = waiting(
    "ImagePullBackOff", image="example/ordered:typo", message='Back-off pulling image "example/ordered:typo"'
)


def test_an_ordered_pod_of_the_old_template_is_deleted_once() -> None:
    """Its image the template no longer names; its controller does nothing until somebody deletes it."""
    facts = seen(of_old(TYPO), workload=stateful(images=("example/ordered:1",)))
    judgement = STATEFUL.judge(facts, past())
    assert done(judgement) == [(ResetPod, "pod/shop/ordered-0", "of an old template, it cannot become ready")]
    assert isinstance(judgement, Act)
    assert "example/ordered:typo" in judgement.why
    again = STATEFUL.judge(facts, after(facts, judgement))
    assert not isinstance(again, Act), "once"


@pytest.mark.parametrize(
    ("workload", "pod"),
    [
        (stateful(images=("example/ordered:typo",)), of_old(TYPO)),
        (stateful(images=("example/ordered:1",), partition=1), of_old(TYPO)),
        (stateful(images=("example/ordered:1",), strategy="OnDelete"), of_old(TYPO)),
        (stateful(images=("example/ordered:1",), ordered=False), of_old(TYPO)),
        (stateful(images=("example/ordered:1",), update_revision="ordered-r2"), of_old(TYPO)),
        (stateful(images=("example/ordered:1",)), of_old(TYPO, deleting=True)),
    ],
    ids=["the same image", "below the partition", "OnDelete", "parallel", "its revision", "going"],
)
def test_a_pod_that_would_come_back_as_it_is_is_left(workload: Workload, pod: Pod) -> None:
    """Deleting it would be of no use, or is somebody else's."""
    assert not isinstance(STATEFUL.judge(seen(pod, workload=workload), past()), Act)


ONCE = "example/ordered:1"


@pytest.mark.parametrize(
    "pod",
    [
        of_old(waiting("ErrImagePull", image="example/ordered:typo", message="rpc error: code = NotFound")),
        of_old(waiting("ErrImageNeverPull", image="example/ordered:typo")),
        of_old(waiting("InvalidImageName", image="example/ordered::1")),
        of_old(waiting("CreateContainerConfigError", image=ONCE, message='secret "typo" not found')),
        of_old(waiting("CreateContainerConfigError", image=ONCE, message='configmap "typo" not found')),
        of_old(
            waiting("RunContainerError", image=ONCE, message='exec: "/typo": stat /typo: no such file or directory')
        ),
        of_old(unschedulable="0/1 nodes are available: 1 Insufficient memory."),
        of_old(unschedulable="0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."),
        of_old(unschedulable='0/1 nodes are available: persistentvolumeclaim "typo" not found.'),
        of_old(waiting("PodInitializing"), init=(waiting("ImagePullBackOff", name="init", image="example/init:typo"),)),
    ],
    ids=["pulled", "never pulled", "name", "secret", "configmap", "command", "room", "selector", "claim", "init"],
)
def test_whatever_its_old_template_lacked_it_is_deleted_once_that_is_certain(pod: Pod) -> None:
    """The corrected template lacks it no more; without us its controller waits for ever."""
    facts = seen(pod, workload=stateful(images=(ONCE,)))
    judgement = STATEFUL.judge(facts, past(first_seen=dict.fromkeys(facts.conditions, NOW - 600)))
    assert done(judgement) == [(ResetPod, "pod/shop/ordered-0", "of an old template, it cannot become ready")]
    assert not isinstance(STATEFUL.judge(facts, after(facts, judgement)), Act), "once"


def test_where_nothing_may_be_restarted_the_command_is_told() -> None:
    """`restart: never` deletes nothing."""
    facts = seen(of_old(TYPO), workload=stateful(images=("example/ordered:1",)))
    judgement = replace(STATEFUL, restart="never").judge(facts, past())
    assert isinstance(judgement, Wait)
    assert judgement.hint == "kubectl -n shop delete pod ordered-0"


RESERVED = 'failed to reserve container name "main_a": name "main_a" is reserved for "4f0c"'


def test_a_reserved_name_is_evaded_by_a_new_pod_once_it_has_lasted() -> None:
    """The name holds the pod's UID; the runtime may give it free by itself within some seconds."""
    facts = seen(a_pod("web-1", waiting("CreateContainerError", message=RESERVED)))
    assert isinstance(STEP.judge(facts, past()), Wait)
    lasting = past(first_seen=dict.fromkeys(facts.conditions, NOW - 30))
    judgement = STEP.judge(facts, lasting)
    assert done(judgement) == [(ResetPod, "pod/shop/web-1", "its name is still reserved")]
    assert isinstance(STEP.judge(facts, after(facts, judgement)), Wait)


def test_a_runtime_that_is_busy_is_waited_for() -> None:
    """It was taken for a missing Secret, and given up after two minutes."""
    facts = seen(a_pod("web-1", waiting("CreateContainerError", message="context deadline exceeded")))
    judgement = STEP.judge(facts, past(first_seen=dict.fromkeys(facts.conditions, NOW - 1500)))
    assert isinstance(judgement, Wait)
    assert "container runtime is busy" in judgement.why
    assert "journalctl -u k3s" in judgement.hint


MIGRATE = Container("migrate", State.TERMINATED, reason="Completed", ended=BOOT - 50)


def test_a_pod_whose_init_container_was_skipped_is_made_anew_once() -> None:
    """kubernetes#138706: after a power cut the app may start although its init containers have not run again."""
    workload = a_deployment(desired=1, replicas=1, updated=1, ready=1, available=1)
    facts = seen(a_pod("web-1", running(), init=(MIGRATE,)), workload=workload)
    judgement = STEP.judge(facts, past())
    assert done(judgement) == [(ReplacePod, "pod/shop/web-1", "an init container of it did not run in this boot")]
    assert isinstance(judgement, Act)
    assert "init container migrate did not run" in judgement.why
    assert not isinstance(STEP.judge(facts, after(facts, judgement)), Act)


@pytest.mark.parametrize(
    "pod",
    [
        a_pod("web-1", running(), init=(replace(MIGRATE, ended=BOOT + 5),)),
        a_pod("web-1", running(), init=(replace(MIGRATE, sidecar=True),)),
        a_pod("web-1", running(started=BOOT - 5), init=(MIGRATE,)),
        a_pod("web-1", running(), init=(MIGRATE,), deleting=True),
        a_pod("web-1", running()),
    ],
    ids=["ran in this boot", "a sidecar", "runs since before it", "going", "has none"],
)
def test_a_pod_whose_init_containers_ran_is_left_alone(pod: Pod) -> None:
    """Nothing is deleted that began as it should."""
    workload = a_deployment(desired=1, replicas=1, updated=1, ready=1, available=1)
    assert not isinstance(STEP.judge(seen(pod, workload=workload), past()), Act)


def test_a_completed_pod_of_before_the_boot_is_deleted_with_uid_and_version() -> None:
    """kubernetes#118310: the StatefulSet of 1.27 and 1.28 does not replace it."""
    ended = a_pod("ordered-0", terminated("Completed", ended=BOOT - 60), phase="Succeeded", ready=False, owner=OWNER)
    facts = seen(workload=stateful(), left_over=(ended,), absent="pod/shop/ordered-0 is Completed")
    judgement = STATEFUL.judge(facts, past())
    assert done(judgement) == [(ResetPod, "pod/shop/ordered-0", "Completed before this boot")]
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, ResetPod)
    assert (action.uid, action.version) == ("uid-ordered-0", "1")
    told = replace(STATEFUL, restart="never").judge(facts, past())
    assert isinstance(told, Wait)
    assert "pod/shop/ordered-0 is Completed" in told.why
    assert told.hint == "kubectl -n shop delete pod ordered-0"


# --- no deed that cannot succeed --------------------------------------------------------------------

REFUSALS = {
    "webhook": Refusals(Admission("shop", webhooks=(HOOK,))),
    "quota": Refusals(Admission("shop", quotas=(QUOTA,))),
    "namespace": Refusals(Admission("shop", going_away=True)),
    "cordoned": Refusals(nodes=(a_node(unschedulable=True),)),
    "full": Refusals(nodes=(a_node(taints=("node.kubernetes.io/disk-pressure",)),)),
    "not ready": Refusals(nodes=(a_node(ready=False),)),
    "image": Refusals(unpulled={"web:1": a_pod("other", waiting("ErrImagePull", image="web:1"))}),
}


@pytest.mark.parametrize("refuses", REFUSALS)
@pytest.mark.parametrize("way", ["rollout", "scale", "delete-pods"])
def test_nothing_is_taken_down_while_new_pods_are_refused(refuses: str, way: Any) -> None:
    """What loops comes back in its place, what serves would be taken down for nothing."""
    always = replace(STEP, restart="always")
    serving = seen(
        a_pod("web-1", running(image="web:1"), created=BOOT - 9),
        workload=a_deployment(desired=1, replicas=1, updated=1, ready=1, available=1),
        choice=Choice(way),
    )
    looping = seen(a_pod("web-1", replace(LOOPING, image="web:1")))
    for step, facts in ((always, serving), (STEP, looping)):
        assert isinstance(step.judge(facts, past()), Act), "else it would be done"
        judgement = step.judge(replace(facts, refusals=REFUSALS[refuses]), past())
        assert isinstance(judgement, Wait)
        assert judgement.why.startswith(("not deleted yet: ", "not restarted yet: "))


def test_what_refuses_is_named() -> None:
    """With what it lacks, so that a person knows where to look."""
    judgement = STEP.judge(seen(a_pod("web-1", LOOPING), refusals=REFUSALS["webhook"]), past())
    assert isinstance(judgement, Wait)
    assert judgement.why.startswith(
        "not deleted yet: webhook mutate.example.org of MutatingWebhookConfiguration policy refuses new pods: "
        "service/policy/policy-svc has no ready endpoints"
    )


def test_replicas_are_given_back_whatever_refuses_new_pods() -> None:
    """A workload must not stay at zero for it: its controller makes the pods as soon as it can."""
    held = a_deployment(desired=0, replicas=0, updated=0, ready=0, available=0, scaled_from=2)
    judgement = STEP.judge(seen(workload=held, refusals=REFUSALS["quota"]), past())
    assert [kind for kind, _, _ in done(judgement)] == [ScaleUp]


@pytest.mark.parametrize(
    ("refusals", "pod", "refused"),
    [
        (Refusals(Admission(webhooks=(LABELLED,))), a_pod(), False),
        (Refusals(Admission(webhooks=(LABELLED,))), a_pod(labels={"x": "1"}), True),
        (Refusals(Admission(quotas=(replace(QUOTA, used_up=()),))), a_pod(), False),
        (Refusals(Admission(quotas=(replace(QUOTA, scopes=("Terminating",)),))), a_pod(), False),
        (Refusals(Admission(quotas=(replace(QUOTA, scopes=("BestEffort",)),))), a_pod(quality="Burstable"), False),
        (Refusals(Admission(quotas=(replace(QUOTA, scopes=("BestEffort",)),))), a_pod(quality="BestEffort"), True),
        (Refusals(Admission(quotas=(replace(QUOTA, scopes=("NotBestEffort",)),))), a_pod(quality="BestEffort"), False),
        (Refusals(Admission(quotas=(replace(QUOTA, scopes=("PriorityClass",)),))), a_pod(), False),
        (Refusals(nodes=(a_node(unschedulable=True), a_node(name="other"))), a_pod(), False),
        (Refusals(nodes=(a_node(unschedulable=True),)), a_pod(owner=Ref("daemonset", "shop", "web")), False),
        (Refusals(nodes=(a_node(taints=("dedicated",)),)), a_pod(), False),
        (Refusals(nodes=(a_node(taints=("node.kubernetes.io/memory-pressure",)),)), a_pod(quality="Burstable"), False),
        (Refusals(nodes=(a_node(taints=("node.kubernetes.io/memory-pressure",)),)), a_pod(quality="BestEffort"), True),
        (Refusals(), a_pod(), False),
    ],
)  # fmt: skip
def test_what_concerns_other_pods_keeps_none_of_these_out(refusals: Refusals, pod: Pod, refused: bool) -> None:
    """Selectors, scopes, other nodes, and what DaemonSets' pods tolerate."""
    assert bool(refusals.of(pod)) is refused


@pytest.mark.parametrize("shape", [{"partition": 1}, {"strategy": "OnDelete"}], ids=str)
def test_pods_that_no_rollout_replaces_are_named_and_not_called_serving_again(shape: dict[str, Any]) -> None:
    """Of a StatefulSet with a partition only those above it are replaced, with OnDelete none."""
    workload = replace(stateful(**shape), desired=2, replicas=2, updated=1, ready=2, available=2)
    pods = (
        a_pod("ordered-0", running(started=BOOT + 5), created=BOOT - 9, owner=OWNER),
        a_pod("ordered-1", running(started=NOW - 20), created=NOW - 20, owner=OWNER),
    )
    note = {"mark": "new/repaired-0.0", "newest": str(BOOT)}
    rolled = ActionRecord(0, RollOut.kind(), str(ORDERED), "c", NOW - 30, "", "done", note)
    judgement = STATEFUL.judge(seen(*pods, workload=workload), past(done=(rolled,)))
    assert isinstance(judgement, Settled)
    assert not judgement.why.startswith("serves again")
    assert any("delete pod ordered-0" in remark for remark in judgement.remarks)
