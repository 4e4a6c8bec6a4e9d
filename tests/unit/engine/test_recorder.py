"""When what is remembered is on the disk, and whose word counts where two processes write."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from bootheal.adapters.state_format import Contents, encode
from bootheal.engine import Recorder
from bootheal.errors import LockedError, StateError
from bootheal.model import ActionRecord, Ending, Event, EventKind, Outcome, Remembered, Report
from bootheal.step import Past
from bootheal.workloads.actions import ResetPod, RollOut
from support.engine import Disk, FakeClock, FakeStore
from support.thorough import times

DONE = ActionRecord(0, "delete-pod", "pod/shop/a", "Unknown", 5.0, "delete pod/shop/a")
STARTED = Event(EventKind.STARTED, at=1_000.0, elapsed=0.0)
WAITING = Event(EventKind.WAITING, at=1_000.0, elapsed=0.0, step="a", text="starting up (57P03)")
# 10,000 at night.
FLAPS = times(1_000)

REPORT = Report("boot-1", 1_000.0, 2.0, ())


@dataclass
class Durable(FakeStore):
    """Remembers which saves had to outlive a power cut."""

    forced: list[bool] = field(default_factory=list)

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        super().save(remembered, durable=durable)
        self.forced.append(durable)


class FullDisk(Disk):
    """Nothing can be written."""

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        raise StateError("cannot write state.json: No space left on device")


def kept(disk: Disk) -> Remembered:
    assert disk.kept
    return disk.kept


def test_what_must_outlive_a_power_cut_does() -> None:
    """An intent, an epoch, a report. A result need not: that the action may have happened is as good to know."""
    store = Durable()
    recorder = Recorder(store, FakeClock(), "machine-1")
    with recorder.hold():
        recorder.enter("boot-1")
        recorder.record("a", DONE)
        recorder.record("a", replace(DONE, result="done"))
        recorder.finish(REPORT)
    assert store.forced == [True, True, False, True]


def test_what_may_be_late_is_written_once_a_second() -> None:
    """At one of the next looks, also where nothing happens any more; the beginning of a pass at once."""
    clock, disk = FakeClock(), Disk()
    recorder = Recorder(FakeStore(disk), clock, "machine-1")
    with recorder.hold():
        recorder.enter("boot-1")
        recorder.progress(STARTED)
        assert (disk.saves, kept(disk).recovering_since) == (2, 1_000.0)
        recorder.progress(WAITING)
        for _ in range(100):
            recorder.observe("a", frozenset({"dead"}), 1.0)
        assert disk.saves == 2
        clock.time += 1.0
        for _ in range(100):
            recorder.observe("a", frozenset({"dead"}), 1.0)
        assert disk.saves == 3
    assert kept(disk).progress["a"].text == "starting up (57P03)"
    assert kept(disk).steps["a"].first_seen == {"dead": 1.0}


def test_where_only_what_may_be_late_cannot_be_written_the_pass_goes_on() -> None:
    """What must be there is another matter: its error says why nothing is changed."""
    clock = FakeClock()
    recorder = Recorder(FakeStore(FullDisk()), clock, "machine-1")
    with recorder.hold():
        recorder.progress(STARTED)
        clock.time += 10
        assert recorder.observe("a", frozenset({"dead"}), 1.0) == {"dead": 1.0}
        recorder.set_baseline("a", {"rows": "5"})
        with pytest.raises(StateError):
            recorder.record("a", DONE)
        with pytest.raises(StateError):
            recorder.enter("boot-1")


def test_nothing_is_written_outside_of_a_pass() -> None:
    """What the engine sees while it rests stays in memory: another pass may be under way."""
    clock, disk = FakeClock(), Disk()
    recorder = Recorder(FakeStore(disk), clock, "machine-1")
    with recorder.hold():
        recorder.enter("boot-1")
    clock.time += 100
    recorder.observe("a", frozenset({"dead"}), 200.0)
    recorder.progress(WAITING)
    recorder.set_baseline("a", {"rows": "5"})
    assert disk.saves == 1
    with recorder.hold():  # and is written in the next pass
        recorder.enter("boot-1")
    assert kept(disk).steps["a"].first_seen == {"dead": 200.0}
    assert kept(disk).baseline == {"a": {"rows": "5"}}


def baseline(disk: Disk) -> Mapping[str, Mapping[str, str]]:
    return kept(disk).baseline


def test_what_is_good_is_written_down_between_passes_now_and_then() -> None:
    """A daemon may rest for months: rows that were deleted meanwhile must not look lost after the next boot."""
    clock, disk = FakeClock(), Disk()
    daemon = Recorder(FakeStore(disk), clock, "machine-1")
    with daemon.hold():
        daemon.enter("boot-1")
        daemon.set_baseline("b", {"rows": "6"})
        daemon.enter("boot-1")
    by_hand = Recorder(FakeStore(disk), clock, "machine-1")
    with by_hand.hold():
        by_hand.record("b", DONE)
        by_hand.set_baseline("b", {"rows": "7"})
        by_hand.enter("boot-1")
        clock.time += 601
        daemon.set_baseline("a", {"rows": "4"})  # another pass is under way
    assert baseline(disk) == {"b": {"rows": "7"}}
    daemon.set_baseline("a", {"rows": "3"})  # not yet again
    assert baseline(disk) == {"b": {"rows": "7"}}
    clock.time += 601
    daemon.set_baseline("a", {"rows": "3"})  # what it said last time was not written yet
    assert baseline(disk) == {"a": {"rows": "3"}, "b": {"rows": "7"}}
    assert kept(disk).steps["b"].done == (DONE,)
    saves = disk.saves
    clock.time += 601
    daemon.set_baseline("a", {"rows": "3"})
    assert disk.saves == saves  # nothing new


def test_what_another_pass_has_written_is_known_in_the_next() -> None:
    """`run --once` by hand beside a daemon: the daemon's next pass knows what was done, and what was good."""
    disk = Disk()
    daemon, by_hand = (Recorder(FakeStore(disk), FakeClock(), "machine-1") for _ in range(2))
    with daemon.hold():
        daemon.enter("boot-1")
    daemon.set_baseline("a", {"rows": "9"})
    with by_hand.hold():
        by_hand.record("b", DONE)
        by_hand.set_baseline("a", {"rows": "2"})
        by_hand.enter("boot-1")
    with daemon.hold() as epoch:
        assert (epoch, daemon.done("b"), daemon.baseline("a")) == ("boot-1", (DONE,), {"rows": "2"})
        daemon.set_baseline("b", {"rows": "1"})
        daemon.enter("boot-1")
    assert baseline(disk) == {"a": {"rows": "2"}, "b": {"rows": "1"}}


