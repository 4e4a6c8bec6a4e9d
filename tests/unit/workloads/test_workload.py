"""When a workload is restarted, how, and when it is left alone."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.adapters.kube.objects import pod as parsed_pod
from bootheal.adapters.kube.workloads import workload as parsed_workload
from bootheal.cluster.rollout import Rollout, rollout
from bootheal.model import ActionRecord, Answer, Login, Pod, Ref, Workload
from bootheal.model.quoted import plain
from bootheal.probes import Http, Sql
from bootheal.step import Act, Action, GiveUp, Judgement, Settled, Wait, told
from bootheal.workloads.actions import ReplacePod, ResetPod, RollOut, ScaleDown, ScaleUp
from bootheal.workloads.observation import WorkloadObservation
from bootheal.workloads.strategy import Choice
from bootheal.workloads.workload import WorkloadStep
from support.objects import BOOT, NOW, THIS_BOOT, a_deployment, a_pod, past, running, terminated, waiting

WEB = Ref("deployment", "shop", "web")
STEP = WorkloadStep(name=str(WEB), workload=WEB, probe=Http(8000, "/health"))
OK = Answer(ok=True, spoke=True)
BAD = Answer(ok=False, spoke=True, text="web-1 GET /health says 503")
LOOPING = waiting("CrashLoopBackOff", restarts=4)
DELETE = Choice("delete-pods", "no rollout: because")
FIRST = {"newest": str(BOOT + 2), "mark": "new/repaired-0.1"}


def seen(*pods: Pod, workload: Workload | None = None, **facts: Any) -> WorkloadObservation:
    workload = workload or a_deployment()
    state = rollout(workload)
    probe = OK if state.done else None
    return replace(WorkloadObservation(workload, pods or (a_pod(),), state, probe=probe), **facts)


def done(action: type[Action], reason: str, at: float = NOW - 10, **fields: Any) -> ActionRecord:
    note = {"newest": str(at - 20), "mark": f"new/{reason}"}
    return replace(ActionRecord(0, action.kind(), str(WEB), "cause", at, "did it", "done", note), **fields)


def reset(at: float = NOW - 10, repairs: int = 0) -> ActionRecord:
    return done(ResetPod, f"reset-0.{repairs}", at)


def rolled_out(at: float, reason: str = "looping-0.0") -> ActionRecord:
    return done(RollOut, reason, at)


def down(**fields: Any) -> Workload:
    return a_deployment(available=0, ready=0, **fields)


def acts(judgement: Judgement) -> list[tuple[type[Action], str]]:
    """Return what it does, to what; it must do something."""
    assert isinstance(judgement, Act), judgement
    return [(type(action), str(action.about)) for action in judgement.actions]


def test_what_is_well_is_left_alone() -> None:
    """With the reason for leaving it alone."""
    assert STEP.judge(seen(), past()) == Settled("well, left alone: 2 of 2 replicas are available, probe ok")


def test_looping_pods_are_deleted_once() -> None:
    """All that loop, which resets their back-off; the spec is not touched."""
    pods = (a_pod("web-1", LOOPING), a_pod("web-2", LOOPING), a_pod("web-3"))
    judgement = STEP.judge(seen(*pods, workload=down()), past())
    assert acts(judgement) == [(ResetPod, "pod/shop/web-1"), (ResetPod, "pod/shop/web-2")]


def test_the_first_back_off_is_not_waited_out() -> None:
    """Of it the kubelet says no more than that the container ended: what does not run again soon is deleted, too."""
    crashed = a_pod("web-1", terminated("Error", ended=NOW - 1, restarts=1))
    facts = seen(crashed, workload=down(), boot_time=THIS_BOOT)
    assert isinstance(STEP.judge(facts, past()), Wait)
    assert acts(STEP.judge(facts, past(now=NOW + 3))) == [(ResetPod, "pod/shop/web-1")]


def test_what_the_kubelet_starts_sooner_is_left_to_it() -> None:
    """Healing is never slower than waiting: a deletion was once made although the old pod would have run first."""

    def loops(name: str, left: float) -> Pod:
        said = waiting("CrashLoopBackOff", restarts=2, message="back-off 10s restarting failed container=web")
        return a_pod(name, replace(said, ended=NOW + left - 10))

    soon, late = loops("web-1", 3.0), loops("web-2", 9.0)
    both = seen(soon, late, workload=down(), boot_time=THIS_BOOT)
    assert acts(STEP.judge(both, past())) == [(ResetPod, "pod/shop/web-2")]
    left = STEP.judge(seen(soon, workload=down(), boot_time=THIS_BOOT), past())
    assert isinstance(left, Wait)
    assert left.why.startswith("1 of 1 pods in crash-loop back-off; the kubelet starts pod/shop/web-1 again at ")
    assert left.again == 12.0
    quick = past(baseline={"a new pod starts after": "1.5"})
    assert acts(STEP.judge(seen(soon, workload=down(), boot_time=THIS_BOOT), quick)) == [(ResetPod, "pod/shop/web-1")]
    again = past(first_seen={"ill": NOW - 14})
    assert acts(STEP.judge(seen(soon, workload=down(), boot_time=THIS_BOOT), again)), "it had its start"
    drawn = seen(loops("web-1", -3.5), workload=down(), boot_time=THIS_BOOT)
    assert isinstance(STEP.judge(drawn, past()), Wait), "it was deleted a second before the kubelet started it"
    overdue = seen(loops("web-1", -9.5), workload=down(), boot_time=THIS_BOOT)
    assert acts(STEP.judge(overdue, past())) == [(ResetPod, "pod/shop/web-1")]


def test_how_long_a_new_pod_takes_is_remembered_for_the_next_boot() -> None:
    """There its pods have been started again, and show it no more."""
    judgement = STEP.judge(seen(a_pod("web-1", running(started=NOW - 50), created=NOW - 52.5)), past())
    assert isinstance(judgement, Settled)
    assert judgement.baseline == {"a new pod starts after": "2.5"}


def test_a_pod_that_begins_to_loop_late_is_deleted_too_if_it_is_of_before() -> None:
    """Replicas crash at different times; those older than our first deletion still have the old trouble."""
    late = a_pod("web-2", LOOPING, created=NOW - 30)
    assert acts(STEP.judge(seen(late, workload=down()), past(done=(reset(),)))) == [(ResetPod, "pod/shop/web-2")]
    successor = a_pod("web-3", LOOPING, created=NOW - 5)
    judgement = STEP.judge(seen(successor, workload=down()), past(done=(reset(NOW - 20), reset(NOW - 2))))
    assert acts(judgement) == [(RollOut, str(WEB))]


def test_a_pod_is_not_restarted_in_the_second_that_it_was_made_in() -> None:
    """Creation times have whole seconds: its successor would seem to be as old, and be restarted again."""
    always = replace(STEP, restart="always")
    for pod, step in ((a_pod("web-1", LOOPING), STEP), (a_pod(), always)):
        young = seen(replace(pod, created=NOW), workload=down())
        judgement = step.judge(young, past(now=NOW + 0.25))
        assert isinstance(judgement, Wait)
        assert judgement.again == 0.75
        assert isinstance(step.judge(young, past(now=NOW + 1)), Act)
        assert isinstance(step.judge(young, past(now=NOW - 60)), Act), "a clock that lags must not hold us back"


def test_what_loops_again_after_that_is_rolled_out_once() -> None:
    """One crash of a new pod may be the old trouble passing, two in a row are not."""
    once = a_pod("web-9", waiting("CrashLoopBackOff", restarts=1), created=NOW - 5)
    twice = a_pod("web-9", waiting("CrashLoopBackOff", restarts=2), created=NOW - 5)
    assert isinstance(STEP.judge(seen(once, workload=down()), past(done=(reset(),))), Wait)
    assert acts(STEP.judge(seen(twice, workload=down()), past(done=(reset(),)))) == [(RollOut, str(WEB))]


def test_what_loops_even_then_is_given_up_with_its_last_words() -> None:
    """The report carries the log lines that matter, and the command for more."""
    again = a_pod("web-9", waiting("CrashLoopBackOff", restarts=3), created=NOW - 5)
    facts = seen(again, workload=down(), log=("ModuleNotFoundError: No module named django",))
    judgement = STEP.judge(facts, past(done=(reset(NOW - 60), rolled_out(NOW - 30))))
    assert told(judgement, plain) == GiveUp(
        "1 of 1 pods in crash-loop back-off (ModuleNotFoundError: No module named django), although it was restarted",
        "kubectl -n shop logs --previous web-9 -c main; once that is corrected: "
        "kubectl -n shop rollout restart deployment web",
    )


def test_old_pods_may_loop_on_while_a_rollout_replaces_them() -> None:
    """They are not held against the new ones."""
    old = a_pod("web-1", waiting("CrashLoopBackOff", restarts=9), created=BOOT - 100)
    judgement = STEP.judge(seen(old, workload=down()), past(done=(reset(NOW - 60), rolled_out(NOW - 30))))
    assert isinstance(judgement, Wait)


def test_after_a_new_repair_everything_may_be_tried_again() -> None:
    """The second trouble of a boot gets the smallest cure first, however the clock has jumped meanwhile."""
    again = a_pod("web-9", LOOPING, created=NOW - 5)
    before = (reset(NOW + 3000), rolled_out(NOW + 3500))
    assert isinstance(STEP.judge(seen(again, workload=down()), past(done=before, repairs=0)), GiveUp | Wait)
    assert acts(STEP.judge(seen(again, workload=down()), past(done=before, repairs=1)))[0][0] is ResetPod
    tried = past(done=(*before, reset(NOW - 10, repairs=1)), repairs=1)
    assert acts(STEP.judge(seen(again, workload=down()), tried)) == [(RollOut, str(WEB))]


def test_a_rollout_that_was_only_intended_is_made_up_for() -> None:
    """Killed before the write: the object does not know of it. Killed after it: the object does."""
    again = a_pod("web-9", LOOPING, created=NOW - 5)
    intended = past(done=(reset(), done(RollOut, "looping-0.0", result="intended")))
    assert acts(STEP.judge(seen(again, workload=down()), intended)) == [(RollOut, str(WEB))]
    knows = down(caused_by="new/looping-0.0")
    assert not isinstance(STEP.judge(seen(again, workload=knows), intended), Act)


def test_where_a_rollout_would_not_end_the_second_cure_is_left_out() -> None:
    """Its pods have been deleted already."""
    again = a_pod("web-9", waiting("CrashLoopBackOff", restarts=3), created=NOW - 5)
    judgement = STEP.judge(seen(again, workload=down(), choice=DELETE), past(done=(reset(),)))
    assert isinstance(judgement, GiveUp)
    assert "although its pods were deleted" in judgement.why


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ContainerCreating", "CreateContainerConfigError"])
def test_what_has_not_started_is_waited_for(reason: str) -> None:
    """A restart would not help, and might lose what works."""
    judgement = STEP.judge(seen(a_pod("web-1", waiting(reason)), workload=down()), past())
    assert isinstance(judgement, Wait)
    assert judgement.why.startswith(f"pod/shop/web-1 {reason}")


def test_a_dead_pod_is_named() -> None:
    """The clean-up, or the kubelet, deals with it."""
    judgement = STEP.judge(seen(a_pod("web-1", terminated("Unknown")), workload=down()), past())
    assert judgement == Wait("pod/shop/web-1 Unknown")


def test_what_starts_slowly_is_not_restarted_for_it() -> None:
    """A startup probe that has not succeeded is a start; a readiness probe is not asked before its delay is over."""
    proving = replace(running(), ready=False, startup_pending=True)
    facts = seen(a_pod("web-1", proving), workload=down())
    assert facts.conditions == {"ill"}
    assert STEP.judge(facts, past()) == Wait("pod/shop/web-1 has not passed its startup probe yet")
    facts = seen(a_pod("web-1", replace(running(), ready=False)), workload=replace(down(), initial_delay=90.0))
    (unwell,) = facts.conditions - {"ill"}
    assert isinstance(STEP.judge(facts, past(first_seen={unwell: NOW - 119})), Wait)
    assert acts(STEP.judge(facts, past(first_seen={unwell: NOW - 120}))) == [(RollOut, str(WEB))]


@pytest.mark.parametrize("kind", ["statefulset", "deployment"])
def test_what_has_data_of_its_own_is_given_the_time_to_recover_it(kind: str) -> None:
    """A restart begins a replica's copy, a log's replay, a load anew. What is Ready by a probe of its own, and gives no
    answer to ours, recovers nothing.
    """
    database = Ref(kind, "shop", "db")
    step = replace(STEP, workload=database)

    def waits(facts: WorkloadObservation) -> list[bool]:
        (unwell,) = facts.conditions - {"ill"}
        times = (29.0, 30.0, 299.0, 300.0)
        return [isinstance(step.judge(facts, past(first_seen={unwell: NOW - each})), Wait) for each in times]

    down_, up = replace(down(), ref=database), replace(seen().workload, ref=database)
    starting, running_ = a_pod("db-0", replace(running(), ready=False)), a_pod("db-0")
    data = ("data-db-0",)
    assert waits(seen(starting, workload=down_)) == [True, False, False, False]
    assert waits(seen(replace(starting, claims=data), workload=down_)) == [True, True, True, False]
    assert waits(seen(replace(running_, claims=data), workload=up, probe=BAD)) == [True, False, False, False]
    unproven = replace(up, proves_ready=False)  # its pod is Ready before it has begun
    assert waits(seen(replace(running_, claims=data), workload=unproven, probe=BAD)) == [True, True, True, False]
    assert waits(seen(running_, workload=unproven, probe=BAD)) == [True, False, False, False]
    says = {"probe": replace(BAD, text="says '-LOADING', not '+PONG'"), "talks": True}  # Redis, Ready all the while
    assert waits(seen(replace(running_, claims=data), workload=up, **says)) == [True, True, True, False]
    assert waits(seen(running_, workload=up, **says)) == [True, False, False, False]
    silent = {"probe": replace(BAD, spoke=False), "talks": True}
    assert waits(seen(replace(running_, claims=data), workload=up, **silent)) == [True, False, False, False]


def test_what_nobody_could_ask_is_not_restarted_for_that() -> None:
    """A port-forward that cannot be opened, a name that nobody resolves: that lasts, and begins no clock."""
    facts = seen(probe=Answer(ok=False, spoke=False, text="web-1 cannot forward a port", unasked=True))
    assert facts.conditions == {"ill"}
    long_ago = dict.fromkeys((*facts.conditions, *seen(probe=BAD).conditions), NOW - 3600)
    assert STEP.judge(facts, past(first_seen=long_ago)) == Wait("probe: web-1 cannot forward a port")


@pytest.mark.parametrize("probes", ["readinessProbe", "startupProbe", "livenessProbe"])
def test_ready_is_proven_by_a_probe(probes: str) -> None:
    """One that only restarts a container says nothing of when it is ready."""
    raw = {"metadata": {"name": "db"}, "spec": {"template": {"spec": {"containers": [{}, {probes: {}}]}}}}
    assert parsed_workload(raw, "deployment").proves_ready == (probes != "livenessProbe")


@pytest.mark.parametrize(
    ("sqlstate", "hint"),
    [
        ("57P03", ""),
        ("28P01", "compare secret/shop/pooler (the login of its probe) with the role"),
        ("28000", "compare secret/shop/pooler (the login of its probe) with the role"),
        *((each, "") for each in ("42501", "25006", "53300", "3D000", "42P01", "XX001")),
    ],
)
def test_a_server_that_refuses_a_probe_is_not_restarted_for_that(sqlstate: str, hint: str) -> None:
    """A password that drifted, crash recovery: it was rolled out after 30 s, and recovery began anew."""
    login = Login(Ref("secret", "shop", "pooler"))
    step = replace(STEP, probe=Sql("select 1", "shop", login))
    refused = Answer(ok=False, spoke=True, text="db-0 says no", sqlstate=sqlstate)
    facts = seen(a_pod("db-0"), probe=refused)
    for seconds in (0.5, 60.0, 3600.0):
        judgement = step.judge(facts, past(first_seen=dict.fromkeys(facts.conditions, NOW - seconds)))
        assert judgement == Wait(f"probe: db-0 says no ({sqlstate})", counts=sqlstate != "57P03", hint=hint)
    days = past(first_seen=dict.fromkeys(facts.conditions, NOW - 86400.0))
    judgement = step.judge(facts, days)
    assert isinstance(judgement, Wait)
    assert judgement.counts


def test_how_slowly_it_starts_is_read_from_it() -> None:
    """Containers differ; the slowest one counts."""
    probes = [{}, {"readinessProbe": {"initialDelaySeconds": 90}}, {"readinessProbe": {}}]
    raw = {"metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": probes}}}}
    assert parsed_workload(raw, "deployment").initial_delay == 90
    states = [("running", False), ("running", True), ("waiting", False)]
    statuses = [{"name": "main", "state": {state: {}}, "started": started} for state, started in states]
    pod = parsed_pod({"metadata": {"name": "web-1"}, "status": {"containerStatuses": statuses}})
    assert [container.startup_pending for container in pod.containers] == [True, False, False]


def test_what_runs_but_stays_unwell_is_rolled_out_once() -> None:
    """After 30 s as the same set of pods; not twice for one trouble."""
    facts = seen(probe=BAD)
    (unwell,) = facts.conditions - {"ill"}
    assert STEP.judge(facts, past(first_seen={unwell: NOW - 29})) == Wait("probe: web-1 GET /health says 503")
    assert acts(STEP.judge(facts, past(first_seen={unwell: NOW - 30}))) == [(RollOut, str(WEB))]
    for reason in ("unwell-0.0", "looping-0.0"):
        again = past(first_seen={unwell: NOW - 30}, done=(rolled_out(NOW - 10, reason),))
        assert STEP.judge(facts, again) == Wait("probe: web-1 GET /health says 503")


def test_a_progress_deadline_of_this_boot_decides() -> None:
    """It is restarted without more ado, and given up if that has been done; one of before the boot is history."""
    state = Rollout(done=False, why="its progress deadline has passed in this boot", failed=True)
    facts = seen(a_pod("web-1", unschedulable="0/1 nodes are available"), workload=down(), rollout=state, probe=None)
    assert acts(STEP.judge(facts, past())) == [(RollOut, str(WEB))]
    judgement = STEP.judge(facts, past(done=(rolled_out(NOW - 10, "unwell-0.0"),)))
    assert isinstance(judgement, GiveUp)
    assert judgement.hint == "kubectl -n shop describe deployment web"


def test_what_lacks_a_secret_is_named_and_not_restarted() -> None:
    """An operator may be late with it; after two minutes a person is asked."""
    message = 'secret "api-token" not found'
    facts = seen(a_pod("web-1", waiting("CreateContainerConfigError", message=message)), workload=down())
    waits = STEP.judge(facts, past())
    assert isinstance(waits, Wait)
    assert waits.why.startswith(f"pod/shop/web-1 CreateContainerConfigError: {message} (container main needs a Secret")
    judgement = STEP.judge(facts, past(first_seen=dict.fromkeys(facts.conditions, NOW - 120)))
    assert isinstance(judgement, GiveUp)
    assert message in judgement.why
    assert "make what it names" in judgement.hint


def test_what_serves_is_not_restarted_while_its_image_may_not_be_had() -> None:
    """Its registry does not serve another pod: a new pod might never start."""
    why = "its image is always pulled, and pod/shop/other can't get localhost:5000/other"
    old = seen(a_pod("web-1", running(started=BOOT + 10)), probe=None, unpullable=why)
    judgement = replace(STEP, probe=None).judge(old, past(repaired=BOOT + 50, repairs=1))
    assert isinstance(judgement, Settled)
    assert judgement.remarks == (f"{WEB}: started before what it comes after was repaired, but left alone: {why}",)
    always = replace(STEP, restart="always").judge(seen(unpullable=why), past())
    assert always == Wait(f"not restarted yet: {why}")
    ill = seen(probe=BAD, unpullable=why)
    held = dict.fromkeys(ill.conditions, NOW - 99)
    assert STEP.judge(ill, past(first_seen=held)) == Wait(f"probe: {BAD.text}; not restarted: {why}")


def test_without_a_probe_it_must_have_run_for_a_while() -> None:
    """A pod that ends a second after its start is "ready" for that second; how old it is counts, too."""
    step = replace(STEP, probe=None)
    young = seen(a_pod("web-1", running(started=NOW - 2)), probe=None)
    assert step.judge(young, past()) == Wait("well, but only for 2 of 5 s", again=3.0)
    held = past(first_seen=dict.fromkeys(young.conditions, NOW - 5))
    assert isinstance(step.judge(young, held), Settled)
    assert isinstance(step.judge(seen(a_pod("web-1", running(started=NOW - 5)), probe=None), past()), Settled)
    assert isinstance(replace(step, soak=0.0).judge(young, past()), Settled)
    assert isinstance(STEP.judge(seen(a_pod("web-1", running(started=NOW))), past()), Settled)
    patient = replace(STEP, soak=60.0)
    assert patient.judge(seen(a_pod("web-1", running(started=NOW - 20))), past()) == Wait(
        "well, but only for 20 of 60 s", again=40.0
    )


def test_what_its_liveness_probe_has_ended_must_come_further_than_before() -> None:
    """Without a readiness probe it is Ready while it starts: "healed" was said between two ends of it."""
    raw = {"livenessProbe": {"initialDelaySeconds": 3, "periodSeconds": 3, "failureThreshold": 2}}
    blind = parsed_workload(
        {"metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [{}, raw]}}}}, "deployment"
    )
    assert blind.ends_after == 3 + 3 * 2 + 1
    step = replace(STEP, probe=None)
    up = replace(a_deployment(), proves_ready=False, ends_after=blind.ends_after)
    facts = seen(a_pod("web-1", running(started=NOW - 8)), workload=up, probe=None)
    anew = past(done=(rolled_out(NOW - 9, "looping-0.0"),))
    assert step.judge(facts, anew) == Wait("well, but only for 8 of 15 s", again=7.0)
    assert isinstance(step.judge(facts, past()), Settled)
    for proven in (replace(facts, workload=replace(up, proves_ready=True)), replace(facts, probe=None)):
        later = replace(proven, pods=(a_pod("web-1", running(started=NOW - 15)),))
        assert isinstance(step.judge(later, anew), Settled)


def test_a_status_from_before_the_boot_is_waited_for() -> None:
    """However well it looks."""
    doubt = "pod/shop/web-1 still shows the previous boot"
    assert STEP.judge(seen(doubt=doubt, probe=None), past()) == Wait(doubt)


def test_a_service_that_still_sends_elsewhere_is_waited_for() -> None:
    """Ready pods don't serve before their Service knows of them."""
    assert STEP.judge(seen(services="service/shop/web has no ready address yet"), past()) == Wait(
        "service/shop/web has no ready address yet"
    )


