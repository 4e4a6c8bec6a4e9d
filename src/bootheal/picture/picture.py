"""The value: lanes from power-on to the end, what filled them, and who waited for whom."""

from dataclasses import dataclass

from bootheal.model import Ending, Mark, Span, Verdict


@dataclass(frozen=True, slots=True)
class Lane:
    """One row: a step, or a part of the machine (then it has no `ending`).

    `critical`: the end had to wait for it; `waited_for` is what it waited for longest, in its own words.
    """

    name: str
    spans: tuple[Span, ...] = ()
    marks: tuple[Mark, ...] = ()
    ending: Ending | None = None
    why: str = ""
    hint: str = ""
    critical: bool = False
    waited_for: str = ""

    @property
    def began(self) -> float | None:
        """When it began, None where it did not."""
        return min((span.began for span in self.spans), default=None)

    @property
    def seconds(self) -> float:
        """How long it took in all, without the time in which it was settled for a while."""
        return sum(span.seconds for span in self.spans)


@dataclass(frozen=True, slots=True)
class Arrow:
    """The step of the lane `to` began when that of `source` had settled, at `at`; both count lanes from 0."""

    source: int
    to: int
    at: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A boot's recovery. It shows the seconds from `began` to `ended`, which count from the boot's zero.

    `notes` are sentences for below it, `remarks` what is to be read first, such as how it compares.
    """

    title: str
    verdict: Verdict
    zero: float
    began: float
    ended: float
    lanes: tuple[Lane, ...]
    arrows: tuple[Arrow, ...] = ()
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How much time it shows; never nothing."""
        return max(self.ended - self.began, 0.1)
