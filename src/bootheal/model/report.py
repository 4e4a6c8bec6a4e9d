"""What was done and what became of it: actions, events, outcomes, reports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bootheal.model.endings import Ending, Verdict


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One action as remembered: `number` counts a step's actions, `result` is "intended" until it is known.

    `incident` counts how often the step had been mended before, in this epoch: see `Past.present`.
    `note` is what undoing it needs, `evidence` what it destroys: log lines, events.
    `loan`: it lent something to an object ("taken"), or gave it back ("repaid").
    `by_design`: its boot needed it although nothing was broken.
    `objects` is how many it was done to at once, `alike` of how many it was one, see `Action.alike`. The last of its
    kind may stand for those before it, see `engine.folding`: for `count` in all, of which `earlier` are the latest
    times but its own.
    """

    number: int
    action: str
    object: str
    cause: str
    at: float
    sentence: str
    result: str = "intended"
    note: Mapping[str, str] = field(default_factory=dict)
    repairs: bool = True
    incident: int = 0
    evidence: Mapping[str, str] = field(default_factory=dict)
    objects: int = 1
    count: int = 1
    earlier: tuple[float, ...] = ()
    loan: str = ""
    by_design: bool = False
    alike: int = 0

    @property
    def failed(self) -> bool:
        """Whether it is known not to have happened; what is only "intended" may have."""
        return self.result.startswith("failed")

    @property
    def mended(self) -> bool:
        """Whether it is known to have repaired something."""
        return self.result == "done" and self.repairs

    def same_as(self, other: "ActionRecord") -> bool:
        """Tell whether both are the same action on the same object for the same cause."""
        return (self.action, self.object, self.cause) == (other.action, other.object, other.cause)

    def times_after(self, moment: float) -> int:
        """Count how often it was done after that; of what it stands for, as far as is known."""
        return sum(1 for at in (*self.earlier, self.at) if at > moment)


class EventKind(StrEnum):
    """What the engine tells while it works; each has one sentence in `narrate`."""

    STARTED = "started"
    WAITING = "waiting"
    ACTING = "acting"
    ACTED = "acted"
    FAILED = "failed"
    SETTLED = "settled"
    UNSETTLED = "unsettled"
    GAVE_UP = "gave-up"
    SKIPPED = "skipped"
    BUG = "bug"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as a fact; `narrate` makes the sentence.

    `elapsed` is seconds since the run began, `took` since the step began; `settled` of `total` steps have settled.
    `action` is an action's kind; `cause` is why it is done, or why the run ended no better.
    `epoch` is the boot that the run belongs to.
    """

    kind: EventKind
    at: float
    elapsed: float
    step: str = ""
    text: str = ""
    hint: str = ""
    object: str = ""
    settled: int = 0
    total: int = 0
    action: str = ""
    cause: str = ""
    epoch: str = ""
    took: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step ended: `began` and `ended` are seconds since the run began, None if it never did.

    `refused`: our own credential was refused, see `GiveUp`. `found`: the file's `discover` found it, nobody listed it.
    """

    step: str
    ending: Ending
    why: str
    hint: str = ""
    person: bool = False
    began: float | None = None
    ended: float | None = None
    after: tuple[str, ...] = ()
    actions: tuple[ActionRecord, ...] = ()
    remarks: tuple[str, ...] = ()
    refused: bool = False
    found: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, and how it ended."""

    epoch: str
    began: float
    seconds: float
    outcomes: tuple[Outcome, ...]
    interrupted: bool = False

    @property
    def verdict(self) -> Verdict:
        """Judge the run by its worst step; never better than what was seen."""
        endings = {outcome.ending for outcome in self.outcomes}
        if Ending.BUG in endings:
            return Verdict.BUG
        if any(outcome.person for outcome in self.outcomes):
            return Verdict.NEEDS_PERSON
        if self.interrupted:
            return Verdict.INTERRUPTED
        if endings - {Ending.SETTLED}:
            return Verdict.NOT_HEALED
        return Verdict.HEALED if any(True for _ in self.actions()) else Verdict.HEALTHY

    @property
    def reason(self) -> str:
        """Say why the verdict is no better, by the first of the worst steps; "" where none is to blame."""
        if self.worst is None or self.verdict is Verdict.INTERRUPTED:
            return ""
        return f"{self.worst.step}: {self.worst.why}"

    @property
    def worst(self) -> Outcome | None:
        """The step that decides the verdict, the first of several alike; None where all have settled."""
        ill = (outcome for outcome in self.outcomes if outcome.ending is not Ending.SETTLED)
        return min(ill, key=_how_well, default=None)

    @property
    def changes(self) -> int:
        """How many actions there were, also where one record stands for many."""
        return sum(done.count for done in self.actions())

    def actions(self) -> Iterator[ActionRecord]:
        """Yield every action of this run, in the order of the steps."""
        for outcome in self.outcomes:
            yield from outcome.actions


def _how_well(outcome: Outcome) -> tuple[bool, bool, int]:
    """Sort as `Report.verdict` judges; what was skipped is better than what it was skipped for."""
    worst_first = (Ending.BUG, Ending.GAVE_UP, Ending.UNFINISHED, Ending.SKIPPED)
    return outcome.ending is not Ending.BUG, not outcome.person, worst_first.index(outcome.ending)
