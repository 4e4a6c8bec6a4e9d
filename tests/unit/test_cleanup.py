"""What is deleted after a reboot, and what is left."""

from typing import Any

import pytest

from bootheal.actions import DeletePod
from bootheal.model import Pod, Ref
from bootheal.ports import World
from bootheal.step import Act, GiveUp, Settled, Wait
from bootheal.steps.cleanup import Cleanup, Seen
from support.objects import NOW, a_pod, past, terminated, waiting

CLEANUP = Cleanup(namespaces=("shop",), grace=60, cap=2)


class OnlyPods:
    def __init__(self, *pods: Pod) -> None:
        self._pods = pods

    def pods(self, _namespace: str) -> tuple[Pod, ...]:
        return self._pods


def look(*pods: Pod) -> Seen:
    return CLEANUP.look(World(OnlyPods(*pods), None, None, None, None))  # type: ignore[arg-type]


def long_dead(*pods: Pod) -> Any:
    return past(first_seen={f"dead {pod.uid}": NOW - 60 for pod in pods})


@pytest.mark.parametrize(
    "pod",
    [
        a_pod("a", terminated("Unknown")),
        a_pod("a", terminated("ContainerStatusUnknown"), phase="Failed"),
        a_pod("a", phase="Failed", reason="Terminated", ready=False),
        a_pod("a", phase="Failed", reason="NodeShutdown", ready=False),
        a_pod("a", phase="Failed", reason="NodeAffinity", ready=False),
    ],
)
def test_what_the_reboot_killed_is_deleted_once_it_has_been_dead_for_the_grace(pod: Pod) -> None:
    """That very pod, by UID; before the grace is over it is only waited for."""
    facts = look(pod)
    assert isinstance(CLEANUP.judge(facts, past()), Wait)
    judgement = CLEANUP.judge(facts, long_dead(pod))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, DeletePod)
    assert (action.pod, action.uid) == (pod.ref, pod.uid)


@pytest.mark.parametrize(
    "pod",
    [
        a_pod("a"),
        a_pod("a", waiting("CrashLoopBackOff")),
        a_pod("a", waiting("ImagePullBackOff"), phase="Pending"),
        a_pod("a", phase="Failed", reason="Evicted", ready=False),
        a_pod("a", phase="Failed", reason="OutOfmemory", ready=False),
        a_pod("a", terminated("Unknown"), deleting=True),
    ],
)
def test_what_has_another_trouble_is_not_touched(pod: Pod) -> None:
    """Crash loops, image pulls, evictions and pods that are ending have other cures."""
    assert CLEANUP.judge(look(pod), long_dead(pod)) == Settled("no dead pod")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"owner": None}, "a bare pod, nothing would make it again"),
        ({"owner": Ref("job", "shop", "migrate")}, "owned by job/migrate, which would count the deletion as a failure"),
        ({"mirror": True}, "a static pod, the kubelet's own"),
    ],
)
def test_what_nothing_would_replace_is_left_and_reported(fields: dict[str, Any], why: str) -> None:
    """Bare, Job and static pods are remarks in the report, never deleted."""
    pod = a_pod("a", terminated("Unknown"), **fields)
    assert CLEANUP.judge(look(pod), long_dead(pod)) == Settled("no dead pod", (f"left pod/shop/a (Unknown): {why}",))


def test_too_many_dead_pods_are_suspicious() -> None:
    """More than the cap: none is deleted, a person looks first."""
    pods = [a_pod(name, terminated("Unknown")) for name in "abc"]
    judgement = CLEANUP.judge(look(*pods), long_dead(*pods))
    assert isinstance(judgement, GiveUp)
    assert judgement.why == "3 pods look dead, more than cleanup.cap = 2: nothing was deleted"
