"""A database: it accepts, speaks the protocol, is the writable primary, and its data is there.

PostgreSQL is never restarted here: crash recovery would start from the beginning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bootheal.model import ActionRecord, Login, Ref, Right
from bootheal.model.quoted import quoted
from bootheal.model.sqlstates import CROWDED, DAMAGED, GONE, NO_DATABASE, RECOVERING, REFUSED, WHO_HAS_THEM
from bootheal.ports import Interest, World
from bootheal.postgres import members, recovery
from bootheal.postgres.data_checks import IDENTIFIER, Check, Checked, lost
from bootheal.postgres.location import Database
from bootheal.postgres.observation import DatabaseObservation, look
from bootheal.postgres.primary import Server, Servers, describe
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Settled, Step, Wait

# The servers are asked one after another, so a switchover in between shows two primaries.
SWITCHOVER_SECONDS = 10.0

# Servers that have just begun are given Patroni's usual ttl, and as much again: one of them may hold the lock already.
HELD_BACK_SECONDS = 60.0

RESTORE = "restore from a backup"


@dataclass(frozen=True, kw_only=True)
class AcceptData(Action):
    """Take the data for good as it is: the owner has looked and said so. Nothing but the memory changes."""

    bounded = False
    repairs = False
    by_design = True  # its owner has asked for it

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
    said that the data is right as it is. `routed`: what comes after it goes through the database's Service, and proves
    nothing of it.
    """

    database: Database
    client: Login | None = None
    checks: tuple[Check, ...] = ()
    backup: Ref | None = None
    accept: float | None = None
    routed: bool = True

    def lives_on(self, seen: DatabaseObservation) -> frozenset[str]:
        """The nodes of its servers."""
        return frozenset(server.pod.node for server in seen.servers.all if server.pod and server.pod.node)

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
            needed.add(Right("get", "pods/log", database.namespace))
        return frozenset(needed)

    def wishes(self) -> frozenset[Right]:
        """To read why its pods do not start, and who leads or is held back: by Patroni's lock or CloudNativePG's."""
        if self.database.host:
            return frozenset()
        read = [("list", "events", ""), ("list", "statefulsets", "apps"), ("get", "endpoints", "")]
        read += [("get", "configmaps", ""), ("get", "leases", "coordination.k8s.io")]
        read.append(("get", "clusters", "postgresql.cnpg.io"))
        return frozenset(Right(verb, kind, self.database.namespace, group) for verb, kind, group in read)

    def look(self, world: World) -> DatabaseObservation:
        """Ask every server; the primary for its data, and the logs of those who do not answer for the reason."""
        return look(world, self.database, client=self.client, checks=self.checks, backup=self.backup)

    def judge(self, seen: DatabaseObservation, past: Past) -> Judgement:
        """Decide by SQLSTATE, then by the data."""
        if seen.servers.primary:
            return self._judge_data(seen, past)
        return self._judge_absence(seen, past)

    def _judge_data(self, seen: DatabaseObservation, past: Past) -> Judgement:
        silent = next((item for item in seen.checks if not item.answer.ok), None)
        if silent and silent.transient:
            return Wait(
                _asked(silent),
                hint=f"see databases.{self.database.name}.checks; pg_stat_activity says what it does",
            )
        losses, accepted = lost(seen.identifier, seen.checks, past.baseline), past.last(AcceptData)
        if losses and accepted:
            since = accepted.note if accepted.incident == past.incident else past.baseline
            losses = lost(seen.identifier, seen.checks, since, accepted.note)
        if losses:
            return self._judge_loss("; ".join(losses), silent, seen, accepted)
        if silent:
            return self._judge_silence(silent, seen, past)
        writable = seen.servers.writable[0].name
        if self.routed and (doubt := seen.servers.service):
            return Wait(doubt if writable in doubt else f"{doubt}; {writable} takes writes", hint=self._service_hint)
        kept = {IDENTIFIER: past.baseline[IDENTIFIER]} if IDENTIFIER in past.baseline else {}
        leaders = members.leaders(seen.servers, past.baseline, past.epoch)
        held = f"; {', '.join(check.name for check in self.checks)}" if self.checks else ""
        why = f"{writable} accepts connections and takes writes{held}"
        told = members.remarks(seen.servers, leaders, past)
        return Settled(why, (*_remarks(seen), *told, *self._collation(seen)), baseline=kept | seen.facts | leaders)

    def _collation(self, seen: DatabaseObservation) -> Iterator[str]:
        if seen.collation:
            before, _, now = seen.collation.partition(" ")
            name = self.database.dbname
            yield (
                f"database {name} sorts text by version {quoted(before)} of a library of which the server has "
                f"{quoted(now)}, so indexes on text may be wrong: REINDEX DATABASE {name}; ALTER DATABASE {name} "
                "REFRESH COLLATION VERSION"
            )

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
        servers = seen.servers
        if seen.two:
            if past.held("two primaries") < SWITCHOVER_SECONDS:
                return Wait(f"more than one writable primary: {servers.why_none}")
            return self._several(servers)
        if hopeless := seen.hopeless(past):
            if hopeless.damaged:
                return self._stop(seen.why_none, seen, hopeless.hint)
            return GiveUp(f"no writable primary: {seen.why_none}", hopeless.hint)
        if recovering := servers.answered(*RECOVERING):
            return self._recovering(recovering, seen, past)
        if servers.way and past.held("held back") >= HELD_BACK_SECONDS:
            return GiveUp(f"no writable primary: {seen.why_none}", servers.way)
        said = self._judge_answers(seen, past) if servers.all_spoke else None
        return said or Wait(f"no writable primary: {seen.why_none}", hint=self._patience_hint(seen))

    def _several(self, servers: Servers) -> GiveUp:
        """Pods of one Deployment are likely no servers, but a pooler's, which all lead to the same one."""
        owners = {server.pod.owner for server in servers.writable if server.pod}
        kinds = {owner.kind for owner in owners if owner}
        if len(owners) == 1 and kinds == {"replicaset"}:
            why = f"more than one pod of the same Deployment takes writes: {servers.why_none}"
            hint = f"a pooler's? Then name the Service of its servers: databases.{self.database.name}.service"
            return GiveUp(why, f"{hint}; if they are servers, find out which one is right", person=True)
        hint = "find out which one is right"
        return GiveUp(f"more than one writable primary: {servers.why_none}", hint, person=True)

    def _judge_answers(self, seen: DatabaseObservation, past: Past) -> Judgement | None:
        """Judge what the servers say, once each has spoken; None where none says why it is no primary."""
        servers = seen.servers
        if full := servers.answered(*CROWDED):
            why = f"PostgreSQL {_said(full)}; what comes after waits until connections are free"
            return Wait(why, hint=WHO_HAS_THEM)
        if damaged := servers.answered(*DAMAGED):
            return self._stop(f"PostgreSQL {_said(damaged)}", seen, f"data may be damaged: {RESTORE}")
        if missing := servers.answered(*NO_DATABASE):
            return self._missing(missing, seen, past)
        if refused := servers.answered(*REFUSED):
            return GiveUp(f"PostgreSQL {_said(refused)}", self._refusal_hint(refused))
        return None

    def _recovering(self, recovering: Server, seen: DatabaseObservation, past: Past) -> Wait:
        """Wait for crash recovery, as long as it works; for a standby's not, where the data of another is damaged."""
        why = f"PostgreSQL {_said(recovering)}" + (f": {seen.recovery}" if seen.recovery else "")
        if seen.damaged:
            return Wait(f"no writable primary: {seen.why_none}", hint=self._patience_hint(seen))
        others = [server for server in seen.servers.all if server.name != recovering.name]
        speak = (server.name for server in others if server.name in seen.silent)
        ended = (name for name, found in seen.recovering.items() if found.trouble or found.again)
        told = [seen.silent[name].told(name) for name in (*ended, *speak)]
        works = any(recovery.at_work(name, found, past) for name, found in seen.recovering.items())
        said = "; ".join(filter(None, (why, *map(describe, others), *told)))
        return Wait(said, counts=not works, hint=self._patience_hint(seen))

    def _patience_hint(self, seen: DatabaseObservation) -> str:
        """Say what a person does if it lasts: of the gravest that is known, of a standby last of all."""
        told = sorted(seen.silent.values(), key=lambda found: -found.gravity)
        if hint := (told[0].hint if told else "") or seen.writable_again:
            return hint
        namespace, pods = self.database.namespace, [server.pod for server in seen.servers.all if server.pod]
        if pods:
            return f"kubectl -n {namespace} describe pod {pods[0].ref.name}"
        return f"kubectl -n {namespace} get pods,statefulsets" if not self.database.host else ""

    def _missing(self, missing: Server, seen: DatabaseObservation, past: Past) -> GiveUp:
        """A database that is not there: a slip in the configuration, or the worst that can happen."""
        why = f"PostgreSQL {_said(missing)}"
        if not past.baseline:
            hint = f"is databases.{self.database.name}.dbname right? If it is, data is gone: {RESTORE}"
            return self._stop(f"{why}, and bootheal has never seen it", seen, hint)
        why = "; ".join((f"{why}; it was there in the last good boot", *lost(seen.identifier, (), past.baseline)))
        return self._stop(why, seen, RESTORE)

    @property
    def _service_hint(self) -> str:
        namespace, service = self.database.namespace, self.database.service
        return f"kubectl -n {namespace} get service,endpointslices -l kubernetes.io/service-name={service} -o wide"

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


def _remarks(seen: DatabaseObservation) -> Iterator[str]:
    if seen.alone:
        yield "commits wait for a standby that is not there: see synchronous_standby_names"
    for server in seen.servers.writable:
        if server.answer and server.answer.unproven:
            yield f"{server.name} lets us in without a password (trust in pg_hba.conf), so it has proven nothing"


def _said(server: Server) -> str:
    return f"{server.name}: {server.answer}"


def _asked(item: Checked) -> str:
    return f"check {item.check.name!r}: {item.answer}"
