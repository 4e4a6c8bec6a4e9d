"""Events -> words: one sentence and one level for each thing that happens, and the closing report.

A waiting reason is told when it changes, not at every look; the engine sees to that.
"""

from collections.abc import Iterator
from enum import IntEnum

from bootheal.model import Ending, Event, EventKind, Outcome, Report, Verdict


class Level(IntEnum):
    """Syslog severities, as journald takes them."""

    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6


_LEVELS = {
    EventKind.ACTING: Level.NOTICE,
    EventKind.FAILED: Level.WARNING,
    EventKind.UNSETTLED: Level.WARNING,
    EventKind.GAVE_UP: Level.ERROR,
    EventKind.SKIPPED: Level.WARNING,
    EventKind.BUG: Level.ERROR,
}

MARKS = {
    EventKind.WAITING: "waits",
    EventKind.ACTING: "does",
    EventKind.ACTED: "did",
    EventKind.FAILED: "failed",
    EventKind.SETTLED: "ok",
    EventKind.UNSETTLED: "again",
    EventKind.GAVE_UP: "GAVE UP",
    EventKind.SKIPPED: "skipped",
    EventKind.BUG: "BUG",
}

VERDICTS = {
    Verdict.HEALTHY: "healthy: nothing had to be done",
    Verdict.HEALED: "healed",
    Verdict.NOT_HEALED: "NOT healed",
    Verdict.NEEDS_PERSON: "a person is needed: data may be at risk",
    Verdict.INTERRUPTED: "interrupted before the end",
    Verdict.BUG: "ended by a bug in bootheal; please report it",
}

EXIT_CODES = {
    Verdict.HEALTHY: 0,
    Verdict.HEALED: 0,
    Verdict.NOT_HEALED: 1,
    Verdict.NEEDS_PERSON: 3,
    Verdict.INTERRUPTED: 143,
    Verdict.BUG: 70,
}


def level(event: Event) -> Level:
    """Say how loud an event is."""
    return _LEVELS.get(event.kind, Level.INFO)


def sentence(event: Event) -> str:
    """Say what happened, in one line."""
    match event.kind:
        case EventKind.STARTED:
            return f"looks at {event.total} steps"
        case EventKind.ENDED:
            return f"{VERDICTS[Verdict(event.text)]}, {event.settled} of {event.total} steps, {event.elapsed:.1f} s"
        case _:
            hint = f" -- {event.hint}" if event.hint else ""
            return f"{event.step}: {MARKS[event.kind]}: {event.text}{hint}"


def status(event: Event) -> str:
    """Say where the run stands, in one line for systemd: "3/6 database/shop: … 57P03"."""
    if event.kind in (EventKind.STARTED, EventKind.ENDED):
        return sentence(event)
    return f"{event.settled}/{event.total} {event.step}: {event.text}"


def account(report: Report) -> Iterator[str]:
    """Tell the whole run, line by line: each step's end, what was done and why, what is left to a person."""
    width = max((len(outcome.step) for outcome in report.outcomes), default=0)
    for outcome in report.outcomes:
        yield f"  {_ending(outcome):<10} {outcome.step:<{width}} {_times(outcome):>16}  {outcome.why}"
        yield from (f"{'':13}{'':{width}}{'':18}* {_deed(done.sentence, done.result)}" for done in outcome.actions)
        yield from (f"{'':13}{'':{width}}{'':18}! {remark}" for remark in outcome.remarks)
        if outcome.hint:
            yield f"{'':13}{'':{width}}{'':18}> {outcome.hint}"
    done = sum(1 for _ in report.actions())
    actions = f"{done} action{'s' * (done != 1)}"
    yield f"{VERDICTS[report.verdict]} ({actions}, {report.seconds:.1f} s)"


def _ending(outcome: Outcome) -> str:
    return {
        Ending.SETTLED: "ok",
        Ending.GAVE_UP: "GAVE UP",
        Ending.SKIPPED: "skipped",
        Ending.UNFINISHED: "unfinished",
        Ending.BUG: "BUG",
    }[outcome.ending]


def _times(outcome: Outcome) -> str:
    if outcome.began is None:
        return ""
    ended = f"{outcome.ended:.1f}" if outcome.ended is not None else "…"
    return f"{outcome.began:.1f} .. {ended} s"


def _deed(sentence: str, result: str) -> str:
    return sentence if result == "done" else f"{sentence}: {result}"
