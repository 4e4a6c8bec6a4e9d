"""Four logins tell who is at fault: as two roles, straight to PostgreSQL and through the pooler. Pure.

All over TCP, never over a server's own local socket, where anybody may be let in.
"""

from dataclasses import dataclass
from enum import StrEnum

from bootheal.model import Answer
from bootheal.model.sqlstates import CROWDED, MISSING, NOT_PRIMARY, RECOVERING, WRONG_PASSWORD
from bootheal.pgbouncer.knowledge import Meaning, understand


class Diagnosis(StrEnum):
    """Whose fault it is, or what it waits for."""

    SERVES = "serves"
    RECOVERING = "PostgreSQL is not ready"
    UNREACHABLE = "PostgreSQL gives no answer"
    NOT_PRIMARY = "not the primary"
    CROWDED = "a limit on connections is reached"
    MISSING = "something is missing in PostgreSQL"
    POOLER_ROLE = "the pooler's role has another password than its Secret"
    APPLICATION_ROLE = "the application's role has another password than its Secret"
    BACKS_OFF = "the pooler does not try to log in yet"
    NO_NAME = "the pooler believes that PostgreSQL's name does not exist"
    NO_WAY = "the pooler gets no connection to PostgreSQL"
    STALE = "the pooler logs in with something else than what PostgreSQL accepts"
    STALE_CLIENT = "the pooler knows another password of the application than its Secret"
    OTHER_ROLE = "the pooler logs in as another role than the one of its credential"
    CONFIGURED = "a configuration does not let it through"
    PAUSED = "somebody has paused the database in the pooler"
    DISABLED = "somebody has disabled the database in the pooler"
    HANDED_OVER = "it wants the password in a way that proves nothing of it"
    UNASKED = "nobody could ask it: the way to it fails, not the pooler"


@dataclass(frozen=True, slots=True)
class Logins:
    """What came of each login. None: not asked, which is no proof of anything.

    The pooler role's login through the pooler is the console's, which each look uses anyway.
    """

    pooler: Answer | None = None
    application: Answer | None = None
    through: Answer | None = None

    @property
    def diagnosis(self) -> Diagnosis:
        """Judge from below: PostgreSQL, then the roles, then the pooler."""
        if self.through and self.through.ok:
            return Diagnosis.SERVES
        direct = [answer for answer in (self.pooler, self.application) if answer]
        for states, diagnosis in _BELOW:
            if any(answer.sqlstate in states for answer in direct):
                return diagnosis
        if any(not answer.ok and not answer.sqlstate for answer in direct):
            return Diagnosis.UNREACHABLE
        if self.pooler and self.pooler.sqlstate in WRONG_PASSWORD:
            return Diagnosis.POOLER_ROLE
        if self.application and self.application.sqlstate in WRONG_PASSWORD:
            return Diagnosis.APPLICATION_ROLE
        return self._through()

    def _through(self) -> Diagnosis:
        """Both roles are well, or were not asked."""
        answer = self.through
        if answer and answer.asks:
            return Diagnosis.HANDED_OVER
        if answer and answer.unasked:
            return Diagnosis.UNASKED
        if answer is None or not answer.spoke:
            return Diagnosis.BACKS_OFF
        meaning = understand(answer.text)
        of_pooler = (Meaning.CLIENT, Meaning.CONFIGURED, Meaning.DISABLED)
        return Diagnosis.MISSING if answer.sqlstate in MISSING and meaning not in of_pooler else _THROUGH[meaning]


_BELOW = (
    (RECOVERING, Diagnosis.RECOVERING),
    (NOT_PRIMARY, Diagnosis.NOT_PRIMARY),
    (MISSING, Diagnosis.MISSING),
    (CROWDED, Diagnosis.CROWDED),
)

_THROUGH = {
    Meaning.BACKS_OFF: Diagnosis.BACKS_OFF,
    Meaning.STARTING: Diagnosis.BACKS_OFF,
    Meaning.REFUSED: Diagnosis.STALE,
    Meaning.NO_NAME: Diagnosis.NO_NAME,
    Meaning.NO_WAY: Diagnosis.NO_WAY,
    Meaning.CLIENT: Diagnosis.STALE_CLIENT,
    Meaning.CROWDED: Diagnosis.CROWDED,
    Meaning.DISABLED: Diagnosis.DISABLED,
    Meaning.GONE: Diagnosis.MISSING,
    Meaning.CONFIGURED: Diagnosis.CONFIGURED,
    Meaning.UNKNOWN: Diagnosis.BACKS_OFF,
}
