"""What a look at a database finds: what its servers say, its data, and why a server that is silent does not come up."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bootheal.errors import BoothealError, UnreachableError
from bootheal.model import Backup, Login, Ref, Target
from bootheal.model.durations import day
from bootheal.model.quoted import quoted
from bootheal.model.sqlstates import NO_DATABASE, RECOVERING
from bootheal.ports import World
from bootheal.postgres import recovery
from bootheal.postgres.data_checks import Check, Checked, checked, facts, transient
from bootheal.postgres.location import Database
from bootheal.postgres.primary import TIMEOUT_SECONDS, Server, Servers, find
from bootheal.postgres.silent_server import SilentServer, silent_server
from bootheal.step import Past

# A check may have to read a table from a cold disk.
CHECK_TIMEOUT_SECONDS = 30.0
MAINTENANCE = "postgres"

# The system identifier, whether commits wait, without any error, for a standby that is not there, and the version.
ABOUT = """
select system_identifier || ' ' || (
    current_setting('synchronous_standby_names') <> '' and pg_has_role('pg_read_all_stats', 'usage')
    and not exists (select from pg_stat_replication where sync_state in ('sync', 'quorum'))
) || ' ' || current_setting('server_version_num') from pg_control_system()
"""

# By which version of the library the database sorts text, and which the server has; "" where they are the same.
KNOWS_COLLATIONS = 150000
COLLATION = """
select coalesce((
    select datcollversion || ' ' || pg_database_collation_actual_version(oid) from pg_database
    where datname = current_database() and datcollversion <> pg_database_collation_actual_version(oid)
), '')
"""

# Why a server that answers takes no writes, where nobody makes it the primary. Before 12 these were no settings.
WHY_READ_ONLY = """
select case when not pg_is_in_recovery() then 'settings'
    when current_setting('primary_conninfo', true) = '' and current_setting('restore_command', true) = '' then 'nobody'
    else '' end
