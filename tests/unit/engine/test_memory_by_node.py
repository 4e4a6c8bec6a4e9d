"""What was done belongs to the nodes that it was done on: the reboot of another one neither repeats nor undoes it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.engine import Limits, memory
from bootheal.engine.memory import closed, observed, recorded, turned_to
from bootheal.model import ActionRecord, Remembered, StepMemory, from_json, to_json
from bootheal.model.past import epoch_of, rebooted
from bootheal.step import Act, Judgement, Past, Settled
from support.engine import Bench, Deed, Scripted
from support.thorough import times

DONE = ActionRecord(0, "roll-out", "deployment/shop/web", "always", 5.0, "roll it out", "done")
A, B = {"a": "a1"}, {"b": "b1"}
BOTH = A | B


def lived(*steps: tuple[str, Mapping[str, str]]) -> Remembered:
    """Return a memory in which each step, which lives on some nodes, has done something."""
    remembered = turned_to(Remembered(), "first", "here", BOTH)
    for name, boots in steps:
        remembered = recorded(observed(remembered, name, frozenset({"ill"}), 7.0, boots), name, DONE)
    return remembered


def known(remembered: Remembered) -> set[str]:
    """Return the steps that are known to have done something."""
    return {name for name, step in remembered.steps.items() if step.done}


WEB = lived(("on a", A), ("on b", B), ("on both", BOTH), ("anywhere", {}))


@pytest.mark.parametrize(
    ("epoch", "boots", "left"),
    [
        pytest.param("second", {"a": "a1", "b": "b2"}, {"on a"}, id="b has rebooted, elsewhere"),
        pytest.param("first", {"a": "a1", "b": "b2"}, {"on a", "anywhere"}, id="b has rebooted, not this host"),
        pytest.param("first", {**BOTH, "c": "c1"}, {"on a", "on b", "on both", "anywhere"}, id="c has joined"),
        pytest.param("first", A, {"on a", "on b", "on both", "anywhere"}, id="b is away"),
        pytest.param("second", {"a": "a2", "b": "b2"}, set(), id="both have rebooted"),
    ],
)
def test_only_what_was_done_on_a_node_that_rebooted_is_forgotten(
    epoch: str, boots: dict[str, str], left: set[str]
) -> None:
    """Of what is on no known node the whole cluster's epoch decides, as it always did."""
    after = turned_to(WEB, epoch, "here", boots)
    assert known(after) == left
    assert {name: after.steps[name] for name in left} == {name: WEB.steps[name] for name in left}  # since when, too
    assert turned_to(after, epoch, "here", boots) is after


def test_a_node_that_was_away_comes_back_in_another_boot() -> None:
    """Its boot is remembered while it is not listed at all."""
    away = turned_to(WEB, "first", "here", A)
    assert known(turned_to(away, "second", "here", {"a": "a1", "b": "b2"})) == {"on a"}
    assert known(turned_to(away, "first", "here", BOTH)) == known(WEB)


def test_before_the_gate_has_told_of_the_nodes_nothing_of_them_is_forgotten() -> None:
    """This host has rebooted, and knows no more than that: the others' boots are told seconds later."""
    begun = turned_to(WEB, "second", "here again")
    assert known(begun) == {"on a", "on b", "on both"}
    assert known(turned_to(begun, "second", "here again", {"a": "second", "b": "b1"})) == {"on b"}


def test_a_report_stays_one_of_this_boot_when_another_node_reboots() -> None:
    """`status` and `wait` tell of the machine that they are asked on."""
    reported = replace(WEB, progress={}, recovering_since=3.0)
    after = turned_to(reported, "first", "here", {"a": "a1", "b": "b2"})
    assert (after.recovering_since, after.last_boot) == (3.0, None)


def test_repairs_are_counted_on_for_those_who_come_after_them() -> None:
    """A workload on another node knows each trouble by that count: the second repair is not taken for the first."""
    database = lived(("database", B), ("web", A))
    once = memory.step(database, "database")
    assert once.repairs + memory.repaired(once) == 1
    after = turned_to(database, "second", "here", {"a": "a1", "b": "b2"})
    again = memory.step(recorded(after, "database", DONE), "database")
    assert again.repairs + memory.repaired(again) == 2
    assert turned_to(database, "second", "here", {"a": "a2", "b": "b2"}).steps == {}


def test_what_did_not_help_is_counted_for_the_boots_that_were_lived_through() -> None:
    """One that was not restarted by a reboot has not been ill for two boots."""
    after = turned_to(WEB, "second", "here", {"a": "a1", "b": "b2"})
    assert after.boots_in_vain == {name: {"roll-out": 1} for name in ("anywhere", "on b", "on both")}
    assert closed(after, "on a").steps["on a"].boots == A


def test_nodes_that_are_gone_are_remembered_within_bounds() -> None:
    """An autoscaler makes a node of a new name each hour."""
    remembered = Remembered()
    for number in range(500):
        remembered = turned_to(remembered, "first", "here", {"a": "a1", f"node-{number}": "x"})
    assert len(remembered.boots) == memory.MOST_GONE + 2
    assert {"a", "node-499", "node-498"} <= remembered.boots.keys()


