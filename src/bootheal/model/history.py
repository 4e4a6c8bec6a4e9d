"""What is kept of the last boots: how each came back, step by step. No secret, no line of a log.

Times are seconds. `BootRecord.zero` is a time of day; everything else counts from it: power-on, as far as the machine
tells, else the kernel's start.
"""

from dataclasses import dataclass
from enum import StrEnum

from bootheal.model.endings import Ending, Verdict


class SpanKind(StrEnum):
    """What a time went into."""

    MACHINE = "machine"
    LOOKING = "looking"
    WAITING = "waiting"
    ACTING = "acting"


class MarkKind(StrEnum):
    """What happened at one moment."""

    ACTION = "action"
    FAILED = "failed"
    UNSETTLED = "unsettled"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, into what, in the words of then."""

    kind: SpanKind
    began: float
    ended: float
    text: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened at one moment."""

    kind: MarkKind
    at: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """What a step did, so many times: the kind of action, and a sentence for the last of them.

    `by_design`: all of it was done although nothing was broken, see `Action.by_design`.
    """

    action: str
    sentence: str
    count: int = 1
    failed: bool = False
    by_design: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """One step in one pass; `began` and `ended` are None where it was not begun, or did not end."""

    step: str
    ending: Ending
    why: str = ""
    hint: str = ""
    after: tuple[str, ...] = ()
    began: float | None = None
    ended: float | None = None
    spans: tuple[Span, ...] = ()
    marks: tuple[Mark, ...] = ()
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class PassRecord:
    """One pass: `began` counts from the boot's zero, `at` is the time of day."""

    at: float
    began: float
    seconds: float
    verdict: Verdict
    reason: str = ""
    tracks: tuple[Track, ...] = ()

    @property
    def ended(self) -> float:
        """When it ended."""
        return self.began + self.seconds

    @property
    def changes(self) -> int:
        """How many changes it made."""
        return sum(repair.count for track in self.tracks for repair in track.repairs)


@dataclass(frozen=True, slots=True)
class BootRecord:
    """One boot of the cluster. `boot` is the machine's, "" where that is not known.

    `kernel_zero` is its zero by the machine's monotonic clock, which counts from the kernel's start.
    """

    epoch: str
    boot: str
    zero: float
    kernel_zero: float = 0.0
    phases: tuple[Span, ...] = ()
    passes: tuple[PassRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """The last boots, oldest first."""

    boots: tuple[BootRecord, ...] = ()
