"""When a workload is restarted, how, and when it is left alone."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.actions import DeletePod
from bootheal.health import rollout
from bootheal.model import Answer, Done, Pod, Ref, Workload
from bootheal.probes import Http
from bootheal.step import Act, GiveUp, Settled, Wait
from bootheal.steps.workload import RollOut, Seen, WorkloadStep
from support.objects import BOOT, NOW, a_deployment, a_pod, past, running, terminated, waiting

WEB = Ref("deployment", "shop", "web")
STEP = WorkloadStep(name=str(WEB), workload=WEB, probe=Http(8000, "/health"))
OK = Answer(ok=True, spoke=True)
BAD = Answer(ok=False, spoke=True, text="web-1 GET /health says 503")
LOOPING = waiting("CrashLoopBackOff", restarts=4)


def seen(*pods: Pod, workload: Workload | None = None, **facts: Any) -> Seen:
    workload = workload or a_deployment()
    state = rollout(workload)
    probe = OK if state.done else None
    return replace(Seen(workload, pods or (a_pod(),), state, probe=probe), **facts)


def done(action: str, at: float = NOW - 10, **fields: Any) -> Done:
    return replace(Done(0, action, str(WEB), "cause", at, "did it", "done"), **fields)


def deleted(at: float = NOW - 10) -> Done:
    return done("delete-pod", at, object="pod/shop/web-1", note={"newest": str(at - 20)})


def rolled_out(at: float) -> Done:
    return done("roll-out", at, note={"newest": str(at - 20)})


def down(**fields: Any) -> Workload:
    return a_deployment(available=0, ready=0, **fields)


def test_what_is_well_is_left_alone() -> None:
    """With the reason for leaving it alone."""
    assert STEP.judge(seen(), past()) == Settled("well, left alone: 2 of 2 replicas are available, probe ok")


def test_looping_pods_are_deleted_once() -> None:
    """All that loop, which resets their back-off; the spec is not touched."""
    pods = (a_pod("web-1", LOOPING), a_pod("web-2", LOOPING), a_pod("web-3"))
    judgement = STEP.judge(seen(*pods, workload=down()), past())
    assert isinstance(judgement, Act)
    assert [(type(a), str(a.about)) for a in judgement.actions] == [
        (DeletePod, "pod/shop/web-1"),
        (DeletePod, "pod/shop/web-2"),
    ]


def test_a_pod_that_begins_to_loop_late_is_deleted_too_if_it_is_of_before() -> None:
    """Replicas crash at different times; those older than our deletion still have the old trouble."""
    late = a_pod("web-2", LOOPING, created=NOW - 30)
    judgement = STEP.judge(seen(late, workload=down()), past(done=(deleted(),)))
    assert isinstance(judgement, Act)
    assert str(judgement.actions[0].about) == "pod/shop/web-2"


def test_what_loops_again_after_that_is_rolled_out_once() -> None:
    """One crash of a new pod may be the old trouble passing, two in a row are not."""
    once = a_pod("web-9", waiting("CrashLoopBackOff", restarts=1), created=NOW - 5)
    twice = a_pod("web-9", waiting("CrashLoopBackOff", restarts=2), created=NOW - 5)
    assert isinstance(STEP.judge(seen(once, workload=down()), past(done=(deleted(),))), Wait)
    judgement = STEP.judge(seen(twice, workload=down()), past(done=(deleted(),)))
    assert isinstance(judgement, Act)
    assert isinstance(judgement.actions[0], RollOut)


def test_what_loops_even_then_is_given_up_with_its_last_words() -> None:
    """The report carries the log line that matters, and the command for more."""
    again = a_pod("web-9", waiting("CrashLoopBackOff", restarts=3), created=NOW - 5)
    facts = seen(again, workload=down(), log=" (last words: no module named django)")
    judgement = STEP.judge(facts, past(done=(deleted(NOW - 60), rolled_out(NOW - 30))))
    assert isinstance(judgement, GiveUp)
    assert "no module named django" in judgement.why
    assert judgement.hint == "kubectl -n shop logs --previous web-9"


def test_old_pods_may_loop_on_while_a_rollout_replaces_them() -> None:
    """They are not held against the new ones."""
    old = a_pod("web-1", waiting("CrashLoopBackOff", restarts=9), created=BOOT - 100)
    judgement = STEP.judge(seen(old, workload=down()), past(done=(deleted(NOW - 60), rolled_out(NOW - 30))))
    assert isinstance(judgement, Wait)


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ContainerCreating", "CreateContainerConfigError"])
def test_what_has_not_started_is_waited_for(reason: str) -> None:
    """A restart would not help, and might lose what works."""
    judgement = STEP.judge(seen(a_pod("web-1", waiting(reason)), workload=down()), past())
    assert judgement == Wait(f"pod/shop/web-1 {reason}")


def test_a_dead_pod_is_named() -> None:
    """The clean-up, or the kubelet, deals with it."""
    judgement = STEP.judge(seen(a_pod("web-1", terminated("Unknown")), workload=down()), past())
    assert judgement == Wait("pod/shop/web-1 Unknown")


def test_what_runs_but_stays_unwell_is_rolled_out_once() -> None:
    """After 30 s as the same set of pods; not twice in a boot."""
    facts = seen(probe=BAD)
    unwell = next(iter(facts.conditions))
    assert STEP.judge(facts, past(first_seen={unwell: NOW - 29})) == Wait("probe: web-1 GET /health says 503")
    judgement = STEP.judge(facts, past(first_seen={unwell: NOW - 30}))
    assert isinstance(judgement, Act)
    again = past(first_seen={unwell: NOW - 30}, done=(done("roll-out"),))
    assert isinstance(STEP.judge(facts, again), Wait)


def test_a_status_from_before_the_boot_is_waited_for() -> None:
    """However well it looks."""
    doubt = "pod/shop/web-1 still shows the previous boot"
    assert STEP.judge(seen(doubt=doubt, probe=None), past()) == Wait(doubt)


def test_a_service_that_still_sends_elsewhere_is_waited_for() -> None:
    """Ready pods don't serve before their Service knows of them."""
    assert STEP.judge(seen(services="service/shop/web no ready address yet"), past()) == Wait(
        "service/shop/web no ready address yet"
    )


