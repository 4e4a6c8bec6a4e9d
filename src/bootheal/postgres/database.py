"""A database: it accepts, speaks the protocol, is the writable primary, and its data is there.

PostgreSQL is never restarted here: crash recovery would start from the beginning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bootheal.cluster.freshness import before_boot
from bootheal.errors import BoothealError, UnreachableError
from bootheal.model import ActionRecord, Answer, Backup, Container, Login, Pod, Ref, Right, State, Target
from bootheal.ports import Interest, World
from bootheal.postgres.data_checks import IDENTIFIER, Check, Checked, checked, facts, lost, transient
from bootheal.postgres.primary import TIMEOUT_SECONDS, Database, Server, Servers, find
from bootheal.postgres.server_log import Distress, distress, progress
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Settled, Step, Wait

RECOVERING = ("57P03",)
FULL = ("53300",)
MISSING = ("3D000",)
REFUSED = ("28P01", "28000")
DAMAGED = ("XX001", "XX002", "58P01")
GONE = ("3D000", "3F000", "42883", "42P01", *DAMAGED)

# The members are asked one after another, so a switchover in between shows two primaries.
SWITCHOVER_SECONDS = 10.0

# A check may have to read a table from a cold disk.
CHECK_TIMEOUT_SECONDS = 30.0
LOG_LINES = 30
MAINTENANCE = "postgres"

# The system identifier, and whether commits wait, without any error, for a standby that is not there.
ABOUT = """
select system_identifier || ' ' || (
    current_setting('synchronous_standby_names') <> '' and pg_has_role('pg_read_all_stats', 'usage')
    and not exists (select from pg_stat_replication where sync_state in ('sync', 'quorum'))
) from pg_control_system()
"""

RESTORE = "restore from a backup"


@dataclass(frozen=True, slots=True)
class DatabaseObservation:
    """What each member answered, and what is known of the data and of members that do not answer.

    `identifier` is "" where it could not be read; `alone`: commits wait for a standby that is not there;
    `recovery` is how far crash recovery is; `distress` is by member; `backup` is the newest one, where a
    CronJob is declared to make them.
    """

    members: Servers
    identifier: str = ""
    checks: tuple[Checked, ...] = ()
    alone: bool = False
    recovery: str = ""
    distress: Mapping[str, Distress] = field(default_factory=dict)
    backup: str = ""

    @property
    def conditions(self) -> frozenset[str]:
        """How long there have been two primaries matters: during a switchover it may look so for a moment."""
        return frozenset({"two primaries"}) if self.two else frozenset()

    @property
    def two(self) -> bool:
        """Whether more than one member takes writes."""
        return sum(member.writable for member in self.members.members) > 1

    @property
    def facts(self) -> dict[str, str]:
        """What is worth remembering if all is well."""
        return facts(self.identifier, self.checks)


@dataclass(frozen=True, kw_only=True)
class AcceptData(Action):
    """Take the data for good as it is: the owner has looked and said so. Nothing but the memory changes."""

    bounded = False
    repairs = False

    database: str
    facts: Mapping[str, str]

    @property
    def about(self) -> Ref:
        """The database."""
        return Ref("database", "", self.database)

    @property
    def sentence(self) -> str:
        """Say what is accepted."""
        return f"accept the data of {self.about} as it is, by --accept-data ({self.cause})"

    @property
    def note(self) -> Mapping[str, str]:
        """What is good from now on."""
        return self.facts

    def apply(self, world: World) -> None:
        """The record of it is all."""


@dataclass(frozen=True, kw_only=True)
class DatabaseStep(Step[DatabaseObservation]):
    """Waits for the writable primary of `database`, and compares its data with what was good before.

    `client` asks the `checks`; `backup` is the CronJob that makes backups; `accept` is when the owner
    said that the data is right as it is.
    """

    database: Database
    client: Login | None = None
    checks: tuple[Check, ...] = ()
    backup: Ref | None = None
    accept: float | None = None

    def interests(self) -> frozenset[Interest]:
        """The pods behind it; PostgreSQL itself has to be asked."""
        pods = () if self.database.host else ("pod", "service", "endpointslice")
        kinds = (*pods, *(("job",) if self.backup else ()))
        return frozenset(Interest(kind, self.database.namespace) for kind in kinds)

    def rights(self) -> frozenset[Right]:
        """To read the administrator's Secret, the authority's certificate and, in trouble, the log."""
        database, namespace = self.database, self.database.admin.secret.namespace
        needed = {Right("get", "secrets", namespace)}
        if database.authority and database.authority.kind == "configmap":
            needed.add(Right("get", "configmaps", namespace))
        if not database.host:
            needed |= {Right("get", "pods/log", namespace), Right("get", "endpoints", namespace)}
        return frozenset(needed)

    # --- looking ----------------------------------------------------------------------------------

    def look(self, world: World) -> DatabaseObservation:
        """Ask every member; the primary for its data, and the logs of those who do not answer for the reason."""
        members, backup = find(world, self.database), self._backup(world)
        if members.primary is None:
            missing = members.answered(*MISSING)
            identifier = self._about(world, missing.target, MAINTENANCE)[0] if missing and missing.target else ""
            recovery = "".join(self._recovery(world, member) for member in members.members)
            return DatabaseObservation(
                members, identifier, recovery=recovery, distress=dict(_distress(world, members)), backup=backup
            )
        primary = members.primary
        identifier, alone = self._about(world, primary, self.database.dbname)
        checks = tuple(checked(check, self._ask(world, primary, check)) for check in self.checks)
        return DatabaseObservation(members, identifier, checks, alone, backup=backup)

    def _about(self, world: World, target: Target, dbname: str) -> tuple[str, bool]:
        """Return identifier ("" where it may not be read) and `alone`. Being full or slow is not "may not"."""
        admin = world.secrets.credentials(self.database.admin)
        answer = world.postgres.ask(target, admin, dbname, timeout=TIMEOUT_SECONDS, sql=ABOUT)
        if not answer.ok and transient(answer):
            raise UnreachableError(f"cannot read the system identifier of database {self.database.name}: {answer}")
        identifier, _, alone = answer.value.partition(" ")
        return identifier, alone == "true"

    def _ask(self, world: World, primary: Target, check: Check) -> Answer:
        who = world.secrets.credentials(self.client or self.database.admin)
        dbname = self.database.dbname
        return world.postgres.ask(primary, who, dbname, timeout=CHECK_TIMEOUT_SECONDS, sql=check.sql, read_only=True)

    def _recovery(self, world: World, member: Server) -> str:
        starting = member.answer and member.answer.sqlstate in RECOVERING
        return progress(_log(world, member.snapshot, previous=False)) if starting else ""

    def _backup(self, world: World) -> str:
        if self.backup is None:
            return ""
        try:
            newest = world.cluster.newest_backup(self.backup)
        except BoothealError as error:
            return f"the newest backup is not known: {error}"
        return _named(newest) if newest else f"no Job of {self.backup} is known to have succeeded"

    # --- judging ----------------------------------------------------------------------------------

    def judge(self, seen: DatabaseObservation, past: Past) -> Judgement:
        """Decide by SQLSTATE, then by the data."""
        if seen.members.primary:
            return self._judge_data(seen, past)
        return self._judge_absence(seen, past)

    def _judge_data(self, seen: DatabaseObservation, past: Past) -> Judgement:
        silent = next((item for item in seen.checks if not item.answer.ok), None)
        if silent and silent.transient:
            return Wait(_asked(silent))
        complaints, accepted = lost(seen.identifier, seen.checks, past.baseline), past.last(AcceptData)
        if complaints and accepted:
            since = accepted.note if accepted.incident == past.incident else past.baseline
            complaints = lost(seen.identifier, seen.checks, since, accepted.note)
        if complaints:
            return self._judge_loss("; ".join(complaints), silent, seen, accepted)
        if silent:
            return self._judge_silence(silent, seen, past)
        if seen.members.service:
            return Wait(seen.members.service)
        writable = next(member.pod for member in seen.members.members if member.writable)
        kept = {IDENTIFIER: past.baseline[IDENTIFIER]} if IDENTIFIER in past.baseline else {}
        held = f"; {', '.join(check.name for check in self.checks)}" if self.checks else ""
        why = f"{writable} accepts connections and takes writes{held}"
        remark = "commits wait for a standby that is not there: see synchronous_standby_names"
        return Settled(why, (remark,) if seen.alone else (), baseline=kept | seen.facts)

    def _judge_loss(
        self, cause: str, silent: Checked | None, seen: DatabaseObservation, accepted: ActionRecord | None
    ) -> Judgement:
        """Stop, unless the owner has said that it is right; what cannot be counted cannot be accepted."""
        if silent:
            return self._stop(f"{cause}; {_asked(silent)}", seen, RESTORE)
        if self.accept is not None and (accepted is None or accepted.at < self.accept):
            return Act(cause, (AcceptData(cause=cause, database=self.database.name, facts=seen.facts),))
        hint = f"{RESTORE}; if it is right as it is: bootheal run --once --accept-data {self.database.name}"
        return self._stop(cause, seen, hint)

    def _judge_silence(self, silent: Checked, seen: DatabaseObservation, past: Past) -> Judgement:
        why, sqlstate = _asked(silent), silent.answer.sqlstate
        if sqlstate in GONE and past.baseline.get(silent.fact):
            hint = f"{RESTORE}; where it moved on purpose, correct the check's sql"
            return self._stop(f"{why}; it could be asked in the last good boot", seen, hint)
        if sqlstate in DAMAGED:
            return self._stop(why, seen, RESTORE)
        if sqlstate in REFUSED and self.client:
            return GiveUp(why, f"compare {self.client.secret} (databases.{self.database.name}.client) with the role")
        return GiveUp(why, f"see databases.{self.database.name}.checks: may the client ask this, for one number?")

    def _judge_absence(self, seen: DatabaseObservation, past: Past) -> Judgement:
        members = seen.members
        if seen.two:
            if past.held("two primaries") < SWITCHOVER_SECONDS:
                return Wait(f"more than one writable primary: {members.why_none}")
            return GiveUp(
                f"more than one writable primary: {members.why_none}", "find out which one is right", person=True
            )
        if recovering := members.answered(*RECOVERING):
            return Wait(
                f"PostgreSQL {_said(recovering)}" + (f": {seen.recovery}" if seen.recovery else ""), counts=False
            )
        fatal = [found for found in seen.distress.values() if found.fatal]
        if fatal and len(fatal) == len(members.members):
            return self._stop(_explained(seen), seen, fatal[0].hint)
        if not members.all_spoke:
            return Wait(f"no writable primary: {_explained(seen)}")
        if full := members.answered(*FULL):
            return Wait(f"PostgreSQL {_said(full)}; what comes after waits until connections are free")
        if damaged := members.answered(*DAMAGED):
            return self._stop(f"PostgreSQL {_said(damaged)}", seen, f"data may be damaged: {RESTORE}")
        if missing := members.answered(*MISSING):
            return self._missing(missing, seen, past)
        if refused := members.answered(*REFUSED):
            return GiveUp(f"PostgreSQL {_said(refused)}", self._refusal_hint(refused))
        return Wait(f"no writable primary: {members.why_none}")

    def _missing(self, missing: Server, seen: DatabaseObservation, past: Past) -> GiveUp:
        """A database that is not there: a slip in the configuration, or the worst that can happen."""
        why = f"PostgreSQL {_said(missing)}"
        if not past.baseline:
            hint = f"is databases.{self.database.name}.dbname right? If it is, data is gone: {RESTORE}"
            return self._stop(f"{why}, and bootheal has never seen it", seen, hint)
        why = "; ".join((f"{why}; it was there in the last good boot", *lost(seen.identifier, (), past.baseline)))
        return self._stop(why, seen, RESTORE)

    def _stop(self, why: str, seen: DatabaseObservation, hint: str) -> GiveUp:
        """Stop for a person, and name the backup."""
        return GiveUp(why, f"{hint} ({seen.backup})" if seen.backup else hint, person=True)

    def _refusal_hint(self, refused: Server) -> str:
        if refused.answer and "no encryption" in refused.answer.text:
            return (
                "pg_hba.conf lets this login in over TLS only, and the server offers none: see ssl in postgresql.conf"
            )
        secret = self.database.admin.secret
        return f"compare {secret} (databases.{self.database.name}.admin) with the role, and see pg_hba.conf"


def _said(member: Server) -> str:
    return f"{member.pod}: {member.answer}"


def _asked(item: Checked) -> str:
    return f"check {item.check.name!r}: {item.answer}"


def _named(backup: Backup) -> str:
    ended = datetime.fromtimestamp(backup.ended, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"the newest backup is {backup.ref}, of {ended}"


def _explained(seen: DatabaseObservation) -> str:
    """Say why there is no primary, and what the logs of those who do not answer say."""
    found = "; ".join(f"{pod}'s log: {found.text}" for pod, found in seen.distress.items())
    return seen.members.why_none + (f" ({found})" if found else "")


def _distress(world: World, members: Servers) -> Iterator[tuple[str, Distress]]:
    """Read the logs of containers that ended in this boot and are not up again."""
    boot_time = world.host.boot_time()
    for member in members.members:
        server = _server(member.snapshot)
        if server is None or server.state is State.RUNNING or not server.ended or before_boot(server.ended, boot_time):
            continue
        previous = server.state is not State.TERMINATED
        if found := distress(_log(world, member.snapshot, previous=previous)):
            yield member.pod, found


def _server(pod: Pod | None) -> Container | None:
    """Return the container that runs PostgreSQL, by the names that operators and charts give it, else the first."""
    containers = pod.containers if pod else ()
    return next(
        (c for c in containers if c.name in ("postgres", "postgresql", "database")), next(iter(containers), None)
    )


def _log(world: World, pod: Pod | None, *, previous: bool) -> str:
    """Return the end of PostgreSQL's log; it is evidence, and nothing fails for want of it."""
    server = _server(pod)
    if pod is None or server is None:
        return ""
    try:
        return world.pod_access.log_tail(pod.ref, server.name, LOG_LINES, previous=previous)
    except BoothealError:
        return ""
