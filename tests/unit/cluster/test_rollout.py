"""Is it well? The rules of `kubectl rollout status`, as tables."""

from typing import Any

import pytest

from bootheal.cluster.rollout import crashed, looping, rollout
from bootheal.cluster.starting import starting
from bootheal.model import Pod, Ref
from support.objects import BOOT, NOW, THIS_BOOT, a_deployment, a_pod, running, terminated, waiting

STATEFULSET, DAEMONSET = Ref("statefulset", "shop", "db"), Ref("daemonset", "shop", "agent")


def loops(pod: Pod) -> bool:
    return looping(pod, boot_time=THIS_BOOT, now=NOW)


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
    ("fields", "done", "why"),
    [
        ({}, True, "2 of 2 replicas are ready"),
        ({"generation": 2}, False, "its controller has not seen the latest change yet"),
        ({"generation": 0, "observed": 0}, False, "its controller has not seen the latest change yet"),
        ({"ready": 1}, False, "1 of 2 replicas are ready"),
        ({"update_revision": "b", "current_revision": "a"}, False, "2 of 2 replicas are of the latest revision"),
        ({"partition": 0, "updated": 1}, False, "1 of 2 replicas are of the latest template"),
        ({"partition": 0, "update_revision": "b", "current_revision": "a"}, True, "2 of 2 replicas are ready"),
        ({"partition": 1, "updated": 1}, True, "2 of 2 replicas are ready"),
        ({"partition": 1, "updated": 0}, False, "0 of 1 replicas are of the latest template"),
        ({"partition": 1, "ready": 1}, False, "1 of 2 replicas are ready"),
        ({"strategy": "OnDelete", "updated": 0}, True, "2 of 2 replicas are ready"),
        ({"strategy": "OnDelete", "ready": 1}, False, "1 of 2 replicas are ready"),
    ],
)
def test_a_statefulset_is_done_when_kubectl_says_so(fields: dict[str, Any], done: bool, why: str) -> None:
    """Ready replicas, then the partition, which the API server always fills in, or else the revision."""
    state = rollout(a_deployment(ref=STATEFULSET, **fields))
    assert (done, why) == (state.done, state.why)


@pytest.mark.parametrize(
    ("fields", "done"),
    [
        ({}, True),
        ({"generation": 2}, False),
        ({"updated": 1}, False),
        ({"available": 1}, False),
        ({"ready": 1}, True),
        ({"updated": 1, "strategy": "OnDelete"}, True),
    ],
)
def test_a_daemonset_is_done_when_every_node_has_the_latest_pod(fields: dict[str, Any], done: bool) -> None:
    """Updated and available on every node that wants one; ready is not asked."""
    assert done == rollout(a_deployment(ref=DAEMONSET, **fields)).done


def test_a_deadline_that_has_passed_is_a_failure_only_if_it_is_of_this_boot() -> None:
    """What is merely not done yet is no failure."""
    assert rollout(a_deployment(available=1, deadline_exceeded=BOOT + 5), boot_time=THIS_BOOT).failed
    assert not rollout(a_deployment(available=1, deadline_exceeded=BOOT - 5), boot_time=THIS_BOOT).failed
    assert not rollout(a_deployment(available=1)).failed


def test_a_crash_loop_is_a_waiting_reason() -> None:
    """CrashLoopBackOff is looked for in the container, and not taken for a start."""
    loop = waiting("CrashLoopBackOff")
    assert loops(a_pod("a", loop))
    assert loops(a_pod("a", terminated("Error", ended=NOW - 1), loop))
    assert not loops(a_pod("a", waiting("ContainerCreating")))
    assert loops(a_pod("a", waiting("PodInitializing"), init=(loop,)))
    assert not loops(a_pod("a", loop, deleting=True))


@pytest.mark.parametrize(
    ("reason", "ended", "waits"),
    [("Error", NOW - 4, True), ("OOMKilled", NOW - 4, True), ("Error", NOW - 1, False), ("Error", None, False)]
    + [(reason, NOW - 4, False) for reason in ("Completed", "Unknown", "ContainerStatusUnknown")]
    + [("Error", BOOT - 4, False)],
)
def test_a_back_off_that_is_not_said_is_told_by_its_length(reason: str, ended: float | None, waits: bool) -> None:
    """What has failed in this boot and does not run again at once is in back-off; what the reboot killed is not."""
    pod = a_pod("a", terminated(reason, ended=ended))
    assert loops(pod) is waits
    assert bool(crashed(pod)) is (reason in ("Error", "OOMKilled"))
    assert not looping(pod, boot_time=None, now=NOW), "by another host's clock nobody knows"
    assert not loops(a_pod("a", init=(terminated(reason, ended=ended),))), "it is ready"


def test_what_a_pod_waits_for_is_named() -> None:
    """The reason a person would see in `kubectl get pods`."""
    assert starting(a_pod("a", waiting("ImagePullBackOff"))) == "pod/shop/a ImagePullBackOff"
    assert starting(a_pod("a", phase="Pending", containers=())) == "pod/shop/a is Pending, and has no node yet"
    assert starting(a_pod("a", phase="Pending", containers=(), node="box")) == "pod/shop/a is Pending"
    assert starting(a_pod("a", running())) == ""
