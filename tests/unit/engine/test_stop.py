"""A stop, whenever it comes; and that nothing is changed outside of a pass."""

import signal
import threading
from typing import Any

import pytest

from bootheal.adapters.clock import SystemClock
from bootheal.engine import Inbox, Limits, Renew
from bootheal.errors import StateError
from bootheal.model import Remembered, Verdict
from bootheal.ports import Interest
from bootheal.step import Act, Judgement, Past, Settled, Wait
from support.engine import START, Bench, Deed, Disk, Scripted, SlowWorkers

STAY = Limits(deadline=float("inf"), stay=True)
PODS = Interest("pod", "shop")


def test_whoever_waits_at_the_queue_wakes() -> None:
    """A stop from another thread, and one from a signal handler."""
    clock = SystemClock()
    for stop in (lambda inbox: threading.Timer(0.05, inbox.stop).start(), _signalled):
        inbox = Inbox()
        before = clock.monotonic()
        stop(inbox)
        assert inbox.receive(clock, 10.0) is None
        assert clock.monotonic() - before < 5.0
        assert (inbox.stopped, inbox.stops) == (True, 1)


def _signalled(inbox: Inbox) -> None:
    signal.signal(signal.SIGALRM, lambda *_: inbox.stop())
    signal.setitimer(signal.ITIMER_REAL, 0.05)


