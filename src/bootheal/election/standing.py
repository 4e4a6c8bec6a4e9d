"""Who holds the Lease, as one process can know it: a value, and what becomes of it. Pure.

Clocks of two machines are never compared, and neither is what one wrote with the clock of the other. A record of
somebody else is believed until it has stood unchanged for a whole duration *while we watched*. What we hold ourselves
counts from when the request that renewed it was begun, and ends five seconds before others may take it.

Times are seconds of one clock of this machine, which goes on while the machine is suspended.
"""

from dataclasses import dataclass, replace

from bootheal.model import LockRecord

NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Terms:
    """client-go's, in seconds: how long others believe a holder, when it stops unless it renews, how often it tries."""

    duration: float = 15.0
    renew: float = 10.0
    retry: float = 2.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known. `me` is how this process, and each that shares its state, is named in the record.

    `seen` is the record as it was last read or written, `since` when it was first seen to be so, `moved` whether it
    changed while we watched. `held` is when the latest renewal of ours was begun, None where we don't hold it.
    `companion` is when something was last written in our name that was not by our own hand.
    """

    me: str
    terms: Terms = Terms()
    seen: LockRecord | None = None
    since: float = NEVER
    known: bool = False
    moved: bool = False
    held: float | None = None
    companion: float = NEVER

    @property
    def holder(self) -> str:
        """Who holds it by the record, "" for nobody."""
        return self.seen.holder if self.seen else ""

    def acts(self, now: float) -> bool:
        """Tell whether this process may act now."""
        return self.held is not None and now - self.held < self.terms.renew

    def expires(self) -> float:
        """Return from when on another's record is not believed any more."""
        return self.since + max(self.terms.duration, self.seen.seconds if self.seen else 0.0)

    def rival(self) -> str:
        """Name who is known to live and to hold it, since its record moved while we watched; "" for nobody."""
        return self.holder if self.moved and self.holder not in ("", self.me) else ""

    def hears(self) -> str:
        """Return what a rival says."""
        return self.seen.said if self.seen and self.rival() else ""

    def alone(self, now: float) -> bool:
        """Tell whether no other process of our name has written for a whole duration."""
        return now - self.companion > self.terms.duration


def read(standing: Standing, record: LockRecord | None, now: float) -> Standing:
    """Take note of the record as it was read, `now` being after that."""
    before, mine = standing.seen, record is not None and record.holder == standing.me
    same = standing.known and _said(record) == _said(before)
    ours = same and record is not None and before is not None and record.version == before.version
    return replace(
        standing,
        seen=record,
        known=True,
        since=standing.since if same else now,
        moved=standing.known and (standing.moved or not same) if _holder(record) == _holder(before) else False,
        held=standing.held if mine else None,
        companion=now if mine and not ours else standing.companion,
    )


def claim(standing: Standing, now: float, stamp: str) -> LockRecord | None:
    """Return what to write now so as to hold it, None where it is somebody else's. `stamp` is for people."""
    seen, me = standing.seen, standing.me
    if not standing.known:
        return None
    mine = LockRecord(me, standing.terms.duration, stamp, stamp)
    if seen is None:
        return mine
    if seen.holder == me:
        return replace(mine, acquired=seen.acquired or stamp, transitions=seen.transitions, version=seen.version)
    if seen.holder and now < standing.expires():
        return None
    return replace(mine, transitions=seen.transitions + 1, version=seen.version)


def wrote(standing: Standing, record: LockRecord, began: float) -> Standing:
    """It was written as `record`, by a request that was begun at `began`."""
    return replace(standing, seen=record, known=True, since=began, moved=False, held=began)


def given_up(standing: Standing) -> Standing:
    """We don't act any more, whatever the record says."""
    return replace(standing, held=None)


def free(standing: Standing, stamp: str) -> LockRecord | None:
    """Return the record that lets the next one take it at once, None where it is not ours to give."""
    seen = standing.seen
    if seen is None or seen.holder != standing.me:
        return None
    return replace(seen, holder="", renewed=stamp, said="")


def _holder(record: LockRecord | None) -> str:
    return record.holder if record else ""


def _said(record: LockRecord | None) -> LockRecord | None:
    """Return what a renewal changes: others may write to the object without holding it."""
    return record and replace(record, version="")
