"""What of raw objects becomes part of our snapshots, so that a reason never loses its message."""

from typing import Any

from bootheal.adapters.kube.objects import occurrence, pod
from bootheal.model import Occurrence


def a_raw_pod(spec: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web-1", "namespace": "shop"}, "spec": spec, "status": status}


def test_a_sidecar_is_an_init_container_that_runs_on() -> None:
    """Which of them is one stands in the spec alone."""
    spec = {"initContainers": [{"name": "migrate"}, {"name": "proxy", "restartPolicy": "Always"}]}
    statuses = [{"name": "migrate", "state": {"terminated": {"reason": "Completed"}}}, {"name": "proxy"}]
    found = pod(a_raw_pod(spec, initContainerStatuses=statuses)).init
    assert [(each.name, each.sidecar) for each in found] == [("migrate", False), ("proxy", True)]


def test_how_a_container_ended_last_is_told_whether_it_waits_or_not() -> None:
    """A start that failed has its only words in the message of its end."""
    end = "2026-11-29T10:00:00Z"
    ended = {"reason": "StartError", "message": "driver not loaded", "finishedAt": end, "exitCode": 128}
    waits = {"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended}}
    over = {"name": "main", "state": {"terminated": ended}}
    for status in (waits, over):
        (container,) = pod(a_raw_pod({}, containerStatuses=[status])).containers
        told = container.last_reason, container.last_message, container.last_code
        assert told == ("StartError", "driver not loaded", 128)
        assert container.message == ""


def test_a_readiness_gate_is_read_where_nothing_else_keeps_a_pod_back() -> None:
    """ContainersNotReady is another matter, which the containers tell themselves."""
    for reason, gated in (("ReadinessGatesNotReady", "gate x is not set"), ("ContainersNotReady", "")):
        ready = {"type": "Ready", "status": "False", "reason": reason, "message": "gate x is not set"}
        assert pod(a_raw_pod({}, conditions=[ready])).gated == gated


def test_an_event_is_of_when_it_happened_last() -> None:
    """As old components write it, as new ones do, and with the container that it is about."""
    old = {"lastTimestamp": "2026-11-29T10:00:00Z", "reason": "Failed", "message": "x"}
    new = {"series": {"lastObservedTime": "2026-11-29T10:00:00.000000Z"}, "eventTime": "2026-11-29T09:00:00.000000Z"}
    bare = {"reason": "Failed", "message": "x"}
    about = {"involvedObject": {"fieldPath": "spec.containers{main}"}}
    made = {"metadata": {"creationTimestamp": "2026-11-29T10:00:00Z"}}
    expected = Occurrence("Failed", "x", 1795946400.0, "main")
    assert [occurrence(each | about | made) for each in (old, bare | new, bare)] == [expected] * 3
