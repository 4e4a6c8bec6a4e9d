"""Events -> words: one sentence, one level and one set of journal fields for each thing that happens, and the account.

A waiting reason is told when it changes, not at every look: the engine sees to that; and not each time that it comes
back, see `Novelty`.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from operator import itemgetter

from bootheal.model import ENDINGS, VERDICTS, Ending, Event, EventKind, Level, Outcome, Report, Verdict
from bootheal.model.layout import shortened, wrapped

# Which events tell how a step ended, and how loudly; `ENDINGS` says so for all who tell it.
_ENDS = {EventKind(row.ending): row.level for row in ENDINGS.values() if row.level is not None}

MARKS = {
    EventKind.WAITING: "waits",
    EventKind.ACTING: "does",
    EventKind.ACTED: "did",
    EventKind.FAILED: "failed",
    EventKind.UNSETTLED: "again",
} | {kind: ENDINGS[Ending(kind)].mark for kind in _ENDS}

_LEVELS = {
    EventKind.ACTING: Level.NOTICE,
    EventKind.FAILED: Level.WARNING,
    EventKind.UNSETTLED: Level.WARNING,
} | _ENDS

# Names for ever: what people search their journals by. systemd/bootheal.catalog explains each. What was done has none:
# it was told when it began.
MESSAGE_IDS = {
    EventKind.STARTED: "3b23784be09443f49dbe2984a3fc0893",
    EventKind.WAITING: "b799816a2eed4cebb30e84cd55ec255b",
    EventKind.ACTING: "be5d56f342a1483e88090e7533af1b97",
    EventKind.FAILED: "349a6871acd24513abcdb8f7aab9fe03",
    EventKind.SETTLED: "d3ed9a9a5a924a4ebe0a493c3e3fc970",
    EventKind.UNSETTLED: "573c7a19498742419bfeb3501e674ba6",
    EventKind.GAVE_UP: "c81c1550c9034b94823dcfff2b397476",
    EventKind.SKIPPED: "feef37afe7f141249d1c3fd1a912447c",
    EventKind.BUG: "6461c0e70e304b29bf6e030cb849162e",
    EventKind.ENDED: "f491ab5edf8c4a6698c528a39a4bf717",
}


class Note(Enum):
    """What is told beside what happens to the steps: how loudly, and by which name of the same kind."""

    RESTS = Level.INFO, "ee28c90c2860417fbed2079afe72095a"
    STANDS_BY = Level.NOTICE, "9106cd3b3bb24f88acc7f289ca35f385"
    RENEWED = Level.INFO, "159441c12e0a4aae97c0f4d84bbd0e7e"
    ADVICE = Level.WARNING, "26c64b988d804793a2d8ce898d95be8a"
    OBSTACLE = Level.WARNING, "c1ab5d20434f48df8137ea16af61bbbd"
    CONFIGURATION = Level.ERROR, "5bc0e1a5ca48410b9d3c8d05402c4ec8"
    FAILURE = Level.ERROR, "32f0bde23d09486da5a4163f7980437c"
    CRASH = Level.ERROR, "bc20182296a44f009261950819fda402"

    def __init__(self, level: Level, message_id: str) -> None:
        self.level, self.message_id = level, message_id


# A column of text that is narrower is no good to read; then it stands below its head.
NARROWEST, HANGING = 36, 13

# Asked where nobody is seen to work on what is not healed.
IS_IT_RUNNING = "is the service running? See `systemctl status bootheal`"

_CLOCK = re.compile(r"\b\d\d:\d\d:\d\d\b")

# What counts something goes on for long, with a reason of its own each time.
MOST_REASONS = 100

# How an answer of PostgreSQL or PgBouncer ends, see `model.Answer`.
_SQLSTATE = re.compile(r"\(([0-9A-Z]{5})\)")


class Novelty:
    """Tells what is news to a reader from what is not.

    What a step waits for in turn, such as a pod that is Ready and is not, is told once each, until something else
    happens to the step; whatever time of day stands in it.
    """

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {}

    def of(self, event: Event) -> bool:
        """Tell whether to tell it."""
        if event.kind is EventKind.STARTED:
            self._known = {}
        reason = _CLOCK.sub("", event.text)
        if event.kind is EventKind.WAITING and reason in self._known.get(event.step, ()):
            return False
        waits = event.kind in (EventKind.WAITING, EventKind.UNSETTLED)
        before = self._known.get(event.step, set()) if event.kind is EventKind.WAITING else set()
        self._known[event.step] = {*before, reason} if waits and len(before) < MOST_REASONS else set()
        return event.kind in MESSAGE_IDS


def level(event: Event) -> Level:
    """Say how loud an event is."""
    if event.kind is EventKind.ENDED:
        return VERDICTS[Verdict(event.text)].level
    return _LEVELS.get(event.kind, Level.INFO)


def sentence(event: Event) -> str:
    """Say what happened, in one line."""
    match event.kind:
        case EventKind.STARTED:
            boot = f" of boot {event.epoch}" if event.epoch else ""
            return f"looks at {event.total} steps{boot}"
        case EventKind.ENDED:
            return _verdict(event)
        case _:
            return f"{event.step}: {MARKS[event.kind]}: {news(event)}"


def _verdict(event: Event, *more: str) -> str:
    how = (
        VERDICTS[Verdict(event.text)].words,
        f"{event.settled} of {event.total} steps",
        f"{event.elapsed:.1f} s",
        *more,
    )
    return "; ".join(filter(None, (", ".join(how), event.cause)))


def news(event: Event) -> str:
    """Say what happened to a step, without its name: how long it took, and what a person can do."""
    took = f", after {event.took:.1f} s" if event.kind in _ENDS and event.took is not None else ""
    hint = f" -- {event.hint}" if event.hint and _adds(event.step, event.text, event.hint) else ""
    return f"{event.text}{took}{hint}"


def _adds(step: str, said: str, more: str) -> bool:
    """Whether a remark on a step says more than was said of it: for those who read it alone it names the step, too."""
    return more.replace(step, "").strip() not in said


class StatusLine:
    """Where the run stands, in one line for systemd: "3/6 database/shop: … (57P03), 42 s".

    Of several steps that wait it names the one that has waited longest: it is what the others wait for. It is for who
    stays: what could not be healed is tried again.
    """

    def __init__(self) -> None:
        self._last: Event | None = None
        self._waiting: dict[str, tuple[float, Event]] = {}

    def hear(self, event: Event, now: float) -> None:
        """Take note of what happened `now`, in seconds of a clock that nobody sets."""
        self._last = event
        since, _ = self._waiting.pop(event.step, (now, event))
        if event.kind in (EventKind.STARTED, EventKind.ENDED):
            self._waiting = {}
        elif event.kind in (EventKind.WAITING, EventKind.UNSETTLED):
            self._waiting[event.step] = since, event

    def line(self, now: float) -> str:
        """Say it, at `now` by the same clock."""
        if self._last is None:
            return ""
        if not self._waiting:
            return _status_line(self._last)
        since, oldest = min(self._waiting.values(), key=itemgetter(0))
        others = f"; {len(self._waiting) - 1} more wait" if len(self._waiting) > 1 else ""
        return f"{self._last.settled}/{self._last.total} {oldest.step}: {oldest.text}, {now - since:.0f} s{others}"


def _status_line(event: Event) -> str:
    if event.kind is EventKind.STARTED:
        return sentence(event)
    if event.kind is EventKind.ENDED:
        return _verdict(event, *(["tries again"] if event.text == Verdict.NOT_HEALED else []))
    return f"{event.settled}/{event.total} {event.step}: {event.text}"


def note_fields(text: str, note: Note) -> Mapping[str, str]:
    """Say a note to journald."""
    return {"MESSAGE": text, "MESSAGE_ID": note.message_id, "PRIORITY": str(note.level.value)}


def fields(event: Event) -> Mapping[str, str]:
    """Say it to journald: the sentence, and each fact under a name that `journalctl NAME=VALUE` finds."""
    sqlstate = _SQLSTATE.search(event.text)
    facts = {
        "MESSAGE": sentence(event),
        "MESSAGE_ID": MESSAGE_IDS[event.kind],
        "PRIORITY": str(level(event).value),
        "BOOTHEAL_BOOT": event.epoch,
        "BOOTHEAL_STEP": event.step,
        "BOOTHEAL_OBJECT": event.object,
        "BOOTHEAL_ACTION": event.action,
        "BOOTHEAL_REASON": event.cause or event.text,
        "BOOTHEAL_HINT": event.hint,
        "BOOTHEAL_SQLSTATE": sqlstate[1] if sqlstate else "",
        "BOOTHEAL_ENDING": _ending_of(event),
        "BOOTHEAL_SECONDS": f"{event.elapsed if event.took is None else event.took:.3f}",
    }
    return {name: value for name, value in facts.items() if value}


def _ending_of(event: Event) -> str:
    if event.kind is EventKind.ENDED:
        return event.text
    return event.kind.value if event.kind in _ENDS else ""


def account(report: Report, width: int | None = None) -> Iterator[str]:
    """Tell the whole run, line by line: each step's end, what was done and why, what is left to a person.

    Within `width`, if it is given: names are cut in their middle, and no word is broken.
    """
    names = max((len(outcome.step) for outcome in report.outcomes), default=0)
    if width is not None:
        names = min(names, max(16, width // 3))
    for outcome in report.outcomes:
        mark, name = ENDINGS[outcome.ending].mark, shortened(outcome.step, names)
        yield from _columns(f"  {mark:<10} {name:<{names}} {_times(outcome):>16}  ", _why(outcome), width)
        indent = f"{'':{13 + names}}{'':18}"
        for done in outcome.actions:
            yield from _columns(f"{indent}* ", _action(done.sentence, done.result), width)
        for remark in outcome.remarks:
            if _adds(outcome.step, outcome.why, remark):
                yield from _columns(f"{indent}! ", remark, width)
        if outcome.hint:
            yield from _columns(f"{indent}> ", outcome.hint, width)
    yield _last_line(report)


def _why(outcome: Outcome) -> str:
    return f"{outcome.why} (found, not listed)" if outcome.found else outcome.why


def _columns(head: str, text: str, width: int | None) -> Iterator[str]:
    """Yield head and text in one line or, where they have to fit, in as many as it takes, below each other."""
    if width is None:
        yield f"{head}{text}"
        return
    if len(head) > width - NARROWEST:  # no room beside it
        sign = head.strip()
        if len(sign) > 1:
            yield head.rstrip()
        head = " " * HANGING if len(sign) > 1 else f"{'':{HANGING}}{sign} "
    first, *rest = wrapped(text, width - len(head))
    yield f"{head}{first}"
    yield from (f"{'':{len(head)}}{line}" for line in rest)


def summary(report: Report) -> Iterator[str]:
    """Tell to who has read it line by line what matters in the end: what was done and why, what is not well."""
    if any(outcome.actions for outcome in report.outcomes):
        yield "What was done:"
    for outcome in report.outcomes:
        for done in outcome.actions:
            when = f"{max(0.0, done.at - report.began):6.1f} s"
            yield f"  {when}  {outcome.step}: {_action(done.sentence, done.result)}"
    for outcome in report.outcomes:
        if outcome.ending is not Ending.SETTLED:
            yield f"  {ENDINGS[outcome.ending].mark}  {outcome.step}: {outcome.why}"
        if outcome.hint:
            yield f"      > {outcome.hint}"
        yield from (f"      ! {outcome.step}: {remark}" for remark in outcome.remarks)
    well = sum(1 for outcome in report.outcomes if outcome.ending is Ending.SETTLED)
    if well < len(report.outcomes):
        yield f"{well} of {len(report.outcomes)} steps are well"
    yield _last_line(report)


def _last_line(report: Report) -> str:
    actions = f"{report.changes} action{'s' * (report.changes != 1)}"
    return f"{VERDICTS[report.verdict].words} ({actions}, {report.seconds:.1f} s)"


def _times(outcome: Outcome) -> str:
    if outcome.began is None:
        return ""
    ended = f"{outcome.ended:.1f}" if outcome.ended is not None else "…"
    return f"{outcome.began:.1f} .. {ended} s"


def _action(sentence: str, result: str) -> str:
    return sentence if result == "done" else f"{sentence}: {result}"
