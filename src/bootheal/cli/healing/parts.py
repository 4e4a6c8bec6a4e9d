"""One pass in two parts: the gate alone, then all that is listed, and what is found behind it. Told as one."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bootheal.config import Configuration
from bootheal.engine.plan import Plan
from bootheal.model import VERDICTS, Ending, Event, EventKind, Outcome, Report, Verdict
from bootheal.platform import gate

# What the gate says again in the second part.
_AGAIN = (EventKind.WAITING, EventKind.SETTLED)


def gate_alone(configuration: Configuration) -> Configuration:
    """Return the configuration with nothing to do but to wait for the cluster."""
    return replace(configuration, plan=Plan({gate.NAME: configuration.plan.steps[gate.NAME]}))


class Parts:
    """Joins two runs of an engine, for whoever hears its events and whoever reads its report.

    `plan` is what is known from the beginning. Where nothing is `opening`, there is a second part only.
    """

    def __init__(self, tell: Callable[[Event], None], plan: Plan, *, opening: bool) -> None:
        self._tell, self._plan = tell, plan
        self.opening = opening
        """Whether the first part is not over."""
        self._first: Report | None = None
        self._end: Event | None = None
        self._repeating = False

    @property
    def seconds(self) -> float:
        """How long the first part took."""
        return self._first.seconds if self._first else 0.0

    def hear(self, event: Event) -> None:
        """Tell an event of either part on, as of one pass."""
        if self.opening:
            self._hear_first(event)
        elif self._first is None:
            self._tell(event)
        else:
            self._hear_second(event)

    def _hear_first(self, event: Event) -> None:
        total = len(self._plan.steps)
        if event.kind is EventKind.ENDED:
            self._end = replace(event, total=total)  # it may be no end
        elif event.kind is EventKind.STARTED:
            self._tell(replace(event, text=f"{total} steps", total=total))
        else:
            self._tell(replace(event, total=total))

    def _hear_second(self, event: Event) -> None:
        if event.kind is EventKind.STARTED:
            self._repeating = True
            return
        if self._repeating and event.step == gate.NAME:
            self._repeating = event.kind is EventKind.WAITING
            if event.kind in _AGAIN:
                return
        if event.kind is EventKind.ENDED and event.text == Verdict.HEALTHY and self._has_acted():
            event = replace(event, text=Verdict.HEALED.value)
        self._tell(replace(event, elapsed=event.elapsed + self.seconds))

    def _has_acted(self) -> bool:
        return self._first is not None and any(outcome.actions for outcome in self._first.outcomes)

    def opened(self, report: Report) -> bool:
        """Tell whether this was the first part's report, and the cluster is there: then the second part follows."""
        if not (self.opening and VERDICTS[report.verdict].well):
            return False
        self._first, self.opening = report, False
        return True

    def whole(self, report: Report, found: Iterable[str]) -> Report:
        """Return the pass' report, in which what was `found` is marked; what comes next is a pass of its own.

        `report` is the second part's, or the first's where the cluster is not there: then nothing else was tried.
        """
        return self._closed(report) if self.opening else self._joined(report, found)

    def _closed(self, report: Report) -> Report:
        if self._end:
            self._tell(self._end)
        failed = report.outcomes[0].ending in (Ending.GAVE_UP, Ending.BUG)
        ending = Ending.SKIPPED if failed else Ending.UNFINISHED
        why = f"not tried, because {gate.NAME} failed" if failed else f"waits for {gate.NAME}"
        left = (Outcome(name, ending, why, after=each.after) for name, each in self._plan.steps.items())
        return replace(report, outcomes=(*report.outcomes, *(each for each in left if each.step != gate.NAME)))

    def _joined(self, report: Report, found: Iterable[str]) -> Report:
        first, names = self._first, frozenset(found)
        outcomes = tuple(replace(each, found=each.step in names) for each in report.outcomes)
        if first is None:
            return replace(report, outcomes=outcomes)
        self._first = None
        (before,) = first.outcomes
        return replace(
            report,
            began=first.began,
            seconds=first.seconds + report.seconds,
            outcomes=tuple(_later(each, first.seconds, before) for each in outcomes),
        )


def _later(outcome: Outcome, seconds: float, gate_before: Outcome) -> Outcome:
    """Return an outcome by the clock of the whole pass; the gate's with what it did in the first part."""
    began = None if outcome.began is None else outcome.began + seconds
    ended = None if outcome.ended is None else outcome.ended + seconds
    if outcome.step != gate_before.step:
        return replace(outcome, began=began, ended=ended)
    new = tuple(done for done in outcome.actions if done not in gate_before.actions)
    opened = gate_before.ended if outcome.ending is gate_before.ending and not new else ended
    return replace(outcome, began=gate_before.began, ended=opened, actions=(*gate_before.actions, *new))
