"""The catalogue: who asks it shows evidence, and is told the cause. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bootheal.causes.cause import Cause, Evidence, Finding, Sign


@dataclass(frozen=True, slots=True)
class Harmless:
    """What healthy machines say, too, although it looks like a cause: it is never told; `why` is the reason."""

    sign: Sign
    why: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Causes in the order in which they are tried: the first that fits wins, the particular before the general."""

    causes: tuple[Cause, ...]
    harmless: tuple[Harmless, ...] = ()

    def recognise(self, evidence: Evidence) -> Finding | None:
        """Return the cause of what was seen, None where it is not known, or harmless."""
        if any(known.sign.fits(evidence) for known in self.harmless):
            return None
        fitting = (cause for cause in self.causes if any(sign.fits(evidence) for sign in cause.signs))
        return next((Finding(cause, evidence) for cause in fitting), None)

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