def test_a_service_that_lets_nobody_in_yet_is_waited_for() -> None:
    """As long as its rules may be late; after that the cause is another one, and it is told."""
    shut = "service/shop/web lets nobody in: GET /health: connection refused"
    facts = seen(shut=shut)
    (known,) = (condition for condition in facts.conditions if condition.startswith("known "))
    assert STEP.judge(facts, past(first_seen={known: NOW - 2})) == Wait(shut)
    later = STEP.judge(facts, past(first_seen={known: NOW - 6}))
    assert isinstance(later, Settled)
    assert later.remarks == (shut,)


@pytest.mark.parametrize(
    ("ready_for", "known_for", "left"),
    [(0, 0.0, 1.0), (1, 0.25, 0.75), (0, 1.0, None), (2, 0.0, None), (60, 0.0, None)],
    ids=["now", "a moment ago", "known for a second", "Ready for more than a second", "long ago"],
)
def test_what_nobody_could_try_through_its_service_is_given_the_time_of_kube_proxy(
    ready_for: float, known_for: float, left: float | None
) -> None:
    """From outside the cluster: its rules follow its slices within a second; who has been Ready for long is in them."""
    facts = seen(a_pod("web-1", running(), ready_changed=NOW - ready_for), untried="service/shop/web")
    (known,) = (condition for condition in facts.conditions if condition.startswith("known "))
    judgement = STEP.judge(facts, past(first_seen={known: NOW - known_for}))
    if left is None:
        assert isinstance(judgement, Settled)
    else:
        assert judgement == Wait("well; nodes may follow service/shop/web a second later", again=left)


