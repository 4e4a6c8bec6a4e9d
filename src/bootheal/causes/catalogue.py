"""The catalogue: who asks it shows evidence, and is told the cause. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bootheal.causes.cause import Cause, Evidence, Finding, Sign, Source


@dataclass(frozen=True, slots=True)
class Harmless:
    """What healthy machines say, too, although it looks like a cause: it is never told; `why` is the reason."""

    sign: Sign
    why: str


@dataclass(frozen=True)
class Catalogue:
    """Causes in the order in which they are tried: the first that fits wins, the particular before the general."""

    causes: tuple[Cause, ...]
    harmless: tuple[Harmless, ...] = ()

    def recognise(self, evidence: Evidence) -> Finding | None:
        """Return the cause of what was seen, None where it is not known, or harmless."""
        for sign, cause in self._signs.get(evidence.source, ()):
            if sign.fits(evidence):
                return Finding(cause, evidence) if cause else None
        return None

    @cached_property
    def _signs(self) -> Mapping[Source, Sequence[tuple[Sign, Cause | None]]]:
        """All signs by their source, in the order in which they are tried; None stands for what is harmless."""
        signs: defaultdict[Source, list[tuple[Sign, Cause | None]]] = defaultdict(list)
        for known in self.harmless:
            signs[known.sign.source].append((known.sign, None))
        for cause in self.causes:
            for sign in cause.signs:
                signs[sign.source].append((sign, cause))
        return signs

    def gravest(self, seen: Iterable[Evidence]) -> Finding | None:
        """Return the gravest cause of all that was seen; of those that are as grave, what was shown last."""
        found = [finding for evidence in seen if (finding := self.recognise(evidence))]
        return max(reversed(found), key=lambda finding: finding.cause.gravity.rank, default=None)


def folded(findings: Sequence[Finding]) -> tuple[tuple[Finding, tuple[Finding, ...]], ...]:
    """Put consequences under their cause: pairs of a finding and what follows from it, gravest first."""
    present = {finding.cause.id for finding in findings}
    roots = [f for f in findings if not present.intersection(f.cause.consequence_of)]
    roots.sort(key=lambda finding: -finding.cause.gravity.rank)
    beneath = [f for f in findings if f not in roots]
    first: dict[str, Finding] = {}
    for root in roots:
        first.setdefault(root.cause.id, root)
    return tuple(
        (
            root,
            tuple(f for f in beneath if first.get(root.cause.id) is root and root.cause.id in f.cause.consequence_of),
        )
        for root in roots
    )
