"""Takes part in the election: asks and writes by what `standing` says. It has no thread of its own."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus

from bootheal.election import standing as rules
from bootheal.election.standing import Standing, Terms
from bootheal.errors import BoothealError, ConflictError, DeniedError, PermanentError
from bootheal.model.quoted import quoted
from bootheal.ports import Lock
from bootheal.step import REFUSAL_TRANSIENT_SECONDS

# How much sooner than after a retry period a candidate may ask again, so that not all of them ask at once.
JITTER = 0.2

LONGEST_NAME = 80


class Elector:
    """One candidate, which is the Mandate port. One thread takes its turns; any thread may ask how it stands.

    `clock` counts seconds, also those in which the machine is suspended; `stamp` is the time as Leases write it.
    `lease` is how messages name the Lease, `changed` is called after a turn that has changed what there is to say.
    """

    def __init__(
        self,
        lock: Lock,
        me: str,
        *,
        lease: str,
        clock: Callable[[], float],
        stamp: Callable[[], str],
        changed: Callable[[], None] = lambda: None,
        terms: Terms | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name = me
        self._lock, self._lease, self._clock, self._stamp = lock, lease, clock, stamp
        self._changed, self._jitter = changed, jitter
        self._standing = Standing(me, terms or Terms())
        self._trouble, self._over, self._word = "", False, ""
        self._refused_since: float | None = None
        self._unknown = False  # the API server does not know our credential
        self._turn = threading.Lock()
        self._said = self.objection(), "", False

    # --- the mandate ------------------------------------------------------------------------------

    def objection(self) -> str:
        """Say why this process must not act."""
        now, standing = self._clock(), self._standing
        if self._over:
            return f"{self._lease} was given back"
        if standing.acts(now):
            return ""
        trouble = f": {self._trouble}" if self._trouble else ""
        if standing.held is not None:
            return f"{self._lease} could not be renewed for {standing.terms.renew:g} s{trouble}"
        if standing.rival():
            return f"{named(standing.holder)} heals: it holds {self._lease}{trouble}"
        if standing.holder not in ("", standing.me):
            held = f"{self._lease} is held by {named(standing.holder)}"
            return f"{held}, which is believed for {standing.terms.duration:g} s{trouble}"
        return f"nobody is known to hold {self._lease}{trouble}"

    def lapses_in(self) -> float:
        """Return after how many seconds it is over, if it is not renewed until then."""
        now, standing = self._clock(), self._standing
        if standing.held is None or not standing.acts(now):
            return float("inf")
        return standing.held + standing.terms.renew - now

    def tell(self, said: str) -> None:
        """It is in the record with the next renewal."""
        self._word = said

    def heard(self) -> str:
        """Return what is in the record of who is known to live and to hold it."""
        return self._standing.hears()

    @property
    def rival(self) -> str:
        """Who is known to live and to hold it, "" for nobody."""
        return named(self._standing.rival()) if self._standing.rival() else ""

    @property
    def refused_for(self) -> float:
        """For how many seconds the API server has refused us the Lease, 0 where it does not."""
        return 0.0 if self._refused_since is None else self._clock() - self._refused_since

    def hopeless(self) -> bool:
        """Tell whether nothing but another credential can help."""
        return self._unknown and self.refused_for >= REFUSAL_TRANSIENT_SECONDS

    # --- taking part ------------------------------------------------------------------------------

    def turn(self) -> float:
        """Renew it, take it, or see who has it; return after how many seconds to do so again."""
        with self._turn:
            try:
                if not self._over:
                    self._campaign()
                self._trouble, self._refused_since = "", None
            except PermanentError as error:
                self._trouble = str(error)
                self._unknown = isinstance(error, DeniedError) and error.status == HTTPStatus.UNAUTHORIZED
                self._refused_since = self._clock() if self._refused_since is None else self._refused_since
            except BoothealError as error:
                self._trouble, self._refused_since = str(error), None
            before, self._said = self._said, (self.objection(), self.heard(), self.hopeless())
        if before != self._said:
            self._changed()
        return self._pause()

    def _campaign(self) -> None:
        if self._standing.held is not None:
            with suppress(ConflictError):  # somebody else has written: who?
                self._claim()
                return
        record, now = self._lock.read(), self._clock()
        self._standing = rules.read(self._standing, record, now)
        with suppress(ConflictError):  # another candidate was quicker; the next turn tells which
            self._claim()

    def _claim(self) -> None:
        began = self._clock()
        if (record := rules.claim(self._standing, began, self._stamp())) is None:
            return
        record = replace(record, said=self._word)
        kept = self._lock.update(record) if record.version else self._lock.create(record)
        self._standing = rules.wrote(self._standing, replace(record, version=kept.version), began)

    def _pause(self) -> float:
        """Return the seconds until the next turn: not later than when something runs out."""
        now, standing = self._clock(), self._standing
        retry = standing.terms.retry
        if standing.held is not None:
            return max(0.0, min(retry, standing.held + standing.terms.renew - now)) or retry
        pause = retry * (1 - JITTER * self._jitter())
        left = standing.expires() - now if standing.holder else pause
        return min(pause, left) if left > 0 else pause

    def release(self) -> None:
        """Give it back, so that the next one need not wait; not while another process of ours goes on. Once."""
        with self._turn:
            standing, self._over = self._standing, True
            self._standing = rules.given_up(standing)
            if standing.acts(self._clock()) and standing.alone(self._clock()):
                record = rules.free(standing, self._stamp())
                with suppress(BoothealError):  # then they wait until it has run out
                    if record:
                        self._lock.update(record)


def named(holder: str) -> str:
    """Say who it is, from the name in the record: the host, and the beginning of its boot id."""
    host, _, rest = holder.partition("_")
    boot = rest.partition("_")[0]
    return quoted(f"{host} (boot {boot[:8]})" if boot else holder, LONGEST_NAME)


def identity(host: str, boot: str, state: str) -> str:
    """Name a process, and all that share its state: they take turns by another lock, and stand for each other here.

    `boot` is the boot id of the machine, `state` tells apart states of one machine.
    """
    return "_".join((host.replace("_", "-"), boot, state))