def test_without_a_probe_pods_older_than_a_repair_are_rolled_out() -> None:
    """They may hold dead connections, and nothing proves that they serve. Once per repair."""
    step = replace(STEP, probe=None)
    facts = seen(a_pod("web-1", running(started=BOOT + 10)), probe=None)
    repaired = past(repaired=BOOT + 50, repairs=1)
    judgement = step.judge(facts, repaired)
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, RollOut)
    rolled = seen(a_pod("web-1"), probe=None, workload=a_deployment(caused_by=action.mark))
    assert isinstance(step.judge(rolled, repaired), Settled)
    assert isinstance(step.judge(facts, past(repaired=BOOT + 5, repairs=1)), Settled)
    assert isinstance(STEP.judge(seen(), repaired), Settled)


def test_what_is_being_deleted_needs_no_restart_and_no_command() -> None:
    """Seen on k3d: the crashed pod that was just deleted, and the one that a rollout had just replaced."""
    step = replace(STEP, probe=None, soak=0.0)
    repaired = past(repaired=BOOT + 50, repairs=1)
    ending = a_pod("web-1", running(started=BOOT + 10), deleting=True)
    successor = a_pod("web-2", running(started=BOOT + 60), created=BOOT + 59)
    assert isinstance(step.judge(seen(ending, successor, probe=None), repaired), Settled)
    older = a_pod("web-3", running(started=BOOT + 10), created=BOOT + 9)
    assert isinstance(step.judge(seen(ending, older, probe=None), repaired), Act)
    rolled = replace(repaired, done=(done(RollOut, "repaired-0.1", note=FIRST),))
    judgement = step.judge(seen(ending, successor, probe=None), rolled)
    assert isinstance(judgement, Settled)
    assert judgement.remarks == ()
    assert judgement.why.startswith("serves again")


