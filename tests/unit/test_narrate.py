"""What a person reads."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bootheal.model import ActionRecord, Ending, Event, EventKind, Level, Outcome, Report
from bootheal.narrate import (
    MESSAGE_IDS,
    Note,
    Novelty,
    StatusLine,
    account,
    fields,
    level,
    news,
    note_fields,
    sentence,
    summary,
)

CATALOGUE = Path(__file__).parents[2] / "systemd/bootheal.catalog"


def event(kind: EventKind, text: str = "text", **fields: Any) -> Event:
    return Event(kind, at=0.0, elapsed=4.2, step="database/shop", text=text, settled=3, total=6, **fields)


def status_line(*events: Event, now: float = 0.0) -> str:
    line = StatusLine()
    for happened in events:
        line.hear(happened, happened.at)
    return line.line(now)


def test_the_status_line_says_what_is_waited_for_and_since_when() -> None:
    """One line: how many steps have settled, what is waited for, how long already."""
    recovering = event(EventKind.WAITING, "the database system is starting up (57P03)")
    assert status_line(recovering, now=42) == "3/6 database/shop: the database system is starting up (57P03), 42 s"
    slower = replace(recovering, at=10.0, text="in recovery (57P03)")
    assert status_line(recovering, slower, now=42) == "3/6 database/shop: in recovery (57P03), 42 s"


def test_the_status_line_names_who_waits_longest() -> None:
    """The others wait for it, as a rule."""
    first = event(EventKind.WAITING, "starting up")
    second = replace(event(EventKind.WAITING, "not there"), step="cleanup", at=3.0)
    assert status_line(second, first, now=42) == "3/6 database/shop: starting up, 42 s; 1 more wait"
    settled = replace(first, kind=EventKind.SETTLED, settled=4)
    assert status_line(second, first, settled, now=42) == "4/6 cleanup: not there, 39 s"


def test_the_status_line_tells_news_where_nothing_waits_and_ends_with_the_verdict() -> None:
    """What is being done, then the verdict, whatever still waited when the time was over."""
    assert status_line() == ""
    assert status_line(event(EventKind.ACTING, "delete it")) == "3/6 database/shop: delete it"
    ended = status_line(event(EventKind.WAITING), event(EventKind.ENDED, "not-healed"), now=42)
    assert ended == "NOT healed, 3 of 6 steps, 4.2 s, tries again"
    assert status_line(event(EventKind.ENDED, "healed")) == "healed, 3 of 6 steps, 4.2 s"


def test_a_bad_end_names_its_cause() -> None:
    """To whoever reads one line only, in the journal or of `systemctl status`."""
    person = event(EventKind.ENDED, "needs-person", cause="database/shop: it is empty")
    line = "a person is needed: data may be at risk, 3 of 6 steps, 4.2 s; database/shop: it is empty"
    assert (line, line) == (sentence(person), status_line(person))
    failed = event(EventKind.ENDED, "not-healed", cause="gate: k3s.service has failed")
    assert status_line(failed) == "NOT healed, 3 of 6 steps, 4.2 s, tries again; gate: k3s.service has failed"
    assert fields(failed)["BOOTHEAL_REASON"] == "gate: k3s.service has failed"


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_event_has_a_sentence_and_a_level(kind: EventKind) -> None:
    """None is forgotten when one is added."""
    text = "healed" if kind is EventKind.ENDED else "text"
    assert sentence(event(kind, text))
    assert level(event(kind, text)) in Level
    assert status_line(event(kind, text)).count("\n") == 0


def test_a_hint_is_part_of_the_sentence() -> None:
    """The next human step is not lost in the journal."""
    assert sentence(event(EventKind.GAVE_UP, "broken", hint="mend it")) == "database/shop: GAVE UP: broken -- mend it"


def test_the_account_tells_ends_deeds_remarks_and_hints() -> None:
    """A step that never began has no times; an action that failed says so."""
    done = ActionRecord(0, "x", "pod/a/b", "c", 1.0, "delete pod/a/b", "failed: it changed")
    outcomes = (
        Outcome("cleanup", Ending.SETTLED, "no dead pod", began=0.0, ended=1.0, actions=(done,), remarks=("left x",)),
        Outcome("database/shop", Ending.GAVE_UP, "gone", hint="restore it", person=True, began=0.5),
        Outcome("pooler/shop", Ending.SKIPPED, "not tried, because database/shop failed"),
    )
    text = "\n".join(account(Report("boot", 0.0, 2.0, outcomes)))
    for part in ("0.0 .. 1.0 s", "* delete pod/a/b: failed: it changed", "! left x", "> restore it", "0.5 .. … s"):
        assert part in text
    assert text.splitlines()[-1] == "a person is needed: data may be at risk (1 action, 2.0 s)"


def test_how_long_a_step_took_is_told_with_its_end() -> None:
    """The one line of a step that ended is enough to see what made the boot slow."""
    assert sentence(event(EventKind.SETTLED, "it serves", took=12.34)) == "database/shop: ok: it serves, after 12.3 s"
    assert sentence(event(EventKind.WAITING, "not yet", took=12.34)) == "database/shop: waits: not yet"


def test_an_action_is_told_once() -> None:
    """When it begins; that it was done is no news."""
    assert [kind for kind in EventKind if not Novelty().of(event(kind))] == [EventKind.ACTED]
    assert set(EventKind) - set(MESSAGE_IDS) == {EventKind.ACTED}


def test_the_journal_gets_each_fact_under_its_own_name() -> None:
    """What people filter by is not hidden in a sentence; what is not known is left out."""
    happened = event(
        EventKind.ACTING,
        "delete pod/shop/web-1",
        object="pod/shop/web-1",
        action="delete-pod",
        cause="killed by the reboot",
        epoch="boot-7",
        took=1.5,
    )
    assert fields(happened) == {
        "MESSAGE": "database/shop: does: delete pod/shop/web-1",
        "MESSAGE_ID": "be5d56f342a1483e88090e7533af1b97",
        "PRIORITY": "5",
        "BOOTHEAL_BOOT": "boot-7",
        "BOOTHEAL_STEP": "database/shop",
        "BOOTHEAL_OBJECT": "pod/shop/web-1",
        "BOOTHEAL_ACTION": "delete-pod",
        "BOOTHEAL_REASON": "killed by the reboot",
        "BOOTHEAL_SECONDS": "1.500",
    }


@pytest.mark.parametrize(
    ("kind", "text", "name", "value"),
    [
        (EventKind.WAITING, "the database system is starting up (57P03)", "BOOTHEAL_SQLSTATE", "57P03"),
        (EventKind.GAVE_UP, "no such database (3D000)", "BOOTHEAL_SQLSTATE", "3D000"),
        (EventKind.GAVE_UP, "no such database (3D000)", "BOOTHEAL_ENDING", "gave-up"),
        (EventKind.SETTLED, "it serves", "BOOTHEAL_ENDING", "settled"),
        (EventKind.ENDED, "not-healed", "BOOTHEAL_ENDING", "not-healed"),
        (EventKind.ENDED, "not-healed", "PRIORITY", "3"),
        (EventKind.ENDED, "healed", "PRIORITY", "5"),
        (EventKind.ENDED, "interrupted", "PRIORITY", "4"),
    ],
)
def test_fields_that_are_derived(kind: EventKind, text: str, name: str, value: str) -> None:
    """SQLSTATEs and endings are to be found by name; the verdict is as loud as it is bad."""
    assert value == fields(event(kind, text))[name]


def explained() -> dict[str, str]:
    """Return the catalogue's text by MESSAGE_ID."""
    entries = re.split("^-- ", CATALOGUE.read_text(), flags=re.MULTILINE)[1:]
    return {entry[:32]: entry[32:] for entry in entries}


