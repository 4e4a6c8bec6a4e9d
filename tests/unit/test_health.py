"""Is it well? The rules of `kubectl rollout status`, as tables."""

from typing import Any

import pytest

from bootheal.health import looping, rollout, starting
from bootheal.model import Ref
from support.objects import BOOT, THIS_BOOT, a_deployment, a_pod, running, waiting

STATEFULSET, DAEMONSET = Ref("statefulset", "shop", "db"), Ref("daemonset", "shop", "agent")


@pytest.mark.parametrize(
    ("fields", "done", "why"),
    [
        ({}, True, "2 of 2 replicas are available"),
        ({"generation": 2}, False, "its controller has not seen the latest change yet"),
        ({"updated": 1}, False, "1 of 2 replicas are of the latest template"),
        ({"replicas": 3}, False, "1 old replicas have yet to end"),
        ({"available": 1}, False, "1 of 2 replicas are available"),
        ({"available": 1, "deadline_exceeded": BOOT + 5}, False, "its progress deadline has passed in this boot"),
        ({"available": 1, "deadline_exceeded": BOOT - 5}, False, "1 of 2 replicas are available"),
        ({"deadline_exceeded": BOOT + 5}, True, "2 of 2 replicas are available"),
    ],
)
def test_a_deployment_is_done_when_kubectl_says_so(fields: dict[str, Any], done: bool, why: str) -> None:
    """The order of questions is kubectl's; a progress deadline from before this boot is history."""
    state = rollout(a_deployment(**fields), boot_time=THIS_BOOT)
    assert (done, why) == (state.done, state.why)


@pytest.mark.parametrize(
    ("fields", "done"),
    [
        ({}, True),
        ({"ready": 1}, False),
        ({"update_revision": "b", "current_revision": "a"}, False),
        ({"update_revision": "b", "current_revision": "a", "on_delete": True}, True),
        ({"partition": 1, "updated": 1, "update_revision": "b", "current_revision": "a"}, True),
        ({"partition": 1, "updated": 0, "update_revision": "b", "current_revision": "a"}, False),
    ],
)
def test_a_statefulset_is_done_by_its_revision_or_partition(fields: dict[str, Any], done: bool) -> None:
    """Ready replicas, then the partition or the revision; OnDelete has no rollout to wait for."""
    assert done == rollout(a_deployment(ref=STATEFULSET, **fields)).done


@pytest.mark.parametrize(
    ("fields", "done"),
    [({}, True), ({"updated": 1}, False), ({"available": 1}, False), ({"updated": 1, "on_delete": True}, True)],
)
def test_a_daemonset_is_done_when_every_node_has_the_latest_pod(fields: dict[str, Any], done: bool) -> None:
    """Updated and available on every node that wants one."""
    assert done == rollout(a_deployment(ref=DAEMONSET, **fields)).done


def test_a_crash_loop_is_a_waiting_reason() -> None:
    """CrashLoopBackOff is looked for in the container, and not taken for a start."""
    assert looping(a_pod("a", waiting("CrashLoopBackOff"))) is not None
    assert looping(a_pod("a", waiting("ContainerCreating"))) is None
    assert looping(a_pod("a", waiting("PodInitializing"), init=(waiting("CrashLoopBackOff"),))) is not None


def test_what_a_pod_waits_for_is_named() -> None:
    """The reason a person would see in `kubectl get pods`."""
    assert starting(a_pod("a", waiting("ImagePullBackOff"))) == "pod/shop/a ImagePullBackOff"
    assert starting(a_pod("a", phase="Pending", containers=())) == "pod/shop/a is Pending"
    assert starting(a_pod("a", running())) == ""