def test_pods_that_serve_are_replaced_one_by_one() -> None:
    """The next when the last one's successor serves; what a budget protects is left alone, and why is said."""
    step = replace(STEP, probe=None, soak=0.0)
    pods = [a_pod(f"web-{n}", created=BOOT + n) for n in (1, 2)]
    repaired = past(repaired=BOOT + 50, repairs=1)
    cause = "started before what it comes after was repaired; no rollout: because"
    begun = replace(repaired, done=(done(ReplacePod, "repaired-0.1", cause=cause, note=FIRST),))
    assert acts(step.judge(seen(*pods, probe=None, choice=DELETE), repaired)) == [(ReplacePod, "pod/shop/web-1")]
    starting = seen(a_pod("web-3", running(ready=False), created=NOW), pods[1], workload=down(), probe=None)
    assert isinstance(step.judge(replace(starting, choice=DELETE), begun), Wait)
    served = seen(a_pod("web-3", running(started=NOW), created=NOW), pods[1], probe=None, choice=DELETE)
    assert acts(step.judge(served, begun)) == [(ReplacePod, "pod/shop/web-2")]
    everyone = seen(a_pod("web-3", created=NOW), a_pod("web-4", created=NOW), probe=None, choice=DELETE)
    assert isinstance(step.judge(everyone, begun), Settled)
    protected = seen(*pods, probe=None, choice=DELETE, budget="poddisruptionbudget/shop/web allows no disruption")
    judgement = step.judge(protected, repaired)
    assert isinstance(judgement, Settled)
    assert "left alone: poddisruptionbudget/shop/web allows no disruption" in judgement.remarks[0]