"""
READ_ONLY_BECAUSE = {
    "nobody": (
        "follows nobody: neither primary_conninfo nor restore_command is set",
        "if no other server has newer data, SELECT pg_promote() makes {name} the primary; else tell it whom to follow",
    ),
    "settings": (
        "is no standby, but made read-only by its settings",
        "on {name}, see default_transaction_read_only: of postgresql.conf, of the role and of the database",
    ),
}


@dataclass(frozen=True, slots=True)
class DatabaseObservation:
    """What each server answered, and what is known of the data and of servers that do not answer.

    `identifier` is "" where it could not be read; `alone`: commits wait for a standby that is not there;
    `collation` is by which version of the library it sorts text, and which the server has, where those differ;
    `silent` tells of those that do not answer, by server; `read_only`: why those that do take no writes, by a word of
    `READ_ONLY_BECAUSE`; `backup` is the newest one, where a CronJob is declared to
    make them.
    """

    servers: Servers
    identifier: str = ""
    checks: tuple[Checked, ...] = ()
    alone: bool = False
    silent: Mapping[str, SilentServer] = field(default_factory=dict)
    backup: str = ""
    collation: str = ""
    read_only: Mapping[str, str] = field(default_factory=dict)

    @property
    def conditions(self) -> frozenset[str]:
        """How long there have been two primaries, or none on purpose, or what no time cures, matters."""
        kept = (found.trouble.condition for found in self.silent.values() if found.trouble and found.trouble.hopeless)
        works = (each for name, found in self.recovering.items() for each in recovery.conditions(name, found))
        told = {"two primaries": self.two, "held back": bool(self.servers.way)}
        return frozenset({*kept, *works, *(name for name, so in told.items() if so)})

    @property
    def recovering(self) -> dict[str, SilentServer]:
        """What is known of each server that says that it is starting up."""
        found = (each.name for each in self.servers.all if each.answer and each.answer.sqlstate in RECOVERING)
        return {name: self.silent.get(name, SilentServer()) for name in found}

    @property
    def two(self) -> bool:
        """Whether more than one server takes writes."""
        return len(self.servers.writable) > 1

    @property
    def facts(self) -> dict[str, str]:
        """What is worth remembering if all is well."""
        return facts(self.identifier, self.checks)

    @property
    def why_none(self) -> str:
        """Say why there is no primary, and what containers and logs of those who do not answer say."""
        told = [text for name, found in self.silent.items() if (text := found.told(name))]
        told += [f"{name} {READ_ONLY_BECAUSE[why][0]}" for name, why in self.read_only.items()]
        return self.servers.why_none + (f" ({'; '.join(told)})" if told else "")

    @property
    def writable_again(self) -> str:
        """Say how a server that answers would take writes, "" where that is not known."""
        return next((READ_ONLY_BECAUSE[why][1].format(name=name) for name, why in self.read_only.items()), "")

    @property
    def recovery(self) -> str:
        """How far crash recovery is, as far as the logs tell."""
        return "".join(found.recovery for found in self.silent.values())

    @property
    def damaged(self) -> bool:
        """Whether the data of a server is at risk, for all we know."""
        return any(found.damaged for found in self.silent.values())

    def hopeless(self, past: Past) -> SilentServer | None:
        """Return the gravest of these where no primary will come by itself, None where one may.

        All servers are stuck; or the one that was the primary is, and the others only follow: nobody makes one of them
        the primary where no operator does.
        """
        stuck = {name: found for name, found in self.silent.items() if found.stuck(past)}
        others = [server for server in self.servers.all if server.name not in stuck]
        if others and (self.servers.managed or not all(map(self._follows, others))):
            return None
        if others and all(self._follows(server) for server in self.servers.all if server.name in stuck):
            return None
        return max(stuck.values(), key=lambda found: found.gravity, default=None)

    def _follows(self, server: Server) -> bool:
        told = self.silent.get(server.name)
        return server.follows or bool(told and told.follows)


def look(
    world: World, database: Database, *, client: Login | None, checks: Iterable[Check], backup: Ref | None
) -> DatabaseObservation:
    """Ask every server; the primary for its data, and the logs of those who do not answer for the reason.

    `client` asks the `checks`, the administrator where it is None; `backup` is the CronJob that makes backups.
    """
    servers, newest = find(world, database), _newest(world, backup)
    if servers.primary is None:
        return _without_primary(world, database, servers, newest)
    about = _about(world, database, servers.primary, database.dbname)
    counted = tuple(_counted(world, database, servers.primary, client or database.admin, checks))
    collation = _collation(world, database, servers.primary) if about.version >= KNOWS_COLLATIONS else ""
    return DatabaseObservation(servers, about.identifier, counted, about.alone, backup=newest, collation=collation)


def _without_primary(world: World, database: Database, servers: Servers, backup: str) -> DatabaseObservation:
    missing = servers.answered(*NO_DATABASE)
    identifier = _about(world, database, missing.target, MAINTENANCE).identifier if missing and missing.target else ""
    silent, why = dict(_silent(world, servers)), dict(_read_only(world, database, servers))
    return DatabaseObservation(servers, identifier, silent=silent, backup=backup, read_only=why)


@dataclass(frozen=True, slots=True)
class _About:
    identifier: str = ""
    alone: bool = False
    version: int = 0


# An identifier of 64 bits, a word, a version.
LONGEST_ABOUT = 60


def _read_only(world: World, database: Database, servers: Servers) -> Iterator[tuple[str, str]]:
    """Ask servers that answer why they take no writes, where nobody makes one the primary; a remark, no more."""
    admin = world.secrets.credentials(database.admin)
    for server in () if servers.managed else servers.all:
        if server.target and server.answer and server.answer.ok and not server.writable:
            answer = world.postgres.ask(
                server.target, admin, database.dbname, timeout=TIMEOUT_SECONDS, sql=WHY_READ_ONLY
            )
            if answer.ok and answer.value in READ_ONLY_BECAUSE:
                yield server.name, answer.value


def _collation(world: World, database: Database, target: Target) -> str:
    """Ask for a remark; nothing fails for want of it."""
    admin = world.secrets.credentials(database.admin)
    answer = world.postgres.ask(target, admin, database.dbname, timeout=TIMEOUT_SECONDS, sql=COLLATION)
    return quoted(answer.value) if answer.ok else ""


def _about(world: World, database: Database, target: Target, dbname: str) -> _About:
    """Return what is known; its identifier is "" where it may not be read. Being full or slow is not "may not"."""
    admin = world.secrets.credentials(database.admin)
    answer = world.postgres.ask(target, admin, dbname, timeout=TIMEOUT_SECONDS, sql=ABOUT)
    if not answer.ok and transient(answer):
        raise UnreachableError(f"cannot read the system identifier of database {database.name}: {answer}")
    identifier, alone, version, *_ = (*answer.value[:LONGEST_ABOUT].split(), "", "", "")
    return _About(identifier, alone == "true", int(version) if version.isdecimal() else 0)


def _counted(
    world: World, database: Database, primary: Target, client: Login, checks: Iterable[Check]
) -> Iterator[Checked]:
    for check in checks:
        who = world.secrets.credentials(client)
        answer = world.postgres.ask(
            primary, who, database.dbname, timeout=CHECK_TIMEOUT_SECONDS, sql=check.sql, read_only=True
        )
        yield checked(check, answer)


# --- evidence -------------------------------------------------------------------------------------


def _newest(world: World, backup: Ref | None) -> str:
    """Name the newest backup, for a person who needs one; nothing fails for want of it."""
    if backup is None:
        return ""
    try:
        newest = world.cluster.newest_backup(backup)
    except BoothealError as error:
        return f"the newest backup is not known: {error}"
    return _named(newest) if newest else f"no Job of {backup} is known to have succeeded"


def _named(backup: Backup) -> str:
    return f"the newest backup is {backup.ref}, of {day(backup.ended)}"


def _silent(world: World, servers: Servers) -> Iterator[tuple[str, SilentServer]]:
    """Tell of each server in a pod of this boot that does not answer, or not yet."""
    for server in servers.all:
        recovering = bool(server.answer and server.answer.sqlstate in RECOVERING)
        silent = server.answer is None or not server.answer.spoke
        if server.pod and (recovering or silent) and not server.stale:
            yield server.name, silent_server(world, server.pod, recovering=recovering)