def test_no_stop_is_lost_however_many_come_at_once() -> None:
    """From eight threads."""
    inbox = Inbox()

    def stop_often() -> None:
        for _ in range(1000):
            inbox.stop()

    threads = [threading.Thread(target=stop_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inbox.stops == 8000


def test_a_stop_before_the_pass_is_a_report_without_a_look() -> None:
    """Nothing is begun that nobody wants any more."""
    looks: list[int] = []
    bench = Bench([Scripted(name="a", sees=lambda: looks.append(1))])
    bench.inbox.stop()
    report = bench.run()
    assert (report.verdict, report.seconds, looks) == (Verdict.INTERRUPTED, 0.0, [])


def test_a_stop_between_passes_ends_rest_and_pause() -> None:
    """Before either has slept."""
    bench = Bench([Scripted(name="a")], limits=STAY)
    engine = bench.engine()
    engine.run("boot-1")
    bench.inbox.stop()
    engine.rest()
    engine.pause(100.0)
    assert (engine.stopped, bench.clock.time) == (True, START)


def test_a_stop_is_seen_before_whatever_lies_in_the_queue() -> None:
    """Ten thousand changes that came before it are not worked off first."""
    bench = Bench([])
    judged: list[float] = []

    def flood() -> None:
        for _ in range(10_000):
            bench.cluster.changed(PODS)
        bench.inbox.stop()

    def judges(_: Any, _past: Past) -> Judgement:
        judged.append(bench.clock.time)
        return Act("must", (Deed(cause="x", name=f"number {len(judged)}", does=flood),))

    bench.steps = [Scripted(name="a", wakes_on=frozenset({PODS}), judges=judges)]
    report = bench.run()
    assert [done.object for done in report.actions()] == ["thing/test/number 1"]
    assert (report.verdict, len(judged)) == (Verdict.INTERRUPTED, 1)


def test_two_stops_while_an_action_of_many_is_under_way() -> None:
    """That one is finished and recorded; what is owed is left to the next run, which was asked for twice."""
    bench = Bench([])

    def twice() -> None:
        bench.inbox.stop()
        bench.inbox.stop()

    deeds = tuple(Deed(cause="x", name=name, does=twice) for name in ("one", "two", "three"))
    bench.steps = [Owing(name="a", judges=lambda *_: Act("must", deeds))]
    report = bench.run()
    assert [(done.object, done.result) for done in report.actions()] == [("thing/test/one", "done")]
    assert (report.verdict, report.seconds) == (Verdict.INTERRUPTED, 0.0)


class Owing(Scripted):
    """A step that always owes something, and never gets done with it."""

    def owes(self, done: Any) -> bool:
        return True

    def wind_down(self, seen: Any, past: Past) -> Judgement:
        return Wait("still owed")


def test_a_stop_while_winding_down_ends_that() -> None:
    """The pass was over by itself; it has 40 s to give back what is owed, unless somebody is in a hurry."""
    bench = Bench([], limits=Limits(deadline=10.0))
    bench.clock.at(15.0, bench.inbox.stop)
    bench.steps = [Owing(name="a", judges=lambda *_: Wait("for ever"))]
    assert bench.run().seconds == pytest.approx(15.0)


def test_a_storm_of_requests_is_read_for_once() -> None:
    """While none of them has begun; what is asked for later is not in what was read."""
    inbox = Inbox()
    for _ in range(1_000):
        inbox.renew()
    assert inbox.queue.qsize() == 1
    inbox.renewal_begins()
    inbox.renew()
    assert inbox.queue.qsize() == 2


class Clumsy(Owing):
    """A step that cannot judge how to give back what it owes."""

    def wind_down(self, seen: Any, past: Past) -> Judgement:
        raise KeyError("replicas")


def test_a_bug_while_winding_down_is_told_as_one() -> None:
    """What was changed for a while may stay so: nobody is told that it was only a matter of time."""
    bench = Bench([], limits=Limits(deadline=10.0))
    bench.steps = [Clumsy(name="a", judges=lambda *_: Wait("for ever"))]
    report = bench.run()
    assert (report.verdict, report.reason) == (Verdict.BUG, "a: KeyError: 'replicas'")
    assert "test_stop.py" in report.outcomes[0].hint


@pytest.mark.parametrize("first", ["renew", "stop"])
def test_a_stop_beats_a_new_configuration(first: str) -> None:
    """Whichever came first: a process that ends reads nothing any more."""
    bench = Bench([Scripted(name="a", judges=lambda *_: Wait("for ever"))], limits=STAY)
    asked: list[int] = []

    def both() -> None:
        if first == "stop":
            bench.inbox.stop()
        bench.inbox.put(Renew())
        if first == "renew":
            bench.inbox.stop()

    def renew() -> bool:
        asked.append(1)
        return True

    bench.clock.at(5.0, both)
    engine = bench.engine(renew=renew)
    assert engine.run("boot-1").verdict is Verdict.INTERRUPTED
    engine.rest()
    assert (engine.stopped, engine.renewed, asked) == (True, False, [])


class FullDisk(Disk):
    """Nothing can be written while it is `full`."""

    full = False

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        if self.full:
            raise StateError("cannot write state.json: no space left")
        super().save(remembered, durable=durable)


def test_a_pass_that_cannot_be_entered_changes_nothing_afterwards() -> None:
    """Two fall ill at rest; the pass for the first fails, and the lock is given back: the look at the second ends then.

    Once something can be remembered again, both are healed.
    """
    disk, deeds = FullDisk(), list[tuple[str, bool]]()
    bench = Bench([], disk=disk, limits=STAY)
    bench.workers = SlowWorkers(bench.clock, 20.0)
    ill: set[str] = set()

    def step(name: str) -> Scripted:
        def does() -> None:
            ill.discard(name)
            deeds.append((name, disk.full))

        judges = lambda *_: Act("ill", (Deed(cause="x", does=does),)) if name in ill else Settled("well")  # noqa: E731
        return Scripted(name=name, wakes_on=frozenset({Interest("pod", name)}), judges=judges)

    def falls_ill(name: str) -> None:
        ill.add(name)
        bench.cluster.changed(Interest("pod", name))

    bench.steps = [step("a"), step("b")]
    engine = bench.engine()
    assert engine.run("boot-1").verdict is Verdict.HEALTHY
    disk.full = True
    bench.clock.at(25.0, lambda: falls_ill("a"))
    bench.clock.at(30.0, lambda: falls_ill("b"))
    engine.rest()
    for _ in range(3):
        with pytest.raises(StateError):
            engine.run("boot-1")
        engine.pause(10.0)
    assert deeds == []
    disk.full = False
    assert engine.run("boot-1").verdict is Verdict.HEALED
    assert deeds == [("a", False), ("b", False)]
