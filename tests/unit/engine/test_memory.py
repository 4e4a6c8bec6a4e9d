"""The rules of what is remembered."""

from dataclasses import replace

import pytest

from bootheal.engine import memory
from bootheal.engine.memory import MOST_REPORTED, closed, finished, observed, recorded, told, turned_to
from bootheal.model import (
    ActionRecord,
    Ending,
    Event,
    EventKind,
    Outcome,
    Progress,
    Remembered,
    Report,
    StepMemory,
    Verdict,
)

DONE = ActionRecord(0, "delete-pod", "pod/shop/a", "Unknown", 5.0, "delete pod/shop/a", "done")
FIRST = Remembered(epoch="boot-1", boot="machine-1")


def first_seen(remembered: Remembered) -> dict[str, float]:
    return dict(memory.step(remembered, "a").first_seen)


def records(remembered: Remembered, step: str = "a") -> list[tuple[int, str]]:
    return [(done.number, done.result) for done in memory.step(remembered, step).done]


def mend(remembered: Remembered, step: str = "a") -> Remembered:
    """Do something to the step that helps."""
    done = replace(DONE, number=memory.next_number(remembered, step), incident=memory.step(remembered, step).incident)
    return closed(recorded(remembered, step, done), step)


def test_a_condition_is_dated_from_its_first_sight_until_it_ends() -> None:
    """A condition that was gone in between begins anew; where nothing has changed there is nothing to write."""
    one = observed(FIRST, "a", frozenset({"dead a"}), 10.0)
    two = observed(one, "a", frozenset({"dead a", "dead b"}), 20.0)
    assert first_seen(two) == {"dead a": 10.0, "dead b": 20.0}
    assert observed(two, "a", frozenset({"dead a", "dead b"}), 30.0) is two
    none = observed(two, "a", frozenset(), 30.0)
    assert first_seen(none) == {}
    assert first_seen(observed(none, "a", frozenset({"dead a"}), 40.0)) == {"dead a": 40.0}


def test_a_result_takes_the_place_of_its_intent() -> None:
    """By its number; actions are kept in order, per step."""
    intended = recorded(FIRST, "a", replace(DONE, result="intended"))
    assert memory.next_number(intended, "a") == 1
    both = recorded(recorded(intended, "a", replace(DONE, number=1)), "b", DONE)
    assert records(both) == [(0, "intended"), (1, "done")]
    assert records(recorded(both, "a", DONE)) == [(0, "done"), (1, "done")]
    assert records(both, "b") == [(0, "done")]
    assert records(both, "c") == []


def test_a_number_is_not_given_again() -> None:
    """However many records were folded: a result would take another action's place."""
    remembered = FIRST
    for number in range(5):
        assert memory.next_number(remembered, "a") == number
        remembered = mend(remembered)
    assert records(remembered) == [(4, "done")]


def test_another_epoch_is_another_memory() -> None:
    """What was done in the last boot does not count in this one, what was good does; the same again changes nothing."""
    before = observed(recorded(FIRST, "a", DONE), "a", frozenset({"dead"}), 1.0)
    before = memory.with_baseline(before, {"database/shop": {"rows": "1"}})
    assert turned_to(before, "boot-1", "machine-1") is before
    after = turned_to(before, "boot-2", "machine-1")
    assert (after.epoch, after.steps, after.baseline) == ("boot-2", {}, {"database/shop": {"rows": "1"}})


def test_a_loan_outlives_its_epoch_until_it_is_repaid() -> None:
    """The pooler's pod lives on where another node has booted; whoever finds it must know what it is owed."""
    taken = replace(DONE, action="lower-setting", note={"uid": "1", "key": "retry", "value": "15"}, loan="taken")
    repaid = replace(taken, number=1, action="restore-setting", loan="repaid")
    lent = recorded(FIRST, "pooler", taken)
    after = turned_to(turned_to(lent, "boot-2", "machine-1"), "boot-3", "machine-1")
    (kept,) = memory.step(after, "pooler").done
    assert (kept.note, kept.action) == (taken.note, "lower-setting")
    assert memory.step(closed(after, "pooler"), "pooler").incident == 0  # nothing was done in this epoch
    for result, left in (("done", 0), ("intended", 1), ("failed: no answer", 1)):
        given_back = recorded(after, "pooler", replace(repaid, result=result))
        assert len(memory.step(turned_to(given_back, "boot-4", "machine-1"), "pooler").done) == left
    other = recorded(lent, "pooler", replace(repaid, note={"uid": "2", "key": "retry"}))
    assert len(memory.step(turned_to(other, "boot-2", "machine-1"), "pooler").done) == 1
    assert turned_to(recorded(FIRST, "pooler", replace(taken, result="failed: x")), "boot-2", "machine-1").steps == {}


def test_the_baseline_of_a_step_is_replaced_as_a_whole() -> None:
    """What it no longer says is forgotten; other steps keep theirs."""
    before = memory.with_baseline(FIRST, {"a": {"rows": "1", "old": "x"}, "b": {"rows": "7"}})
    after = memory.with_baseline(before, {"a": {"rows": "2"}})
    assert after.baseline == {"a": {"rows": "2"}, "b": {"rows": "7"}}


