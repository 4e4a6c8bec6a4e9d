"""Of several processes one acts: once another one does, nothing more is begun, whatever was decided on before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bootheal.engine import Limits
from bootheal.model import Remembered, Verdict
from bootheal.ports import Unquestioned
from bootheal.step import Act, Action, Judgement, Past, Settled, Wait
from support.engine import START, Bench, Deed, Disk, LostWorkers, Scripted

ANOTHER = "host-2 (boot b) heals: it holds lease/kube-system/bootheal"


class Term(Unquestioned):
    """The mandate of a process that acts until some moment, or until it is said to be over."""

    def __init__(self, bench: Bench, until: float = float("inf")) -> None:
        self._bench, self._until, self.over = bench, until, False

    def objection(self) -> str:
        return ANOTHER if self.over or self.lapses_in() <= 0.0 else ""

    def lapses_in(self) -> float:
        return START + self._until - self._bench.clock.time

    def end(self) -> None:
        self.over = True


def acts(*deeds: Action) -> Callable[[Any, Past], Judgement]:
    """Judge that all of these are to be done."""
    return lambda _seen, past: Settled("ok") if past.done else Act("must", deeds)


def test_what_was_decided_on_is_left_undone_once_another_one_acts() -> None:
    """Neither the rest of one judgement nor what another step would do; the report says that it is not whole."""
    bench = Bench([])
    term, done = Term(bench), list[str]()

    def last() -> None:
        done.append("first")
        term.end()

    first = Deed(cause="x", name="first", does=last)
    second = Deed(cause="x", name="second", does=lambda: done.append("second"))
    other = Deed(cause="x", name="other", does=lambda: done.append("other"))
    bench.steps = [Scripted(name="a", judges=acts(first, second)), Scripted(name="b", judges=acts(other))]
    engine = bench.engine(mandate=term)
    report = engine.run("boot-1")
    assert done in (["first"], ["other", "first"])
    assert report.verdict is Verdict.INTERRUPTED
    assert engine.deposed == ANOTHER
    assert not any("second" in record.object for records in bench.disk.records.values() for record in records)


@dataclass(frozen=True, kw_only=True)
class Heap(Deed):
    """An action of many requests."""

    size: int = 1

    def parts(self) -> Sequence[Action]:
        return [replace(self, size=1)] * self.size


def test_of_many_requests_none_is_sent_after_the_last_that_was_ours() -> None:
    """It is asked before each of them, as it is after the intent has been written, which may take long."""
    bench = Bench([])
    term, sent = Term(bench, until=5.0), list[float]()

    def does() -> None:
        sent.append(bench.clock.time - START)
        bench.clock.time += 1.0

    bench.steps = [Scripted(name="a", judges=acts(Heap(cause="x", size=20, does=does)))]
    bench.engine(mandate=term).run("boot-1")
    assert sent == [0.0, 1.0, 2.0, 3.0, 4.0]


@dataclass
class SlowDisk(Disk):
    """A disk that takes a minute for what must be on it."""

    bench: Bench | None = None

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        super().save(remembered, durable=durable)
        if durable and self.bench and self.records:
            self.bench.clock.time += 60.0


def test_nothing_is_done_for_which_the_time_ran_out_while_it_was_noted() -> None:
    """The intent was ours; the deed would not be."""
    disk, done = SlowDisk(), list[str]()
    bench = Bench([], disk=disk)
    disk.bench = bench
    bench.steps = [Scripted(name="a", judges=acts(Deed(cause="x", does=lambda: done.append("done"))))]
    bench.engine(mandate=Term(bench, until=10.0)).run("boot-1")
    assert done == []
    assert any(record.result for records in bench.disk.records.values() for record in records)


@pytest.mark.parametrize("resting", [False, True])
def test_who_loses_it_stops_in_that_very_moment(resting: bool) -> None:
    """Although nothing arrives that could wake it: no look comes back, and the next one would be due much later."""
    bench = Bench([], limits=Limits(deadline=3000.0, stay=True, recheck=600.0))
    until = 40.0
    term = Term(bench, until)
    if resting:
        bench.steps = [Scripted(name="a")]
        engine = bench.engine(mandate=term)
        engine.run("boot-1")
        engine.rest()
    else:
        bench.workers, bench.steps = LostWorkers(), [Scripted(name="a")]
        assert bench.engine(mandate=term).run("boot-1").verdict is Verdict.INTERRUPTED
    assert bench.clock.time - START == until


def test_what_was_lent_is_left_to_whoever_acts_next() -> None:
    """It finds the note on the object; two that give back at once would undo each other."""
    bench = Bench([], limits=Limits(deadline=30.0))
    done: list[str] = []

    class Lend(Deed):
        loan = "taken"

    @dataclass(frozen=True, kw_only=True)
    class Lender(Scripted):
        def owes(self, done: Any) -> bool:
            return True

        def wind_down(self, seen: Any, past: Past) -> Judgement:
            return Act("time is up", (Deed(cause="x", name="loan", does=lambda: done.append("given back")),))

    def judges(_seen: Any, past: Past) -> Judgement:
        return Wait("served?") if past.done else Act("refused", (Lend(cause="x", does=lambda: done.append("lent")),))

    bench.steps = [Lender(name="a", judges=judges)]
    bench.engine(mandate=Term(bench, until=10.0)).run("boot-1")
    assert done == ["lent"]


def test_who_stands_by_says_who_acts_and_begins_when_its_turn_comes() -> None:
    """And looks at nothing meanwhile."""
    bench, looked, said = Bench([]), list[float](), list[str]()
    bench.steps = [Scripted(name="a", sees=lambda: looked.append(bench.clock.time))]

    class Waiting(Term):
        def objection(self) -> str:
            return ANOTHER if bench.clock.time < START + 12.0 else ""

        def lapses_in(self) -> float:
            return float("inf")

    bench.clock.at(12.0, bench.inbox.wake)
    engine = bench.engine(mandate=Waiting(bench))
    engine.stand_by(said.append)
    assert (said, looked) == ([ANOTHER], [])
    assert bench.clock.time == START + 12.0
    assert engine.run("boot-1").verdict is Verdict.HEALTHY
