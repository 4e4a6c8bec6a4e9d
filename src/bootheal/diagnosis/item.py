"""One thing that is not well: a cause of the catalogue, on what it was seen, since when, and what follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bootheal.causes import Finding, Gravity, Source
from bootheal.model import Ref
from bootheal.model.quoted import plain

# For how many seconds a state may last that passes by itself, or that bootheal heals, before it is a fault: what comes
# after a boot is through in two minutes on a slow machine, and the longest back-off of a kubelet is five.
USUAL_SECONDS = {Gravity.PASSES: 300.0, Gravity.HEALED: 300.0, Gravity.PERSON: 3.0, Gravity.DATA: 0.0}

# The field of what a step advises.
HINT = "hint"

# By what name of a field it is told where something was seen.
_FIELDS = {
    Source.WAITING: "state.waiting",
    Source.TERMINATED: "lastState.terminated",
    Source.CONDITION: "condition",
    Source.EVENT: "event",
    Source.LOG: "log",
    Source.ANSWER: "answer",
    Source.UNIT: "journal",
    Source.HOST: "host",
    Source.OBJECT: "object",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`since` is seconds since the epoch, None where nothing tells; `at_most`: it may have begun later.

    `usual` is for how many seconds it may last.

    `facts` are further fields and their values, as they stand in the object; `alike` are other objects of which the
    same is true; `follows` is what comes of it, and `matters` says so in words.
    """

    finding: Finding
    since: float | None = None
    at_most: bool = False
    usual: float = 0.0
    facts: tuple[tuple[str, str], ...] = ()
    alike: tuple[Ref, ...] = ()
    follows: tuple["Item", ...] = field(default=(), compare=False)
    matters: str = ""

    @property
    def about(self) -> Ref:
        """Return on what it was seen."""
        return self.finding.about

    @property
    def id(self) -> str:
        """Return the cause's stable name."""
        return self.finding.cause.id

    @property
    def gravity(self) -> Gravity:
        """Return how grave it is."""
        return self.finding.cause.gravity

    @property
    def next_step(self) -> str:
        """Return what a person does next: what its step says of just this state, else what its cause does."""
        return dict(self.facts).get(HINT, "") or self.finding.next_step

    @property
    def keys(self) -> frozenset[tuple[str, str, str]]:
        """Return what is the same when it is seen again: one of these is enough, whichever was named first."""
        container = self.finding.evidence.container
        return frozenset((self.id, str(ref), container) for ref in (self.about, *self.alike))

    @property
    def gravest(self) -> Gravity:
        """Return how grave it is with what follows from it."""
        return max((each.gravity for each in self.all()), key=lambda gravity: gravity.rank)

    @property
    def evidence(self) -> tuple[tuple[str, str], ...]:
        """Return by what it was recognised: fields and their values, quoted."""
        seen = self.finding.evidence
        shown = plain(seen.quote) if seen.source not in (Source.OBJECT, Source.HOST) else ""
        told = tuple((name, value) for name, value in self.facts if name != HINT)
        return (*(((_FIELDS[seen.source], shown),) if shown else ()), *told)

    def all(self) -> Iterator["Item"]:
        """Yield it, and all that follows from it."""
        yield self
        for each in self.follows:
            yield from each.all()

    def age(self, now: float) -> float | None:
        """Return for how many seconds it has lasted, None where nothing tells."""
        return None if self.since is None else max(0.0, now - self.since)

    def passing(self, now: float) -> bool:
        """Tell whether it may still pass: it has not lasted longer than it usually does."""
        age = self.age(now)
        return age is not None and age < self.usual