def test_without_a_probe_pods_older_than_a_repair_are_rolled_out() -> None:
    """They may hold dead connections, and nothing proves that they serve. Once per repair."""
    step = replace(STEP, probe=None)
    facts = seen(a_pod("web-1", running(started=BOOT + 10)), probe=None)
    judgement = step.judge(facts, past(repaired=BOOT + 50))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, RollOut)
    rolled = seen(a_pod("web-1"), probe=None, workload=a_deployment(caused_by=action.mark))
    assert isinstance(step.judge(rolled, past(repaired=BOOT + 50)), Settled)
    assert isinstance(step.judge(facts, past(repaired=BOOT + 5)), Settled)
    assert isinstance(STEP.judge(seen(), past(repaired=BOOT + 50)), Settled)


def test_always_restarts_once_per_boot() -> None:
    """Known from memory, or from the object where memory was lost between the write and its record."""
    step = replace(STEP, restart="always")
    judgement = step.judge(seen(), past())
    assert isinstance(judgement, Act)
    mark = judgement.actions[0].note["mark"]
    remembered = past(done=(done("roll-out", note={"mark": mark}),))
    assert isinstance(step.judge(seen(), remembered), Settled)
    lost_record = past(done=(done("roll-out", note={"mark": mark}, result="intended"),))
    assert isinstance(step.judge(seen(), lost_record), Act)
    assert isinstance(step.judge(seen(workload=a_deployment(caused_by=mark)), lost_record), Settled)


def test_never_only_waits() -> None:
    """Not even looping pods are deleted."""
    step = replace(STEP, restart="never")
    assert isinstance(step.judge(seen(a_pod("web-1", LOOPING), workload=down()), past()), Wait)
    unwell = seen(probe=BAD)
    held = dict.fromkeys(unwell.conditions, NOW - 999)
    assert isinstance(step.judge(unwell, past(first_seen=held)), Wait)


@pytest.mark.parametrize(
    ("fields", "remark"),
    [({"desired": 0}, "is scaled to zero"), ({"paused": True}, "is paused: it was not restarted")],
)
def test_what_its_owner_has_stopped_is_left_and_remarked(fields: dict[str, Any], remark: str) -> None:
    """Not scaled up, not resumed."""
    judgement = STEP.judge(seen(workload=a_deployment(**fields)), past())
    assert isinstance(judgement, Settled)
    assert judgement.remarks == (f"deployment/shop/web {remark}",)
