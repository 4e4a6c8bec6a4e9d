"""What a look at a pooler finds, and whose fault it makes a refused login."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bootheal.model import Answer, Auth, Document, Login, Ref
from bootheal.pgbouncer.diagnosis import Diagnosis, Logins
from bootheal.pgbouncer.down import Down
from bootheal.pgbouncer.knowledge import Meaning, meaning
from bootheal.pgbouncer.pod import PoolerPod
from bootheal.postgres.location import Database

# What trying to log in sooner does not change.
NOT_LENT_FOR = (
    Diagnosis.PAUSED,
    Diagnosis.DISABLED,
    Diagnosis.STALE_CLIENT,
    Diagnosis.HANDED_OVER,
    Diagnosis.CONFIGURED,
    Diagnosis.OTHER_ROLE,
)

# What its own log may say more of.
VAGUE = (Diagnosis.BACKS_OFF, Diagnosis.NO_WAY, Diagnosis.CONFIGURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooler:
    """Where a pooler is, and who logs in. `dbname` is the database as it names it; `settings` are SHOW CONFIG keys.

    `credential` is its own role's, `console` whose its console lets in, `client` the application's. `port` 0 means:
    the port that the Service has; `auth` is how it may ask for a password beside SCRAM. `auth_file` is the Secret (as
    `password`) that its auth_file is mounted from, where that is declared; `settings_in` the ConfigMap and key of its
    pgbouncer.ini. The paths are those in the pods, for where the console does not tell. `noted`: what is lent to a pod
    is noted on it, too, since another process than this one may have to give it back.
    """

    deployment: Ref
    service: str
    dbname: str
    database: Database
    credential: Login
    console: Login
    client: Login
    port: int = 0
    auth: Auth = Auth.SCRAM
    settings: Mapping[str, str] = field(default_factory=dict)
    settings_in: tuple[Ref, str] | None = None
    settings_path: str = "/etc/pgbouncer/pgbouncer.ini"
    auth_file: Login | None = None
    auth_path: str = "/etc/pgbouncer/userlist.txt"
    noted: bool = False


@dataclass(frozen=True, slots=True)
class PoolerObservation:
    """The pooler's pods, the doubts about those that could not be asked, and about its Service and its database's.

    `pooler` and `application` are logins straight to PostgreSQL, asked only when that matters.
    `wanted` is how many pods there should be, `down` those that do not run; `roles` are those of credential and client.
    `hint` is what a person does where none is there, if that is known.
    """

    pods: tuple[PoolerPod, ...] = ()
    doubts: tuple[str, ...] = ()
    service: str = ""
    document: Document | None = None
    pooler: Answer | None = None
    application: Answer | None = None
    wanted: int = 1
    down: tuple[Down, ...] = ()
    roles: tuple[str, ...] = ()
    hint: str = ""

    def diagnosis(self, pod: PoolerPod) -> Diagnosis:
        """Judge one pod: what the console shows is plainer than any wording."""
        if pod.login.ok:
            return Diagnosis.SERVES
        if pod.console and pod.console.disabled:
            return Diagnosis.DISABLED
        if pod.console and pod.console.paused:
            return Diagnosis.PAUSED
        if pod.console and pod.console.unknown_for:
            return Diagnosis.NO_NAME
        diagnosis = Logins(self.pooler, self.application, pod.login).diagnosis
        if diagnosis in VAGUE and pod.log and meaning(pod.log) is Meaning.CONFIGURED and self.lets_both_in:
            return Diagnosis.CONFIGURED
        if diagnosis is Diagnosis.STALE and self.logs_in_as_other(pod):
            return Diagnosis.OTHER_ROLE
        knows_no_better = diagnosis in (Diagnosis.BACKS_OFF, Diagnosis.STALE_CLIENT, Diagnosis.MISSING)
        return Diagnosis.STALE if pod.denied and self.lets_both_in and knows_no_better else diagnosis

    def logs_in_as_other(self, pod: PoolerPod) -> bool:
        """Whether it logs in as a role that neither credential nor client name: what we know proves nothing of it."""
        return bool(self.roles and pod.logs_in_as and pod.logs_in_as not in self.roles)

    def to_lend(self, pod: PoolerPod) -> tuple[str, ...]:
        """Return the settings of a failing pod that are worth a loan."""
        if not pod.login.spoke:
            return ()  # nobody answered at all: a way that is not there yet, or too slow, is no login that failed
        return () if self.diagnosis(pod) in NOT_LENT_FOR else pod.lendable

    @property
    def lets_both_in(self) -> bool:
        """Whether PostgreSQL accepts what the Secrets hold, as far as the pooler needs it."""
        return bool(self.pooler and self.pooler.ok and (self.application is None or self.application.ok))

    @property
    def failing(self) -> tuple[PoolerPod, ...]:
        """The pods through which the application's login is not served."""
        return tuple(pod for pod in self.pods if not pod.login.ok)

    @property
    def conditions(self) -> frozenset[str]:
        """For how long each pod has had its diagnosis matters: most pass by themselves."""
        return frozenset(self._conditions())

    def _conditions(self) -> Iterator[str]:
        yield from (down.trouble.condition for down in self.down if down.trouble and down.trouble.hopeless)
        for pod in self.failing:
            yield condition(pod, self.diagnosis(pod))
            if pod.login.unasked:
                continue  # that nobody could ask it is no failure of its own, for however long
            yield fails(pod)
            if self.lets_both_in:
                yield let_in(pod)


def let_in(pod: PoolerPod) -> str:
    """Name that PostgreSQL lets both roles in, and the pod does not: whatever it says about it at the moment."""
    return f"let in without {pod.uid}"


def fails(pod: PoolerPod) -> str:
    """Name that no login gets through the pod, for whatever reason."""
    return f"fails {pod.uid}"


def condition(pod: PoolerPod, diagnosis: Diagnosis) -> str:
    """Name what has lasted; a successor of the pod begins anew."""
    return f"{diagnosis.name.lower()} {pod.uid}"
