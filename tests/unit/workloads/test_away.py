"""Pods on another node that shows no sign of life: what is said of them is old, and nothing is done for their sake."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.model import BootTime, Lease, Node, Pod, Ref
from bootheal.ports import Partial, World
from bootheal.step import Act, Judgement, Settled, Wait
from bootheal.workloads.observation import look
from bootheal.workloads.strategy import Choice
from support.few import Few
from support.objects import BOOT, NOW, THIS_BOOT, a_deployment, a_lease, a_node, a_pod, past, running, waiting
from support.workloads import STEP, down, judged, seen

LABELS = {"app": "web"}
FAR = "is on node far, which shows no sign of life"


class Two(Few):
    """A cluster of this machine, `box`, or of one elsewhere, and of `far`."""

    def __init__(self, *pods: Pod, far: Node, lease: Lease | None, boot_id: str | None) -> None:
        super().__init__(*pods)
        self.far, self.leases, self.boot = far, {"box": a_lease(advanced=True), "far": lease}, boot_id

    def nodes(self) -> list[Node]:
        return [a_node(), self.far]

    def lease(self, node: str) -> Lease | None:
        return self.leases[node]

    def boot_id(self) -> str | None:
        return self.boot

    def boot_time(self) -> BootTime | None:  # type: ignore[override]
        return THIS_BOOT if self.boot else None


def judged_by(two: Two, **fields: Any) -> Judgement:
    facts = look(World(cluster=two, host=two), a_deployment(**fields), "auto", None)
    return STEP.judge(facts, past(first_seen=dict.fromkeys(facts.conditions, NOW - 300)))


@pytest.mark.parametrize(
    ("boot_id", "ready", "lease", "alive"),
    [
        ("new", True, a_lease(), True),
        ("new", True, a_lease(BOOT - 60), False),
        ("new", True, a_lease(BOOT - 3600, advanced=True), True),  # its clock is an hour behind
        ("new", False, a_lease(), False),
        ("new", True, None, False),
        (None, True, a_lease(), False),
        (None, True, a_lease(advanced=True), True),
    ],
    ids=[
        "alive",
        "off since before this boot",
        "another clock",
        "not ready",
        "no lease",
        "elsewhere, silent",
        "elsewhere",
    ],
)
def test_what_was_ready_on_a_node_that_is_away_is_not_believed(
    boot_id: str | None, ready: bool, lease: Lease | None, alive: bool
) -> None:
    """Both were cut off, one came back: for a minute the API shows the other's pods as Running and Ready."""
    pods = [a_pod(f"web-{name}", running(), labels=LABELS, node=name) for name in ("box", "far")]
    far = a_node(name="far", boot_id="other", ready=ready)
    judgement = judged_by(Two(*pods, far=far, lease=lease, boot_id=boot_id))
    if alive:
        assert isinstance(judgement, Settled)
    else:
        assert isinstance(judgement, Wait)
        assert judgement.why == f"pod/shop/web-far {FAR}"
        assert judgement.hint.endswith("kubectl delete node far")


def test_a_cluster_of_one_node_asks_for_no_lease() -> None:
    """The gate has seen to it."""
    pods = [a_pod(name, labels=LABELS, node="far") for name in ("web-1", "web-2")]
    two = Two(*pods, far=a_node(name="far"), lease=None, boot_id="new")
    two.nodes = lambda: [two.far]  # type: ignore[method-assign]
    two.leases = {}
    assert isinstance(judged_by(two), Settled)


@pytest.mark.parametrize("restart", ["if-needed", "always"])
def test_nothing_is_restarted_for_pods_on_a_node_that_is_away(restart: Any) -> None:
    """Four workloads were rolled out for them on two real nodes, and two of these could go nowhere else."""
    far = a_pod("web-far", running(ready=False), labels=LABELS, node="far", ready=False)
    judgement = judged(seen(far, away=frozenset({"far"})), 600, replace(STEP, restart=restart))
    assert isinstance(judgement, Wait)
    assert FAR in judgement.why


def test_what_loops_here_is_healed_all_the_same() -> None:
    """Nothing waits for a node that need not; of a pod that is away no back-off is known."""
    loop = waiting("CrashLoopBackOff", restarts=4)
    here, far = (a_pod(name, loop, labels=LABELS, node=name, ready=False) for name in ("box", "far"))
    judgement = judged(seen(here, far, workload=down(), away=frozenset({"far"})), 600)
    assert isinstance(judgement, Act)
    assert [action.about.name for action in judgement.actions] == ["box"]


def test_a_restart_that_deletes_pods_leaves_those_that_are_away() -> None:
    """Their processes would serve again with their node; those here are restarted as it was declared."""
    here, far = (a_pod(name, running(ready=False), labels=LABELS, node=name, ready=False) for name in ("box", "far"))
    step, found = (
        replace(STEP, restart="always"),
        seen(here, far, away=frozenset({"far"}), choice=Choice("delete-pods")),
    )
    judgement = judged(found, 600, step)
    assert isinstance(judgement, Act)
    assert [action.about.name for action in judgement.actions] == ["box"]
    assert not isinstance(judged(replace(found, pods=(far,)), 600, step), Act)


class Logs(Partial):
    """Each pod says who it is."""

    def log_tail(self, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
        return f"error: this is {pod.name}"


def test_the_last_words_are_those_of_a_pod_that_is_here() -> None:
    """Of one that is away nobody can ask: it takes its time, and says nothing of the others."""
    loop = waiting("CrashLoopBackOff", restarts=4)
    pods = [a_pod(f"web-{name}", loop, labels=LABELS, node=name, ready=False) for name in ("away", "box")]
    two = Two(*pods, far=a_node(name="away", boot_id="other"), lease=None, boot_id="new")
    two.leases["away"] = None
    facts = look(World(cluster=two, host=two, pod_access=Logs()), a_deployment(), "auto", None)
    assert facts.away == {"away"}
    assert facts.log == ("error: this is web-box",)