def test_a_restart_that_would_not_end_is_proposed_otherwise() -> None:
    """With the strategy that would; what serves all the same is not failed for it."""
    refused = Choice("rollout", refused="a rollout would not end: because")
    judgement = replace(STEP, restart="always").judge(seen(choice=refused), past())
    assert judgement == GiveUp(
        "restart: always, but a rollout would not end: because",
        "strategy: delete-pods would restart it without a rollout",
    )
    old = seen(a_pod("web-1", running(started=BOOT + 10)), probe=None, choice=refused)
    settled = replace(STEP, probe=None).judge(old, past(repaired=BOOT + 50, repairs=1))
    assert isinstance(settled, Settled)
    assert "a rollout would not end" in settled.remarks[0]


SCALE = Choice("scale")
ALWAYS_SCALED = replace(STEP, restart="always", strategy="scale")


def test_scaling_goes_to_zero_and_back() -> None:
    """Back when the last pod has ended; the object knows to how many, and that it has been done."""
    judgement = ALWAYS_SCALED.judge(seen(choice=SCALE), past())
    assert isinstance(judgement, Act)
    (down,) = judgement.actions
    assert isinstance(down, ScaleDown)
    assert (down.replicas, down.note["replicas"], down.note["generation"]) == (2, "2", "2")
    zero = a_deployment(desired=0, replicas=1, scaled_from=2, scaled_by=down.mark)
    ending = seen(a_pod("web-1", deleting=True), workload=zero, choice=SCALE)
    assert ALWAYS_SCALED.judge(ending, past()) == Wait("scaled to zero: 1 of its pods have yet to end")
    ended = replace(ending, pods=())
    assert acts(ALWAYS_SCALED.judge(ended, past())) == [(ScaleUp, str(WEB))]
    back = seen(workload=a_deployment(scaled_by=down.mark), choice=SCALE)
    assert isinstance(ALWAYS_SCALED.judge(back, past()), Settled)