def test_a_report_that_is_withdrawn_is_one_of_the_past() -> None:
    """Nothing is lost, nothing is made where there was none, and nothing is touched while a pass is under way."""
    disk = Disk()
    withdrawing = [Recorder(FakeStore(disk), FakeClock()) for _ in range(3)]
    withdrawing[0].withdraw()
    assert disk.kept is None
    recorder = Recorder(FakeStore(disk), FakeClock(), "machine-1")
    with recorder.hold():
        recorder.enter("boot-1")
        recorder.observe("a", frozenset({"dead"}), 200.0)
        recorder.finish(REPORT)
        before = kept(disk)
        with pytest.raises(LockedError):
            withdrawing[1].withdraw()
    assert before is kept(disk)
    withdrawing[2].withdraw()
    assert kept(disk) == replace(before, report=None, previous=REPORT)


class Measured(Disk):
    """Measures what would be written, now and then."""

    longest = 0

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        super().save(remembered, durable=durable)
        if self.saves % 499 == 0:
            self.longest = max(self.longest, len(encode(Contents(remembered, ""))))


def test_thousands_of_flaps_fit_into_64_kb() -> None:
    """Each has pods of its own, is healed by two actions, and ends with a report; no write is longer than others."""
    disk = Measured()
    recorder = Recorder(FakeStore(disk), FakeClock(), "machine-1")
    recorder.enter("boot-1")
    for flap in range(FLAPS):
        did = []
        for kind, about in (("reset-pod", f"pod/shop/django-{flap}"), ("roll-out", "deployment/shop/django")):
            number, incident = recorder.next_number("a"), recorder.incident("a")
            done = ActionRecord(number, kind, about, "loops", float(flap), f"{kind} {about}", incident=incident)
            recorder.record("a", done)
            did.append(replace(done, result="done"))
            recorder.record("a", did[-1])
        recorder.close_incident("a")
        recorder.finish(replace(REPORT, outcomes=(Outcome("a", Ending.SETTLED, "well", actions=tuple(did)),)))
    assert 10_000 < disk.longest < 64_000
    past = Past(now=0.0, done=recorder.done("a"), incident=recorder.incident("a"))
    assert (past.times(ResetPod), past.times(RollOut), past.incident) == (FLAPS, FLAPS, FLAPS)
