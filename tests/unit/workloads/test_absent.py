"""What is said and done where there is no pod, where init containers loop, and where pods begin slowly."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.adapters.kube.workloads import workload as parsed
from bootheal.model import ActionRecord, Container, Ref, State
from bootheal.ports import World
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait
from bootheal.workloads.actions import ResetPod, RollOut
from bootheal.workloads.observation import look
from bootheal.workloads.workload import WorkloadStep
from support.few import Few
from support.objects import BOOT, NOW, a_deployment, a_pod, past, running, terminated, waiting
from support.workloads import STEP, down, judged, seen

NO_NODE = "daemonset/shop/agent wants no pod: no node is one of its"
QUOTA = 'pods "quota-abc-" is forbidden: exceeded quota: mem, requested: limits.memory=1Gi, used: limits.memory=2Gi'


# --- no pod is not "its pods run" ------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        QUOTA,
        'pods "web-" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
        'admission webhook "v.example.org" denied the request: no',
        'pods "web-" is forbidden: unable to create new content in namespace shop because it is being terminated',
        'pods "web-" is forbidden: violates PodSecurity "restricted:latest"',
    ],
)
@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
def test_pods_that_cannot_be_created_are_told_and_nothing_is_rolled_out(kind: str, message: str) -> None:
    """It was `not well for 30 s although its pods run`, and rolled out."""
    ref = Ref(kind, "shop", "quota")
    workload = replace(down(refused=message), ref=ref, replicas=0, updated=0)
    step = WorkloadStep(name=str(ref), workload=ref)
    for restart in ("if-needed", "always"):
        waits = judged(seen(workload=workload), 60, replace(step, restart=restart))
        assert isinstance(waits, Wait)
        assert waits.why.startswith(f"its pods cannot be created: {message[:40]}")
    judgement = judged(seen(workload=workload), 120, step)
    assert isinstance(judgement, GiveUp)
    assert "kubectl" in judgement.hint


def test_a_webhook_that_does_not_answer_is_waited_for() -> None:
    """It may come back with its own pods."""
    message = 'Internal error occurred: failed calling webhook "m.example.org": no endpoints available for service "m"'
    judgement = judged(seen(workload=replace(down(refused=message), replicas=0, updated=0)), 1500)
    assert isinstance(judgement, Wait)


def test_a_deployment_says_in_a_condition_what_keeps_its_pods_back() -> None:
    """As the API has it; a condition that is over is none."""
    failure = {"type": "ReplicaFailure", "reason": "FailedCreate", "message": QUOTA, "status": "True"}
    raw = {"metadata": {"name": "web", "generation": 1}, "status": {"conditions": [failure]}}
    assert parsed(raw, "deployment").refused == QUOTA
    failure["status"] = "False"
    assert parsed(raw, "deployment").refused == ""


def test_a_deployment_without_even_a_replicaset_says_why() -> None:
    """A quota that counts them, a webhook that is asked of them: there is no ReplicaSet that could fail."""
    said = 'Failed to create new replica set "web-5d4": replicasets.apps "web-5d4" is forbidden: exceeded quota: few'
    progressing = {"type": "Progressing", "status": "False", "reason": "ReplicaSetCreateError", "message": said}
    raw = {"metadata": {"name": "web", "generation": 1}, "status": {"conditions": [progressing]}}
    assert parsed(raw, "deployment").refused == said
    progressing |= {"status": "True", "reason": "NewReplicaSetCreated"}
    assert parsed(raw, "deployment").refused == ""


@pytest.mark.parametrize(
    ("absent", "words"),
    [
        ("no pod has the labels app=web", "no pod has the labels app=web"),
        ("pod/shop/web-1 is Completed", "pod/shop/web-1 is Completed"),
    ],
)
def test_what_is_there_in_place_of_pods_is_told(absent: str, words: str) -> None:
    """Nothing is rolled out where nothing runs, however long."""
    judgement = judged(seen(workload=replace(down(), replicas=0), absent=absent), 600)
    assert isinstance(judgement, Wait)
    assert words in judgement.why
    assert judgement.hint == "kubectl -n shop describe deployment web"


def test_pods_that_were_filtered_out_are_told_as_what_they_are() -> None:
    """Finished ones by their names; where there are none, by the labels."""
    owner = Ref("statefulset", "shop", "web")
    ended = a_pod(
        "web-0", terminated("Completed", ended=BOOT - 9), phase="Succeeded", labels={"app": "web"}, owner=owner
    )
    for pods, absent in (((ended,), "pod/shop/web-0 is Completed"), ((), "no pod has the labels app=web")):
        few = Few(*pods)
        assert look(World(cluster=few, host=few), down(), "rollout", None).absent == absent


@pytest.mark.parametrize(
    ("fields", "judgement"),
    [
        ({"observed": 0}, Wait("its controller has not seen the latest change yet")),
        ({"generation": 2}, Wait("its controller has not seen the latest change yet")),
        ({}, Settled("left alone: no node wants a pod of it", (NO_NODE,))),
    ],
)
def test_a_daemonset_that_has_not_been_counted_is_not_scaled_to_zero(fields: Any, judgement: Judgement) -> None:
    """How many pods it wants stands in the status that its controller writes."""
    ref = Ref("daemonset", "shop", "agent")
    nothing = replace(a_deployment(ref=ref, desired=0, replicas=0, updated=0, ready=0, available=0), **fields)
    assert judged(seen(workload=nothing), step=WorkloadStep(name=str(ref), workload=ref)) == judgement


def test_a_deployment_whose_controller_has_not_reported_is_in_progress() -> None:
    """Its status is empty, as of any other that was just made."""
    raw = {"metadata": {"name": "web", "namespace": "shop", "generation": 1}, "spec": {"replicas": 2}}
    judgement = judged(seen(workload=parsed(raw, "deployment")))
    assert isinstance(judgement, Wait)
    assert judgement.why.startswith("its controller has not seen the latest change yet")


# --- crash loops of init containers and sidecars -----------------------------------------------------


@pytest.mark.parametrize(
    ("reset", "restarted", "expected"),
    [(False, False, ResetPod), (True, False, RollOut), (True, True, GiveUp)],
)
@pytest.mark.parametrize("sidecar", [False, True])
def test_a_crash_loop_of_an_init_container_counts_like_a_main_one(
    reset: bool, restarted: bool, expected: type[object], sidecar: bool
) -> None:
    """It was waited for, for ever. The hint names the container."""
    init = Container("migrate", State.WAITING, "CrashLoopBackOff", restarts=9, sidecar=sidecar)
    pod = a_pod("web-2", waiting("PodInitializing"), init=(init,), ready=False, created=NOW - 5)
    records = [(ResetPod.kind(), "reset-0.0", reset), (RollOut.kind(), "looping-0.0", restarted)]
    done = tuple(
        ActionRecord(0, kind, "x", "c", NOW - 9, "", "done", {"mark": f"new/{mark}", "newest": str(NOW - 60)})
        for kind, mark, happened in records
        if happened
    )
    judgement = STEP.judge(seen(pod), past(done=done))
    if expected is GiveUp:
        assert isinstance(judgement, GiveUp)
        assert judgement.hint.startswith("kubectl -n shop logs --previous web-2 -c migrate; ")
    else:
        assert isinstance(judgement, Act)
        assert [type(action) for action in judgement.actions] == [expected]


# --- slow starters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("container", "delay"),
    [
        ({}, 0),
        ({"readinessProbe": {}}, 0),
        ({"readinessProbe": {"initialDelaySeconds": 20}}, 20),
        ({"readinessProbe": {"failureThreshold": 30, "periodSeconds": 10}}, 270),
        ({"readinessProbe": {"failureThreshold": 60}}, 570),
        ({"readinessProbe": {"periodSeconds": 5}}, 0),
        ({"readinessProbe": {"initialDelaySeconds": 10, "failureThreshold": 6}}, 40),
        ({"livenessProbe": {"initialDelaySeconds": 300}}, 300),
        ({"livenessProbe": {"initialDelaySeconds": 300}, "readinessProbe": {"failureThreshold": 30}}, 300),
    ],
)
def test_how_slowly_a_pod_begins_its_probes_say(container: dict[str, Any], delay: float) -> None:
    """A readiness probe that may fail for long, and a liveness probe that is late, say as much as a delay."""
    template = {"spec": {"containers": [{"name": "main"} | container]}}
    raw = {"metadata": {"name": "web"}, "spec": {"template": template}}
    assert parsed(raw, "deployment").initial_delay == delay


@pytest.mark.parametrize(
    ("probe", "seconds"),
    [(None, 0), ({}, 30), ({"failureThreshold": 120}, 1200), ({"initialDelaySeconds": 5, "periodSeconds": 2}, 11)],
)
def test_for_how_long_it_may_start_its_startup_probe_says(probe: dict[str, int] | None, seconds: float) -> None:
    """Its delay, and as many tries as it has."""
    template = {"spec": {"containers": [{"name": "main", "startupProbe": probe}]}}
    raw = {"metadata": {"name": "web"}, "spec": {"template": template}}
    assert parsed(raw, "deployment").startup == seconds


def test_a_slow_starter_is_not_started_twice() -> None:
    """Its progress would be lost; after its own time it is rolled out like any other."""
    facts = seen(a_pod("web-1", running(ready=False)), workload=down(initial_delay=300.0))
    assert isinstance(judged(facts, 35), Wait)
    assert isinstance(judged(facts, 329), Wait)
    assert isinstance(judged(facts, 331), Act)


# --- Ready that outlived its process ------------------------------------------------------------------


def test_ready_that_is_older_than_the_process_is_not_believed_at_once() -> None:
    """Since 1.35 the kubelet keeps Ready over its own restart; what stays so for long has been asked since."""
    serving = a_deployment(desired=1, replicas=1, updated=1, ready=1, available=1)
    stale = a_pod("web-1", running(started=NOW - 10), ready_changed=BOOT - 500)
    judgement = judged(seen(stale, workload=serving))
    assert isinstance(judgement, Wait)
    assert "before container main began" in judgement.why
    assert judgement.again == 20
    old = a_pod("web-1", running(started=NOW - 40), ready_changed=BOOT - 500)
    fresh = a_pod("web-1", running(started=NOW - 10), ready_changed=NOW - 8)
    set_back = a_pod("web-1", running(started=NOW + 3600), ready_changed=NOW - 8)
    for pod in (old, fresh, set_back):
        assert "before container" not in str(judged(seen(pod, workload=serving)))