def test_the_catalogue_explains_every_kind_of_event() -> None:
    """`journalctl -x` has something to say to each entry, and to nothing else."""
    assert sorted(explained()) == sorted([*MESSAGE_IDS.values(), *(note.message_id for note in Note)])


@pytest.mark.parametrize("kind", list(MESSAGE_IDS))
def test_the_catalogue_names_no_field_that_an_entry_may_lack(kind: EventKind) -> None:
    """The field's name would be shown in its place."""
    done = {"object": "pod/a/b", "action": "delete-pod"} if kind in (EventKind.ACTING, EventKind.FAILED) else {}
    barest = fields(event(kind, "healed" if kind is EventKind.ENDED else "text", **done))
    assert set(re.findall("@([A-Z_]+)@", explained()[MESSAGE_IDS[kind]])) <= set(barest)


# What people filter their journals by, for ever.
NOTES = {
    Note.RESTS: ("ee28c90c2860417fbed2079afe72095a", "6"),
    Note.STANDS_BY: ("9106cd3b3bb24f88acc7f289ca35f385", "5"),
    Note.RENEWED: ("159441c12e0a4aae97c0f4d84bbd0e7e", "6"),
    Note.ADVICE: ("26c64b988d804793a2d8ce898d95be8a", "4"),
    Note.OBSTACLE: ("c1ab5d20434f48df8137ea16af61bbbd", "4"),
    Note.CONFIGURATION: ("5bc0e1a5ca48410b9d3c8d05402c4ec8", "3"),
    Note.FAILURE: ("32f0bde23d09486da5a4163f7980437c", "3"),
    Note.CRASH: ("bc20182296a44f009261950819fda402", "3"),
}


@pytest.mark.parametrize("note", list(Note))
def test_a_note_is_found_by_its_identity_and_explained(note: Note) -> None:
    """As loud as it is bad; its explanation needs no field, since it has none but the text."""
    identity, priority = NOTES[note]
    assert note_fields("text", note) == {"MESSAGE": "text", "MESSAGE_ID": identity, "PRIORITY": priority}
    assert "@" not in explained()[identity]


