"""When the owner is told, and in which words."""

from dataclasses import replace

import pytest

from bootheal.model import Due, Ending, Event, EventKind, Notice, Occasion, Outcome, Report, Told
from bootheal.notices import (
    Observer,
    Wish,
    facts,
    left_to_try,
    of_boot,
    posted,
    settled,
    text,
    title,
)
from support.boots import HOSTILE, REPORT

ALL = frozenset(Occasion)
BAD = frozenset({Occasion.NEEDS_PERSON, Occasion.NOT_HEALED, Occasion.UNWELL_AGAIN})
ILL = Outcome("database/shop", Ending.GAVE_UP, "orders kept is 0", hint="look at it", person=True)


def notice(occasion: str, *, repaired: int = 0, boot: str = "b1", machine: str = "m1") -> Notice:
    return Notice(Occasion(occasion), boot, machine, "box", 0.0, occasion, repaired=repaired)


def told_of(wish: Wish, *notices: Notice) -> list[str]:
    """Return the occasions that a target with this wish is told, one after the other."""
    known, said = Told(), []
    for each in notices:
        known = of_boot(known, each)
        if wish.wants(known, each):
            known = posted(known, Due(each, 0.0, each.machine))
            said.append(each.occasion.value)
    return said


@pytest.mark.parametrize(
    ("wish", "happens", "told"),
    [
        (Wish(ALL), ["started", "healed", "healed"], ["started", "healed"]),
        (Wish(BAD), ["started", "healed"], []),
        (Wish(BAD), ["not-healed", "not-healed", "needs-person", "not-healed"], ["not-healed", "needs-person"]),
        (Wish(ALL), ["healed", "unwell-again", "healed", "unwell-again"], ["healed", "unwell-again"]),
        (
            Wish(ALL, changes=True),
            ["started", "healed", "unwell-again", "healed", "healed", "started"],
            ["started", "healed", "unwell-again", "healed"],
        ),
        (Wish(ALL, repaired=True), ["healed"], []),
        (Wish(ALL), ["foretold", "healed", "foretold"], ["foretold", "healed", "foretold"]),
    ],
)
def test_each_outcome_is_told_once_a_boot_and_to_monitors_each_change(
    wish: Wish, happens: list[str], told: list[str]
) -> None:
    """A phone is not rung twice for the same; a monitor that turned red must turn green again."""
    assert told_of(wish, *map(notice, happens)) == told


def test_a_boot_that_only_was_healed_is_told_where_that_is_wished() -> None:
    """Quiet boots are no news."""
    wish = Wish(frozenset({Occasion.HEALED}), repaired=True)
    assert told_of(wish, notice("healed"), notice("healed", repaired=2)) == ["healed"]


def test_the_next_boot_is_told_anew_and_what_did_not_arrive_stays_due() -> None:
    """Of this machine, or of the cluster alone; the boot's name is known only once the gate has opened."""
    wish = Wish(ALL)
    first = notice("started", boot="")
    assert told_of(wish, first, notice("healed"), first) == ["started", "healed"]
    assert told_of(wish, notice("healed"), notice("healed", boot="b2")) == ["healed", "healed"]
    assert told_of(wish, notice("healed"), notice("healed", machine="m2")) == ["healed", "healed"]
    due = Due(first, 5.0, "m1")
    known = of_boot(posted(Told(), due), notice("healed", boot="b2", machine="m2"))
    assert known.due == (due,)
    assert settled(known, due).due == ()


def test_it_is_tried_for_an_hour_of_one_boot() -> None:
    """A machine that goes down meanwhile tells it when it is back."""
    due = Due(notice("healed"), 100.0, "m1")
    assert left_to_try(due, "m1", 100.0) == 3600
    assert left_to_try(due, "m1", 3701.0) == -1
    assert left_to_try(due, "m2", 3701.0) == 3600


def event(kind: EventKind, text: str = "", step: str = "") -> Event:
    return Event(kind, at=1.0, elapsed=2.0, step=step, text=text, epoch="b1", total=3)


def test_what_falls_ill_between_passes_is_told_at_once() -> None:
    """Within a pass it is its own business; a process tells of its first beginning only."""
    observer = Observer("m1", "box", str)
    started = observer.hear(event(EventKind.STARTED))
    assert started
    assert started.occasion is Occasion.STARTED
    assert observer.hear(event(EventKind.UNSETTLED, "connection refused", "pooler/shop")) is None
    healed = observer.conclude(REPORT)
    assert healed
    assert healed.occasion is Occasion.NOT_HEALED
    well = replace(REPORT, outcomes=REPORT.outcomes[:4])
    healed = observer.conclude(well)
    assert healed
    assert (healed.occasion, healed.repaired) == (Occasion.HEALED, 2)
    again = observer.hear(event(EventKind.UNSETTLED, "connection refused", "pooler/shop"))
    assert again
    assert (again.occasion, again.step, again.exit_code) == (Occasion.UNWELL_AGAIN, "pooler/shop", 1)
    assert observer.hear(event(EventKind.UNSETTLED, "connection refused", "pooler/shop")) is None
    assert observer.hear(event(EventKind.STARTED)) is None


def test_a_run_that_was_interrupted_is_no_outcome() -> None:
    """Whoever stopped it knows."""
    assert Observer("m1", "box", str).conclude(replace(REPORT, interrupted=True)) is None


def test_the_verdict_comes_first_then_what_decided_it_and_what_to_do() -> None:
    """Strangers, who may read a public topic, read the verdict alone."""
    observer = Observer("m1", "box", str)
    for number in range(20):
        observer.hear(event(EventKind.WAITING, f"line {number}", "gate"))
    needed = observer.conclude(Report("b1", 0.0, 61.2, (ILL,)))
    assert needed
    full = text(needed, full=True).splitlines()
    assert full[0] == "box: a person is needed: data may be at risk, 61.2 s"
    assert full[1:3] == ["database/shop: orders kept is 0", "next: look at it"]
    assert full[3:] == [f"gate: waits: line {number}" for number in range(10, 20)]
    assert text(needed, full=False).splitlines() == [full[0], "see: bootheal status"]
    assert title(needed) == "box: a person is needed: data may be at risk"
    assert "tail" not in facts(needed, full=False)
    assert facts(needed, full=True)["next"] == "look at it"


def test_a_message_names_the_step_that_the_run_is_judged_by() -> None:
    """A bug is to be reported: that another step needs a person is not what the verdict says, nor what is named."""
    bug = Outcome("pooler/shop", Ending.BUG, "KeyError: 'x'", hint="please report it: pooler.py:1")
    report = Report("b1", 0.0, 1.0, (ILL, bug))
    told = Observer("m1", "box", str).conclude(report)
    assert told
    assert told.verdict == "ended by a bug in bootheal; please report it"
    assert f"{told.step}: {told.why}" == report.reason == "pooler/shop: KeyError: 'x'"


def test_no_secret_and_nothing_that_acts_is_told() -> None:
    """Whatever others have said: each line is one line."""
    observer = Observer("m1", "box", lambda said: said.replace("canary-1", "***"))
    said = f"canary-1 {HOSTILE}\nforged"
    observer.hear(event(EventKind.WAITING, said, "gate"))
    needed = observer.conclude(Report("b1", 0.0, 1.0, (replace(ILL, why=said, hint=said),)))
    assert needed
    lines = text(needed, full=True).split("\n")
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert "canary-1" not in repr(needed)
