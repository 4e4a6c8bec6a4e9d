"""Flap damping: of what is well and ill by turns one good look proves nothing; it has to last, and ever longer.

Else "healed" is said at each of its good moments, each of its bad ones is a new trouble with actions of its own, and
who comes after it is restarted in between.
"""

from dataclasses import dataclass

# A relapse or two belong to a boot: what it comes after comes up bit by bit.
BELIEVED_RELAPSES = 2
REMEMBERED_SECONDS = 600.0
FIRST_PROOF_SECONDS, LONGEST_PROOF_SECONDS = 5.0, 120.0


@dataclass(slots=True)
class Steadiness:
    """How often it fell ill again, the last time at `relapsed`, and since when it has been seen well.

    Times are monotonic seconds. After ten minutes without a relapse those before are forgotten.
    """

    relapses: int = 0
    relapsed: float = float("-inf")
    well_since: float | None = None

    def fell_ill(self, now: float) -> None:
        """It is not well: a relapse, if it was."""
        if self.well_since is not None:
            self.relapses = self.relapses + 1 if now - self.relapsed <= REMEMBERED_SECONDS else 1
            self.relapsed = now
        self.well_since = None

    def must_last(self, now: float) -> float:
        """It is well: return for how many seconds more it has to be so before that is believed."""
        self.well_since = now if self.well_since is None else self.well_since
        if now - self.relapsed > REMEMBERED_SECONDS:
            self.relapses = 0
        return max(0.0, self.proof_seconds - (now - self.well_since))

    @property
    def proof_seconds(self) -> float:
        """For how long it has to be well in all: not at all until it has relapsed too often."""
        beyond = self.relapses - BELIEVED_RELAPSES
        return min(FIRST_PROOF_SECONDS * 2.0 ** min(beyond - 1, 10), LONGEST_PROOF_SECONDS) if beyond > 0 else 0.0
