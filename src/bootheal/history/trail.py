"""Events of a pass -> what is kept of it: into what each step's time went, and what was done.

A pass may last for days: of what a step went through, the beginning and the latest are kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bootheal.history.stations import api_answers
from bootheal.model import (
    ActionRecord,
    Event,
    EventKind,
    Mark,
    MarkKind,
    Outcome,
    PassRecord,
    Repair,
    Report,
    Span,
    SpanKind,
    Track,
)
from bootheal.model.quoted import quoted

# Of one step. The first tell how it came back, the last how it ended.
MOST_SPANS, MOST_MARKS, MOST_REPAIRS = 40, 40, 20

# What takes no longer cannot be seen in any picture.
SHORTEST_SECONDS = 0.001

OPENS = {
    EventKind.WAITING: SpanKind.WAITING,
    EventKind.ACTING: SpanKind.ACTING,
    EventKind.ACTED: SpanKind.LOOKING,
    EventKind.FAILED: SpanKind.LOOKING,
    EventKind.UNSETTLED: SpanKind.WAITING,
}
MARKS = {
    EventKind.ACTING: MarkKind.ACTION,
    EventKind.FAILED: MarkKind.FAILED,
    EventKind.UNSETTLED: MarkKind.UNSETTLED,
}

T = TypeVar("T")
Told = Callable[[str], str]


@dataclass(slots=True)
class _Steps:
    """What one step went through so far; times count from the pass' beginning."""

    spans: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    under_way: Span | None = None

    def hear(self, event: Event) -> None:
        kind = OPENS.get(event.kind)
        if self.under_way is None and not self.spans and event.took is not None:
            self.under_way = Span(SpanKind.LOOKING, event.elapsed - event.took, event.elapsed)
        self.close(event.elapsed)
        if kind:
            text = "" if kind is SpanKind.LOOKING else event.text
            self.under_way = Span(kind, event.elapsed, event.elapsed, text)
        if mark := MARKS.get(event.kind):
            _add(self.marks, Mark(mark, event.elapsed, event.text), MOST_MARKS)

    def close(self, now: float) -> None:
        """What was under way has ended."""
        if self.under_way and now - self.under_way.began >= SHORTEST_SECONDS:
            _add(self.spans, replace(self.under_way, ended=now), MOST_SPANS)
        self.under_way = None


class Trail:
    """Listens to the passes of a process, one after the other."""

    def __init__(self) -> None:
        self._steps: dict[str, _Steps] = {}
        self._api: float | None = None
        self.began = 0.0
        """When the pass under way began, by the clock that `hear` is told of."""

    def hear(self, event: Event, now: float) -> None:
        """Take note of what happened `now`, in seconds of a clock that nobody sets."""
        if event.kind is EventKind.STARTED:
            self._steps, self._api, self.began = {}, None, now - event.elapsed
        elif event.kind is EventKind.ENDED:
            for steps in self._steps.values():
                steps.close(event.elapsed)
        elif event.step:
            self._steps.setdefault(event.step, _Steps()).hear(event)
            if self._api is None and api_answers(event):
                self._api = event.elapsed
                _add(self._steps[event.step].marks, Mark(MarkKind.READY, event.elapsed, "the API is ready"), MOST_MARKS)

    def record(self, report: Report, zero: float, told: Told) -> PassRecord:
        """Return what is kept of the pass that has ended with this report; `zero` is by the same clock as `hear`'s.

        `told` is what every text passes that is told.
        """
        began = self.began - zero
        return PassRecord(
            at=report.began,
            began=began,
            seconds=report.seconds,
            verdict=report.verdict,
            reason=_short(report.reason, told),
            tracks=tuple(self._track(outcome, began, told) for outcome in report.outcomes),
        )

    def _track(self, outcome: Outcome, began: float, told: Told) -> Track:
        steps = self._steps.get(outcome.step, _Steps())
        return Track(
            step=outcome.step,
            ending=outcome.ending,
            why=_short(outcome.why, told),
            hint=_short(outcome.hint, told),
            after=outcome.after,
            began=None if outcome.began is None else outcome.began + began,
            ended=None if outcome.ended is None else outcome.ended + began,
            spans=tuple(
                Span(span.kind, span.began + began, span.ended + began, _short(span.text, told)) for span in steps.spans
            ),
            marks=tuple(Mark(mark.kind, mark.at + began, _short(mark.text, told)) for mark in steps.marks),
            repairs=tuple(_repairs(outcome.actions, told))[:MOST_REPAIRS],
        )


def _add(kept: list[T], one: T, most: int) -> None:
    """Keep the first half of the most, and the latest."""
    if len(kept) >= most:
        del kept[most // 2]
    kept.append(one)


def _repairs(actions: tuple[ActionRecord, ...], told: Told) -> Iterator[Repair]:
    """Yield each kind of action once, and how often it was done."""
    kinds: dict[tuple[str, bool], list[ActionRecord]] = {}
    for done in actions:
        kinds.setdefault((done.action, done.failed), []).append(done)
    for (action, failed), records in kinds.items():
        count = sum(done.count for done in records)
        by_design = all(done.by_design for done in records)
        yield Repair(action, _short(records[-1].sentence, told), count, failed, by_design)


def _short(text: str, told: Told) -> str:
    return quoted(told(text))