def test_a_step_that_was_mended_begins_another_incident() -> None:
    """Counted only where something was done since it was last mended, and anew in another epoch."""
    assert closed(FIRST, "a") is FIRST
    once = mend(FIRST)
    assert memory.step(once, "a").incident == 1
    assert closed(once, "a") is once
    twice = mend(once)
    assert memory.step(twice, "a").incident == 2
    assert memory.step(turned_to(twice, "boot-2", "machine-1"), "a").incident == 0


def test_what_did_not_help_is_counted_over_the_epochs() -> None:
    """Until the step is well at the end of a pass; what failed was not done, and one count is for each epoch."""
    remembered = Remembered()
    for number, epoch in enumerate(("boot-1", "boot-2", "boot-3")):
        remembered = turned_to(remembered, epoch, "machine-1")
        assert remembered.boots_in_vain.get("a", {}).get("delete-pod", 0) == number
        for again in (0, 1):
            remembered = recorded(remembered, "a", replace(DONE, number=again))
        remembered = recorded(remembered, "b", replace(DONE, result="failed: it changed"))
    remembered = turned_to(remembered, "boot-4", "machine-1")
    assert remembered.boots_in_vain == {"a": {"delete-pod": 3}}
    assert turned_to(closed(remembered, "a"), "boot-5", "machine-1").boots_in_vain == {}
    helped = turned_to(mend(remembered), "boot-5", "machine-1")
    assert helped.boots_in_vain == {}


def test_durations_are_not_believed_in_another_boot_of_this_machine() -> None:
    """A monotonic clock begins anew; what was done in the cluster's epoch is still known."""
    before = observed(recorded(FIRST, "a", DONE), "a", frozenset({"dead"}), 100.0)
    assert memory.taken_up(before, "machine-1") == before
    after = turned_to(memory.taken_up(before, "machine-2"), "boot-1", "machine-2")
    assert first_seen(observed(after, "a", frozenset({"dead"}), 7.0)) == {"dead": 7.0}
    assert records(after) == [(0, "done")]


def test_what_an_older_bootheal_has_piled_up_is_folded_when_it_is_taken_up() -> None:
    """It is not written again as it was."""
    done = tuple(replace(DONE, number=number, incident=number) for number in range(1000))
    piled = replace(FIRST, steps={"a": StepMemory(done=done, incident=1000)})
    (left,) = memory.step(memory.taken_up(piled, "machine-1"), "a").done
    assert (left.number, left.count) == (999, 1000)


def started(at: float) -> Event:
    return Event(EventKind.STARTED, at=at, elapsed=0.0)


def report(epoch: str, began: float) -> Report:
    return Report(epoch, began, 1.0, ())


def passed(remembered: Remembered, epoch: str, began: float) -> Remembered:
    """Make a pass that finds everything well."""
    remembered = turned_to(remembered, epoch, f"machine of {epoch}")
    return finished(told(remembered, started(began)), report(epoch, began))


def test_the_last_report_of_another_boot_stays() -> None:
    """However many passes this boot has had."""
    remembered = Remembered()
    for began in (1.0, 2.0, 3.0):
        remembered = passed(remembered, "boot-1", began)
    assert (remembered.report, remembered.last_boot) == (report("boot-1", 3.0), None)
    for began in (11.0, 12.0, 13.0):
        remembered = passed(remembered, "boot-2", began)
        assert (remembered.report, remembered.last_boot) == (report("boot-2", began), report("boot-1", 3.0))
    assert remembered.previous == report("boot-2", 12.0)


def test_while_a_pass_is_under_way_the_last_report_is_one_of_the_past() -> None:
    """And its progress is the latest of each step; both end with the pass."""
    remembered = told(passed(FIRST, "boot-1", 1.0), started(5.0))
    assert (remembered.report, remembered.previous) == (None, report("boot-1", 1.0))
    for at, kind in ((6.0, EventKind.WAITING), (7.0, EventKind.SETTLED)):
        remembered = told(remembered, Event(kind, at=at, elapsed=0.0, step="a", text=kind.value))
    assert remembered.progress == {"a": Progress(EventKind.SETTLED, "settled", 7.0)}
    ended = finished(remembered, report("boot-1", 5.0))
    assert (ended.progress, ended.recovering_since) == ({}, None)


@pytest.mark.parametrize(("boot", "since"), [("machine-1", 1_000.0), ("machine-2", 3_000.0)])
def test_since_when_it_recovers_outlives_a_process_but_not_a_boot(boot: str, since: float) -> None:
    """A pass that was killed is still the same trouble to a monitor; another boot is another."""
    killed = told(FIRST, started(1_000.0))
    assert told(turned_to(killed, "boot-1", boot), started(3_000.0)).recovering_since == since


def test_of_very_many_actions_the_report_has_the_latest() -> None:
    """A pass may last for hours; how many there were is told all the same, and the verdict is what it was."""
    many = tuple(replace(DONE, number=number, count=2) for number in range(10_000))
    whole = replace(report("boot-1", 1.0), outcomes=(Outcome("a", Ending.SETTLED, "well", actions=many),))
    kept = finished(FIRST, whole).report
    assert kept
    ((first, *others),) = [outcome.actions for outcome in kept.outcomes]
    assert first.sentence == f"{2 * (10_000 - MOST_REPORTED)} earlier actions: the journal tells which"
    assert tuple(others) == many[-MOST_REPORTED:]
    assert (kept.verdict, kept.changes) == (Verdict.HEALED, 20_000)
    few = replace(whole, outcomes=(replace(whole.outcomes[0], actions=many[:MOST_REPORTED]),))
    assert finished(FIRST, few).report == few
