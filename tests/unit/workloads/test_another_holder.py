"""Another host takes the Lease over: what was just restarted is not restarted again, and the next trouble is cured.

It has no memory of what was done; the object has, by the mark that was written with the restart.
"""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.cluster.rollout import Rollout
from bootheal.model import Workload
from bootheal.step import Act, GiveUp, Judgement, Past, Settled, Wait
from bootheal.workloads.actions import ResetPod, RollOut
from bootheal.workloads.observation import WorkloadObservation
from bootheal.workloads.workload import WorkloadStep
from support.objects import BOOT, NOW, a_deployment, a_pod, past, waiting
from support.workloads import STEP, down, seen

ALWAYS = replace(STEP, restart="always")
LOOPING = waiting("CrashLoopBackOff", restarts=4)
NODES = {"a": "a1", "b": "b1"}


def holder(**fields: Any) -> Past:
    """Return the past of a process that has done nothing yet; the pods are on node b."""
    return past(epoch="b1", boots=NODES, **fields)


def loops(**fields: Any) -> WorkloadObservation:
    return seen(a_pod("web-1", LOOPING, node="b"), workload=down(**fields))


def well(mark: str, **fields: Any) -> WorkloadObservation:
    workload: Workload = a_deployment(caused_by=mark)
    return seen(a_pod("web-1", node="b"), workload=workload, **fields)


def settled(facts: WorkloadObservation, remembered: Past, step: WorkloadStep = STEP) -> dict[str, str]:
    """Judge what is well, and return what is remembered of it."""
    judgement = step.judge(facts, replace(remembered, first_seen=dict.fromkeys(facts.conditions, NOW - 60)))
    assert isinstance(judgement, Settled), judgement
    return dict(judgement.baseline)


def does(judgement: Judgement) -> type | None:
    return type(judgement.actions[0]) if isinstance(judgement, Act) else None


@pytest.mark.parametrize(
    ("mark", "again"),
    [
        ("b1/always", False),
        ("a1+b1/always", False),
        ("a1/always", False),  # its pods have moved since
        ("a0+b1/always", True),  # one of the nodes that it lived on has rebooted since
        ("b0/always", True),
        ("b1/looping-0.0", True),
        ("", True),
    ],
)
def test_what_the_last_holder_restarted_in_this_boot_is_not_restarted_again(mark: str, again: bool) -> None:
    """`restart: always` is once per boot, and not once per holder of the Lease."""
    assert does(ALWAYS.judge(well(mark), holder())) is (RollOut if again else None)


def test_a_boot_that_was_outlived_where_the_pods_are_now_is_another_one() -> None:
    """Restarted on a, moved to b and well there; then b reboots: it is restarted in that boot, too."""
    baseline = settled(well("a1/always"), holder(), ALWAYS)
    after = past(epoch="b2", boots={"a": "a1", "b": "b2"}, baseline=baseline)
    assert does(ALWAYS.judge(well("a1/always"), after)) is RollOut
    only_a = past(epoch="b1", boots={"a": "a2", "b": "b1"}, baseline=settled(well("b1/always"), holder(), ALWAYS))
    assert does(ALWAYS.judge(well("b1/always"), only_a)) is None


@pytest.mark.parametrize("mark", ["b1/looping-3.1", "a1+b1/unwell-0.0"])
def test_what_loops_although_the_last_holder_restarted_it_is_waited_for(mark: str) -> None:
    """Its rollout is under way; where it fails a person is asked, as the one who restarted it would have."""
    judgement = STEP.judge(loops(caused_by=mark), holder())
    assert isinstance(judgement, Wait)
    assert "another process has restarted it" in judgement.why
    failed = replace(loops(caused_by=mark), rollout=Rollout(done=False, why="exceeded its deadline", failed=True))
    assert isinstance(STEP.judge(failed, holder()), GiveUp)


def test_what_is_unwell_is_not_restarted_by_the_next_holder_either() -> None:
    """However long it has been so."""
    facts = seen(a_pod("web-1", node="b"), workload=down(caused_by="b1/looping-0.0"))
    long_so = holder(first_seen=dict.fromkeys(facts.conditions, BOOT))
    assert isinstance(STEP.judge(facts, long_so), Wait)
    assert does(STEP.judge(replace(facts, workload=down()), long_so)) is RollOut


def test_once_it_was_well_the_next_trouble_is_cured_anew() -> None:
    """The mark is still on it, and is over: also where this process would have chosen the very same."""
    remembered = holder(baseline=settled(well("b1/looping-0.0"), holder()))
    assert does(STEP.judge(loops(caused_by="b1/looping-0.0"), remembered)) is ResetPod
    assert does(STEP.judge(well("b1/always"), replace(remembered, baseline={}))) is None


def test_what_is_known_of_its_pods_is_kept_with_it() -> None:
    """How long a new pod takes is measured seldom."""
    measured = holder(baseline={"a new pod starts after": "4.0"})
    assert settled(well("b1/always"), measured)["a new pod starts after"] == "4.0"
    assert settled(well(""), measured) == {}
