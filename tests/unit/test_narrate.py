"""What a person reads."""

import pytest

from bootheal.model import Done, Ending, Event, EventKind, Outcome, Report, Verdict
from bootheal.narrate import EXIT_CODES, Level, account, level, sentence, status


def event(kind: EventKind, text: str = "text", **fields: str) -> Event:
    return Event(kind, at=0.0, elapsed=4.2, step="database/shop", text=text, settled=3, total=6, **fields)


def test_the_status_line_says_where_the_run_stands() -> None:
    """One line: how many steps have settled, and what the latest news is."""
    said = status(event(EventKind.WAITING, "the database system is starting up (57P03)"))
    assert said == "3/6 database/shop: the database system is starting up (57P03)"


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_event_has_a_sentence_and_a_level(kind: EventKind) -> None:
    """None is forgotten when one is added."""
    text = "healed" if kind is EventKind.ENDED else "text"
    assert sentence(event(kind, text))
    assert level(event(kind, text)) in Level
    assert status(event(kind, text)).count("\n") == 0


def test_a_hint_is_part_of_the_sentence() -> None:
    """The next human step is not lost in the journal."""
    assert sentence(event(EventKind.GAVE_UP, "broken", hint="mend it")) == "database/shop: GAVE UP: broken -- mend it"


def test_every_verdict_has_its_exit_code() -> None:
    """As documented: 0 only for healthy and healed."""
    assert {v: EXIT_CODES[v] for v in Verdict} == {
        Verdict.HEALTHY: 0,
        Verdict.HEALED: 0,
        Verdict.NOT_HEALED: 1,
        Verdict.NEEDS_PERSON: 3,
        Verdict.INTERRUPTED: 143,
        Verdict.BUG: 70,
    }


def test_the_account_tells_ends_deeds_remarks_and_hints() -> None:
    """A step that never began has no times; an action that failed says so."""
    done = Done(0, "x", "pod/a/b", "c", 1.0, "delete pod/a/b", "failed: it changed")
    outcomes = (
        Outcome("cleanup", Ending.SETTLED, "no dead pod", began=0.0, ended=1.0, actions=(done,), remarks=("left x",)),
        Outcome("database/shop", Ending.GAVE_UP, "gone", hint="restore it", person=True, began=0.5),
        Outcome("pooler/shop", Ending.SKIPPED, "not tried, because database/shop failed"),
    )
    text = "\n".join(account(Report("boot", 0.0, 2.0, outcomes)))
    for part in ("0.0 .. 1.0 s", "* delete pod/a/b: failed: it changed", "! left x", "> restore it", "0.5 .. … s"):
        assert part in text
    assert text.splitlines()[-1] == "a person is needed: data may be at risk (1 action, 2.0 s)"
