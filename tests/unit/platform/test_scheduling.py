"""Whether pods can be placed."""

from bootheal.model import Node
from bootheal.platform.scheduling import TAINT, Scheduling, SchedulingObservation, Uncordon
from bootheal.step import Act, Settled, Wait
from support.objects import NOW, a_node, past

CORDONED = a_node(unschedulable=True, version="7", taints=(TAINT,))


def judged(node: Node, held: float, *, uncordon: bool = False) -> object:
    seen = SchedulingObservation((node,))
    first_seen = dict.fromkeys(seen.conditions, NOW - held)
    return Scheduling(uncordon=uncordon).judge(seen, past(first_seen=first_seen))


def test_nodes_that_take_pods_are_well() -> None:
    """The usual case."""
    assert Scheduling().judge(SchedulingObservation(()), past()) == Settled("every node takes pods")


def test_k3d_has_a_minute_to_make_its_node_schedulable() -> None:
    """It does so within about twenty seconds of a start."""
    expected = Wait("node box takes no new pods yet, as after `k3d cluster stop`", again=20)
    assert judged(CORDONED, 40) == judged(CORDONED, 40, uncordon=True) == expected


def test_a_node_that_stays_cordoned_is_told_of_and_left() -> None:
    """Somebody may have meant it."""
    told = "node box takes no new pods: kubectl uncordon box"
    assert judged(CORDONED, 60) == Settled("node box is left as it is: cordoned", (told,))


def test_a_node_that_stays_cordoned_is_made_schedulable_where_allowed() -> None:
    """As it was seen; the taint alone is its controller's to remove."""
    action = Uncordon(cause="cordoned for 60 s", node="box", version="7")
    assert judged(CORDONED, 60, uncordon=True) == Act("node box stays cordoned", (action,))
    assert action.sentence == "uncordon node box (cordoned for 60 s)"
    assert judged(a_node(taints=(TAINT,)), 60, uncordon=True) == Wait(f"node box still has the taint {TAINT}")