def test_a_pod_that_does_not_end_does_not_keep_it_at_zero() -> None:
    """After two minutes the replicas are given back all the same."""
    zero = a_deployment(desired=0, scaled_from=2)
    stuck = seen(a_pod("web-1", deleting=True), workload=zero)
    assert acts(STEP.judge(stuck, past(first_seen={"zero": NOW - 120}))) == [(ScaleUp, str(WEB))]


def test_a_zero_of_ours_is_known_even_if_its_note_was_taken_away() -> None:
    """By the generation that our write made; a zero of its owner's is left alone."""
    scaled = done(ScaleDown, "always", note={"mark": "new/always", "replicas": "2", "generation": "5"})
    ours = seen(workload=a_deployment(desired=0, generation=5, observed=5))
    ours = replace(ours, pods=())
    judgement = STEP.judge(ours, past(done=(scaled,)))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, ScaleUp)
    assert action.replicas == 2
    owners = replace(ours, workload=a_deployment(desired=0, generation=6, observed=6))
    assert isinstance(STEP.judge(owners, past(done=(scaled,))), Settled)


def test_what_somebody_else_scaled_back_only_loses_the_note() -> None:
    """Its number is theirs."""
    judgement = STEP.judge(seen(workload=a_deployment(desired=3, scaled_from=2)), past())
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, ScaleUp)
    assert action.replicas == 3


def test_always_restarts_once_per_boot() -> None:
    """Known from memory, or from the object where memory was lost between the write and its record."""
    step = replace(STEP, restart="always")
    judgement = step.judge(seen(), past())
    assert isinstance(judgement, Act)
    mark = judgement.actions[0].note["mark"]
    remembered = past(done=(done(RollOut, "always"),))
    assert isinstance(step.judge(seen(), remembered), Settled)
    lost_record = past(done=(done(RollOut, "always", result="intended"),))
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