def test_it_survives_the_process() -> None:
    """And what an older bootheal wrote, which knew no nodes, is read as being of the whole epoch."""
    assert from_json(Remembered, to_json(WEB)) == WEB
    old = {"epoch": "first", "boot": "here", "steps": {"on a": {"done": []}}}
    assert from_json(Remembered, old).steps == {"on a": StepMemory()}


@settings(max_examples=times(60))
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["boots", "goes", "joins", "acts"])), max_size=25))
def test_a_step_is_forgotten_by_reboots_of_its_own_node_alone(happens: list[tuple[str, str]]) -> None:
    """Whatever becomes of the nodes, in whatever order: four steps, one on each of four nodes."""
    boots, listed, since = dict.fromkeys("abcd", 1), set("abcd"), dict.fromkeys("abcd", 0)
    remembered, turns = Remembered(), 0

    def told() -> dict[str, str]:
        return {node: f"{node}{boots[node]}" for node in listed}

    remembered = turned_to(remembered, "0", "here", told())
    for node, what in happens:
        if what == "acts" and node in listed:
            seen = observed(remembered, node, frozenset(), 1.0, {node: f"{node}{boots[node]}"})
            remembered = recorded(seen, node, replace(DONE, number=memory.next_number(seen, node)))
            since[node] += 1
        elif what == "boots":
            boots[node], since[node], turns = boots[node] + 1, 0, turns + 1
            listed.add(node)
        elif what == "goes":
            listed.discard(node)
        elif what == "joins":
            listed.add(node)
        remembered = turned_to(remembered, str(turns), "here", told())
        for step, count in since.items():
            assert sum(done.count for done in memory.step(remembered, step).done) == count


# --- the engine -------------------------------------------------------------------------------------


class Cluster:
    """Two machines elsewhere, and on each something that is to be done to once in each of its boots."""

    def __init__(self, bench: Bench) -> None:
        self.boots = dict(BOTH)
        self.where = {"web": "a", "db": "b"}
        self.done: list[str] = []
        gate = Scripted(name="gate", sees=lambda: dict(self.boots), judges=self._opens)
        bench.steps = [gate, *(self._step(name) for name in self.where)]

    def _opens(self, boots: Any, past: Past) -> Judgement:
        lasts = past.boots and not rebooted(past.boots, boots)
        return Settled("open", epoch=past.epoch if lasts else epoch_of(boots.values()), boots=boots)

    def _step(self, name: str) -> Scripted:
        def judges(_seen: Any, past: Past) -> Judgement:
            if past.times(Deed):
                return Settled("was done")
            return Act("once in each boot", (Deed(cause="always", does=lambda: self.done.append(name)),))

        return Scripted(name=name, after=("gate",), judges=judges, nodes=lambda: frozenset({self.where[name]}))


def test_a_reboot_of_one_node_repeats_what_was_done_there_and_nothing_else() -> None:
    """Once-per-boot deeds were repeated for the whole cluster, whichever node had rebooted."""
    bench = Bench([])
    cluster = Cluster(bench)
    bench.run("")
    assert cluster.done == ["web", "db"]
    cluster.boots["b"] = "b2"
    bench.run("a1+b1")
    assert cluster.done == ["web", "db", "db"]
    bench.run("a1+b2")
    cluster.boots["c"] = "c1"
    bench.run("a1+b2")
    assert cluster.done == ["web", "db", "db"]


def test_a_pod_that_has_moved_lives_by_the_boots_of_where_it_is() -> None:
    """What was done where it was before counts until a node reboots that it lives on now."""
    bench = Bench([])
    cluster = Cluster(bench)
    bench.run("")
    cluster.where["web"] = "b"
    bench.run("a1+b1")
    cluster.boots["a"] = "a2"
    bench.run("a1+b1")
    assert cluster.done == ["web", "db"]
    cluster.boots["b"] = "b2"
    bench.run("a2+b1")
    assert sorted(cluster.done) == ["db", "db", "web", "web"]


def test_another_process_goes_on_with_it() -> None:
    """The memory of nodes is on the disk before anything is done."""
    bench = Bench([])
    cluster = Cluster(bench)
    bench.run("")
    next_one = Bench(bench.steps, disk=bench.disk)
    cluster.boots["b"] = "b2"
    next_one.run("a1+b1")
    assert cluster.done == ["web", "db", "db"]


def test_a_node_that_reboots_while_all_is_well_ends_the_rest_and_one_that_joins_does_not() -> None:
    """The second outage is noticed as surely as the first."""
    bench = Bench([], limits=Limits(deadline=float("inf"), stay=True))
    cluster = Cluster(bench)
    bench.clock.at(100, lambda: cluster.boots.update(c="c1"))
    bench.clock.at(1000, lambda: cluster.boots.update(b="b2"))
    bench.clock.at(2000, bench.inbox.stop)
    engine, began = bench.engine(), []
    while not engine.stopped:
        report = engine.run("a1+b1")
        began.append(report.began - 1_000_000)
        engine.rest()
    assert began[0] == 0
    assert len(began) == 2
    assert 1000 <= began[1] < 1100
    assert cluster.done == ["web", "db", "db"]
