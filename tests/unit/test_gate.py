"""The gate's judgement."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.model import Readiness
from bootheal.step import GiveUp, Settled, Wait
from bootheal.steps.gate import Gate, Seen
from support.objects import BOOT, NOW, a_lease, a_node, past


def seen(*nodes: Any, **fields: Any) -> Seen:
    return replace(Seen(Readiness(ready=True), nodes=nodes, boot_id="new", boot_time=BOOT), **fields)


def test_the_gate_opens_for_a_node_of_this_boot_and_says_which_boot() -> None:
    """Settled carries the epoch that everything after the gate belongs to."""
    assert Gate().judge(seen((a_node(), a_lease())), past()) == Settled("node box is Ready in this boot", epoch="new")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (seen(readiness=Readiness(ready=False, why="/readyz says 500 (etcd)")), "not ready: /readyz says 500 (etcd)"),
        (seen(), "no node has registered yet"),
        (seen((a_node(boot_id="old"), a_lease())), "previous boot"),
        (seen((a_node(ready=False, why="KubeletNotReady: cni"), a_lease())), "KubeletNotReady: cni"),
        (seen((a_node(taints=("node.kubernetes.io/not-ready",)), a_lease())), "taint node.kubernetes.io/not-ready"),
        (seen(denied="cannot get /readyz: 401"), "401"),
    ],
)
def test_the_gate_waits_and_says_for_what(facts: Seen, why: str) -> None:
    """Each reason a person would want to read in the journal."""
    judgement = Gate().judge(facts, past())
    assert isinstance(judgement, Wait)
    assert why in judgement.why


def test_a_refusal_is_believed_only_after_a_minute() -> None:
    """The API server answers before it has loaded its roles; after a minute a 401 is a wrong credential."""
    facts = seen(denied="cannot get /readyz: 401", hint="read the live file")
    refused = {"denied": NOW - 60}
    assert Gate().judge(facts, past(first_seen=refused)) == GiveUp("cannot get /readyz: 401", "read the live file")


def test_of_several_nodes_the_one_on_this_host_counts() -> None:
    """Another machine's node that is down does not keep this one shut."""
    other = (a_node(name="far", boot_id="other", ready=False), a_lease())
    assert isinstance(Gate().judge(seen(other, (a_node(), a_lease())), past()), Settled)


def test_a_cordoned_node_is_remarked() -> None:
    """It is not uncordoned, and not kept quiet about."""
    judgement = Gate().judge(seen((a_node(unschedulable=True), a_lease())), past())
    assert isinstance(judgement, Settled)
    assert judgement.remarks == ("node box is unschedulable (cordoned)",)
