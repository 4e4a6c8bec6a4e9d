"""What is said of a workload whose pods do not come up where their status says too little: what their Events tell."""

from dataclasses import replace

import pytest

from bootheal.model import Occurrence, Pod
from bootheal.ports import World
from bootheal.step import Act, Wait
from bootheal.workloads.observation import look
from support.few import Few
from support.objects import BOOT, NOW, a_pod, running, waiting
from support.workloads import down, judged, seen


def event(reason: str, message: str, at: float = NOW - 5) -> Occurrence:
    return Occurrence(reason, message, at)


@pytest.mark.parametrize(
    ("reason", "message", "words"),
    [
        ("FailedMount", 'MountVolume.SetUp failed for volume "config" : configmap "settings" not found', "settings"),
        ("FailedAttachVolume", "Multi-Attach error for volume pvc-1: already used by pod(s) web-0", "still attached"),
        ("FailedCreatePodSandBox", "open /run/flannel/subnet.env: no such file or directory", "pod network"),
        (
            "FailedCreatePodSandBox",
            "no IP addresses available in range set: 10.42.0.1-10.42.0.254",
            "no pod address left",
        ),
    ],
)
def test_a_container_that_is_being_created_tells_its_pods_event(reason: str, message: str, words: str) -> None:
    """Its status says ContainerCreating and no more."""
    pod = a_pod("web-1", waiting("ContainerCreating"), ready=False)
    facts = seen(pod, events={pod.ref: (event("Scheduled", "assigned"), event(reason, message))})
    judgement = judged(facts)
    assert isinstance(judgement, Wait)
    assert words in judgement.why
    old = seen(pod, events={pod.ref: (event(reason, message, BOOT - 60),)})
    assert judged(old) == Wait("pod/shop/web-1 ContainerCreating"), "of the boot before"


def test_events_are_asked_for_where_a_status_says_too_little() -> None:
    """Of a pod that is ready, or says itself what it lacks, nobody asks; one that runs unready has probes that fail."""
    labels = {"app": "web"}
    creating = a_pod("web-1", waiting("ContainerCreating"), ready=False, labels=labels)
    refused = a_pod(
        "web-2", waiting("ErrImagePull", message="failed to pull: x: not found"), ready=False, labels=labels
    )
    unready = a_pod("web-4", running(ready=False), labels=labels)
    few = Few(creating, refused, a_pod("web-3", labels=labels), unready)
    few.events = {name: (event("FailedMount", "x"),) for name in ("web-1", "web-2", "web-3", "web-4")}
    found = look(World(cluster=few, host=few), down(), "rollout", None)
    assert [ref.name for ref in found.events] == ["web-1", "web-4"]


def unhealthy(what: str, *, at: float = NOW - 5, container: str = "main") -> Occurrence:
    return Occurrence("Unhealthy", what, at, container)


READINESS = unhealthy("Readiness probe failed: HTTP probe failed with statuscode: 503")
# CrunchyData/postgres-operator#3429
LIVENESS = unhealthy(
    'Liveness probe failed: Get "https://10.42.0.7:8008/liveness": net/http: request canceled while waiting for '
    "connection (Client.Timeout exceeded while awaiting headers)"
)


def test_a_probe_that_fails_is_the_reason_why_it_does_not_settle() -> None:
    """Its status says "0 of 1 replicas are available"; the answer of the probe stands in an Event."""
    pod = a_pod("web-1", running(ready=False))
    facts = seen(pod, events={pod.ref: (READINESS,)})
    judgement = judged(facts)
    assert isinstance(judgement, Wait)
    assert "0 of 1 replicas are available" in judgement.why
    assert "Readiness probe failed: HTTP probe failed with statuscode: 503" in judgement.why
    assert judgement.hint == "kubectl -n shop describe pod web-1"


def test_two_probes_that_fail_in_turn_are_one_reason() -> None:
    """Whichever was told of last: the one that ends the container is named."""
    pod = a_pod("web-1", running(ready=False))
    one = judged(seen(pod, events={pod.ref: (READINESS, LIVENESS)}))
    assert one == judged(seen(pod, events={pod.ref: (LIVENESS, READINESS)}))
    assert isinstance(one, Wait)
    assert "Liveness probe failed" in one.why