LONG = Outcome(
    "deployment/a-namespace-with-a-long-name/application-with-an-even-longer-name",
    Ending.GAVE_UP,
    "2 of 3 pods are not ready: container main says CrashLoopBackOff, since it ended with exit code 1 nine times",
    hint="see what it says: kubectl logs --namespace a-namespace-with-a-long-name --previous application-x",
    began=1.0,
    ended=61.0,
)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_account_fits_a_terminal(width: int) -> None:
    """No line is longer and no word is broken; a long name is cut in its middle."""
    lines = list(account(Report("boot", 0.0, 62.0, (LONG,)), width))
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    assert "CrashLoopBackOff," in words
    assert any(word.startswith("deployment") and "…" in word for word in words)


def test_on_a_narrow_terminal_a_sign_stands_before_what_it_is_for() -> None:
    """Deeds, remarks and hints begin with theirs, wherever they find room."""
    lines = list(account(Report("boot", 0.0, 62.0, (replace(LONG, remarks=("left pod/a/b: nobody owns it",)),)), 80))
    assert "             ! left pod/a/b: nobody owns it" in lines
    assert any(line.startswith("             > see what it says: ") for line in lines)


def test_a_remark_that_says_no_more_is_for_the_summary_alone() -> None:
    """There it is read without what it repeats."""
    why, remark = "left alone: it is scaled to zero", "deployment/a/b is scaled to zero"
    outcome = Outcome("deployment/a/b", Ending.SETTLED, why, remarks=(remark,), began=0.0, ended=1.0)
    report = Report("boot", 0.0, 1.0, (outcome,))
    assert not any(remark in line for line in account(report))
    assert f"      ! deployment/a/b: {remark}" in list(summary(report))
    settled = Event(
        EventKind.SETTLED, at=0.0, elapsed=1.0, step=outcome.step, text=why, hint=remark, settled=1, total=1
    )
    assert news(settled) == why
    assert news(replace(settled, hint="look into it")) == f"{why} -- look into it"


def test_the_end_repeats_only_what_matters() -> None:
    """What was well has been told as it happened; what was done, and what is not well, is worth another line."""
    done = ActionRecord(0, "delete-pod", "pod/a/b", "it is dead", 12.0, "delete pod/a/b", "done")
    well = Outcome("gate", Ending.SETTLED, "up", began=0.0, ended=1.0)
    mended = Outcome("cleanup", Ending.SETTLED, "no dead pods", began=1.0, ended=2.0, actions=(done,))
    assert list(summary(Report("boot", 10.0, 3.0, (well, mended)))) == [
        "What was done:",
        "     2.0 s  cleanup: delete pod/a/b",
        "healed (1 action, 3.0 s)",
    ]
    assert list(summary(Report("boot", 10.0, 3.0, (well,)))) == ["healthy: nothing had to be done (0 actions, 3.0 s)"]
    assert list(summary(Report("boot", 10.0, 62.0, (well, LONG)))) == [
        f"  GAVE UP  {LONG.step}: {LONG.why}",
        f"      > {LONG.hint}",
        "1 of 2 steps are well",
        "NOT healed (0 actions, 62.0 s)",
    ]


def heard(*events: Event) -> list[str]:
    novelty = Novelty()
    return [each.text for each in events if novelty.of(each)]


def test_a_reason_that_comes_back_is_told_once() -> None:
    """A pod that is Ready and is not, turn by turn, fills no journal, whatever time of day stands beside it."""
    flips = [
        event(EventKind.WAITING, f"connection refused ({'' if n % 2 else 'not '}Ready since 17:21:{n:02} UTC)")
        for n in range(20)
    ]
    assert heard(*flips) == [flips[0].text, flips[1].text]


def test_what_happens_to_a_step_makes_its_reasons_new() -> None:
    """So does a new pass; what happens to another step does not."""
    waits, other = event(EventKind.WAITING, "a"), event(EventKind.WAITING, "b")
    did, elsewhere = event(EventKind.ACTING, "does"), replace(event(EventKind.ACTING, "does"), step="other")
    assert heard(waits, other, did, waits) == ["a", "b", "does", "a"]
    assert heard(waits, other, elsewhere, waits) == ["a", "b", "does"]
    assert heard(waits, other, event(EventKind.STARTED, "new"), waits) == ["a", "b", "new", "a"]
    assert heard(event(EventKind.UNSETTLED, "a"), other, waits) == ["a", "b"]


def test_what_counts_something_is_told_at_each_change() -> None:
    """A restart of one pod after the other is progress."""
    assert len(heard(*(event(EventKind.WAITING, f"{n} of 300 replicas are ready") for n in range(300)))) == 300
