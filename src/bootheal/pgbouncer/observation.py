"""What a look at a pooler's pods found, and whose fault it makes a refused login."""

from collections.abc import Iterator
from dataclasses import dataclass

from bootheal.model import Answer, Console, Document, Ref, Target
from bootheal.pgbouncer.diagnosis import Diagnosis, Logins
from bootheal.pgbouncer.knowledge import Bug, bug, understand, version

RETRY = "server_login_retry"
UNKNOWN_NAME = "dns_nxdomain_ttl"

# What is lent down while logins fail. A retry of 0 would be a storm of logins; clients may have caused a try just
# before PostgreSQL came, and wait for the next one. After a power cut CoreDNS comes late, and PgBouncer believes a
# failed lookup for dns_nxdomain_ttl: the next one should cost less.
LOWERED = {RETRY: 0.2, UNKNOWN_NAME: 1.0}

# Where no console tells.
USUAL_RETRY_SECONDS = 15.0

STARVED = Answer(ok=False, spoke=True, text="clients wait while PgBouncer does not try to log in")


@dataclass(frozen=True, slots=True)
class PoolerPod:
    """One pooler pod. `console` is None where it could not be read: then `refused` says why, `transient` if it may
    pass, and `denied` that the pooler's own role was refused there: the fourth login of the matrix.

    `same_file`: whether its auth_file is the declared one; None where that was not asked or cannot be known.
    `same_ini`: likewise for the file of its settings, asked only where there is no console.
    """

    pod: Ref
    uid: str
    target: Target
    login: Answer
    console: Console | None = None
    refused: str = ""
    hint: str = ""
    transient: bool = False
    denied: bool = False
    same_file: bool | None = None
    same_ini: bool | None = None

    def seconds(self, key: str) -> float:
        """Return a setting that is a duration, 0 where it is not known: then it is not lent."""
        try:
            return float(self.console.settings[key].value) if self.console else 0.0
        except (KeyError, ValueError):
            return 0.0

    @property
    def lendable(self) -> tuple[str, ...]:
        """The settings that are higher than what would be lent."""
        return tuple(key for key, lent in LOWERED.items() if self.seconds(key) > lent)

    @property
    def retry(self) -> float:
        """How long it waits between two tries to log in."""
        if self.denied:
            return LOWERED[RETRY]  # that login is the pooler's own to judge: there is nothing to wait for
        return self.seconds(RETRY) if self.console else USUAL_RETRY_SECONDS

    @property
    def bug(self) -> Bug | None:
        """The bug that its version has and that shows itself so."""
        return bug(version(self.console.version), understand(self.login.text)) if self.console else None

    @property
    def serves_others(self) -> bool:
        """Whether it has connections to the server, so that a restart would hurt somebody."""
        return bool(self.console and self.console.servers)


@dataclass(frozen=True, slots=True)
class PoolerObservation:
    """The pooler's pods, the doubts about those that could not be asked, and the Service.

    `pooler` and `application` are logins straight to PostgreSQL, asked only when that matters.
    `wanted` is how many pods there should be.
    """

    members: tuple[PoolerPod, ...] = ()
    doubts: tuple[str, ...] = ()
    service: str = ""
    document: Document | None = None
    pooler: Answer | None = None
    application: Answer | None = None
    wanted: int = 1

    def diagnosis(self, member: PoolerPod) -> Diagnosis:
        """Judge one pod: what the console shows is plainer than any wording."""
        if member.login.ok:
            return Diagnosis.SERVES
        if member.console and member.console.disabled:
            return Diagnosis.DISABLED
        if member.console and member.console.paused:
            return Diagnosis.PAUSED
        if member.console and member.console.unknown_for:
            return Diagnosis.NO_NAME
        diagnosis = Logins(self.pooler, self.application, member.login).diagnosis
        knows_no_better = diagnosis in (Diagnosis.BACKS_OFF, Diagnosis.STALE_CLIENT, Diagnosis.MISSING)
        return Diagnosis.STALE if member.denied and self.lets_both_in and knows_no_better else diagnosis

    @property
    def lets_both_in(self) -> bool:
        """Whether PostgreSQL accepts what the Secrets hold, as far as the pooler needs it."""
        return bool(self.pooler and self.pooler.ok and (self.application is None or self.application.ok))

    @property
    def failing(self) -> tuple[PoolerPod, ...]:
        """The pods through which the application's login is not served."""
        return tuple(member for member in self.members if not member.login.ok)

    @property
    def conditions(self) -> frozenset[str]:
        """How long each pod has been judged so matters: most diagnoses pass by themselves."""
        return frozenset(self._conditions())

    def _conditions(self) -> Iterator[str]:
        for member in self.failing:
            yield condition(member, self.diagnosis(member))
            if self.lets_both_in:
                yield let_in(member)


def let_in(member: PoolerPod) -> str:
    """Name that PostgreSQL lets both roles in, and the pod does not: whatever it says about it at the moment."""
    return f"let in without {member.uid}"


def condition(member: PoolerPod, diagnosis: Diagnosis) -> str:
    """Name what has lasted; a successor of the pod begins anew."""
    return f"{diagnosis.name.lower()} {member.uid}"