@pytest.mark.parametrize(
    "old",
    [
        replace(READINESS, at=BOOT - 60),
        replace(READINESS, at=BOOT + 5),  # of the process before: this one began at BOOT + 10
        Occurrence("Killing", "Container main failed liveness probe, will be restarted", NOW - 5, "main"),
        unhealthy(
            "Readiness probe errored: rpc error: code = Unknown desc = failed to exec in container: container is in "
            "CONTAINER_EXITED state"
        ),
    ],
    ids=["previous boot", "previous process", "nothing has ended", "a container that ended"],
)
def test_what_a_probe_said_of_another_process_is_no_reason(old: Occurrence) -> None:
    """Each start begins with a clean slate, and a probe of what has just ended always fails."""
    pod = a_pod("web-1", running(ready=False))
    judgement = judged(seen(pod, events={pod.ref: (old,)}))
    assert isinstance(judgement, Wait)
    assert "probe" not in judgement.why


def test_what_its_kubelet_ends_for_its_probe_is_told_as_that() -> None:
    """The container's status has no more than an exit code, and its log nothing at all."""
    pod = a_pod("web-1", waiting("CrashLoopBackOff", restarts=4, last_reason="Error", ended=NOW - 20))
    killing = Occurrence("Killing", "Container main failed liveness probe, will be restarted", NOW - 50, "main")
    judgement = judged(seen(pod, events={pod.ref: (killing,)}))
    assert isinstance(judgement, Act)
    assert "the kubelet ends container main again and again, since its probe fails" in judgement.why
    by_itself = judged(seen(pod, events={pod.ref: (replace(killing, at=BOOT - 50),)}))
    assert isinstance(by_itself, Act)
    assert "probe" not in by_itself.why


@pytest.mark.parametrize(
    "passed",
    [
        Occurrence("FailedCreatePodSandBox", 'failed to get sandbox image "rancher/pause:3.1": not found', NOW - 60),
        Occurrence("FailedMount", 'MountVolume.SetUp failed for volume "x" : configmap "settings" not found', NOW - 60),
        Occurrence("Failed", 'Failed to pull image "web:1": not found', NOW - 60, "main"),
        Occurrence("FailedScheduling", "0/1 nodes are available: 1 Insufficient memory", NOW - 60),
    ],
    ids=lambda passed: passed.reason,
)
def test_what_kept_a_pod_from_beginning_has_passed_once_it_has_begun(passed: Occurrence) -> None:
    """At a cold start sandboxes fail for a while: what crash-loops afterwards is healed, and not waited for."""
    crashing = waiting("CrashLoopBackOff", restarts=2, last_reason="Error", ended=NOW - 20)
    pod = a_pod("web-1", crashing)
    judgement = judged(seen(pod, events={pod.ref: (passed,)}))
    assert judgement == judged(seen(pod))
    assert isinstance(judgement, Act)


def test_what_keeps_a_pod_from_beginning_again_is_told() -> None:
    """Its sandbox has ended as well, and the new one fails."""
    pod = a_pod("web-1", waiting("CrashLoopBackOff", restarts=2, last_reason="Error", ended=NOW - 20))
    failed = 'failed to get sandbox image "rancher/pause:3.1": not found'
    sandbox = Occurrence("FailedCreatePodSandBox", failed, NOW - 10)
    judgement = judged(seen(pod, events={pod.ref: (sandbox,)}))
    assert isinstance(judgement, Wait)
    assert "FailedCreatePodSandBox" in judgement.why


@pytest.mark.parametrize(
    ("pod", "told"),
    [
        (
            a_pod("web-1", running(name="main"), running(name="linkerd-proxy", ready=False), ready=False),
            "linkerd-proxy",
        ),
        (a_pod("web-1", running(name="main", ready=False), running(name="istio-proxy"), ready=False), "main"),
    ],
    ids=["the proxy", "what it stands before"],
)
def test_of_several_containers_the_one_is_named_that_keeps_the_pod_back(pod: Pod, told: str) -> None:
    """Whose log to read: kubectl shows another one's, or refuses."""
    judgement = judged(seen(pod, workload=down()), 5)
    assert isinstance(judgement, Wait)
    assert judgement.why.endswith(f": container {told} of pod/shop/web-1 is not ready")
    assert judgement.hint == f"kubectl -n shop logs web-1 -c {told} --tail=50"


def test_an_injected_sidecar_that_the_others_wait_for_is_named() -> None:
    """As the kubelet has it since 1.29: PodInitializing does not say for whom."""
    proxy = running(name="istio-proxy", ready=False, sidecar=True)
    judgement = judged(seen(a_pod("web-1", waiting("PodInitializing"), init=(proxy,), ready=False), workload=down()), 5)
    assert isinstance(judgement, Wait)
    assert "pod/shop/web-1 waits for its sidecar istio-proxy, which is not ready" in judgement.why
