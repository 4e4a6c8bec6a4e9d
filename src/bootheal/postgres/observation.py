"""What a look at a database finds: what its servers say, its data, and why a server that is silent does not come up."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bootheal.cluster.freshness import before_boot
from bootheal.errors import BoothealError, UnreachableError
from bootheal.model import Backup, Container, Login, Pod, Ref, State, Target
from bootheal.ports import World
from bootheal.postgres.data_checks import Check, Checked, checked, facts, transient
from bootheal.postgres.primary import TIMEOUT_SECONDS, Database, Server, Servers, find
from bootheal.postgres.server_log import Distress, distress, progress

RECOVERING = ("57P03",)
MISSING = ("3D000",)

# A check may have to read a table from a cold disk.
CHECK_TIMEOUT_SECONDS = 30.0
LOG_LINES = 30
MAINTENANCE = "postgres"

# What operators and charts call the container that runs PostgreSQL.
CONTAINERS = ("postgres", "postgresql", "database")

# The system identifier, and whether commits wait, without any error, for a standby that is not there.
ABOUT = """
select system_identifier || ' ' || (
    current_setting('synchronous_standby_names') <> '' and pg_has_role('pg_read_all_stats', 'usage')
    and not exists (select from pg_stat_replication where sync_state in ('sync', 'quorum'))
) from pg_control_system()
"""


@dataclass(frozen=True, slots=True)
class DatabaseObservation:
    """What each server answered, and what is known of the data and of servers that do not answer.

    `identifier` is "" where it could not be read; `alone`: commits wait for a standby that is not there;
    `recovery` is how far crash recovery is; `distress` is by server; `backup` is the newest one, where a
    CronJob is declared to make them.
    """

    servers: Servers
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
        """Whether more than one server takes writes."""
        return len(self.servers.writable) > 1

    @property
    def facts(self) -> dict[str, str]:
        """What is worth remembering if all is well."""
        return facts(self.identifier, self.checks)

    @property
    def why_none(self) -> str:
        """Say why there is no primary, and what the logs of those who do not answer say."""
        logs = "; ".join(f"{name}'s log: {found.text}" for name, found in self.distress.items())
        return self.servers.why_none + (f" ({logs})" if logs else "")


def look(
    world: World, database: Database, *, client: Login | None, checks: Iterable[Check], backup: Ref | None
) -> DatabaseObservation:
    """Ask every server; the primary for its data, and the logs of those who do not answer for the reason.

    `client` asks the `checks`, the administrator where it is None; `backup` is the CronJob that makes backups.
    """
    servers, newest = find(world, database), _newest(world, backup)
    if servers.primary is None:
        return _without_primary(world, database, servers, newest)
    identifier, alone = _about(world, database, servers.primary, database.dbname)
    counted = tuple(_counted(world, database, servers.primary, client or database.admin, checks))
    return DatabaseObservation(servers, identifier, counted, alone, backup=newest)


def _without_primary(world: World, database: Database, servers: Servers, backup: str) -> DatabaseObservation:
    missing = servers.answered(*MISSING)
    identifier = _about(world, database, missing.target, MAINTENANCE)[0] if missing and missing.target else ""
    recovery = "".join(_recovery(world, server) for server in servers.all)
    return DatabaseObservation(
        servers, identifier, recovery=recovery, distress=dict(_distress(world, servers)), backup=backup
    )


def _about(world: World, database: Database, target: Target, dbname: str) -> tuple[str, bool]:
    """Return identifier ("" where it may not be read) and `alone`. Being full or slow is not "may not"."""
    admin = world.secrets.credentials(database.admin)
    answer = world.postgres.ask(target, admin, dbname, timeout=TIMEOUT_SECONDS, sql=ABOUT)
    if not answer.ok and transient(answer):
        raise UnreachableError(f"cannot read the system identifier of database {database.name}: {answer}")
    identifier, _, alone = answer.value.partition(" ")
    return identifier, alone == "true"


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
    ended = datetime.fromtimestamp(backup.ended, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"the newest backup is {backup.ref}, of {ended}"


def _recovery(world: World, server: Server) -> str:
    """Say how far crash recovery is, as far as the log tells."""
    starting = server.answer and server.answer.sqlstate in RECOVERING
    return progress(_log(world, server.pod, previous=False)) if starting else ""


def _distress(world: World, servers: Servers) -> Iterator[tuple[str, Distress]]:
    """Read the logs of containers that ended in this boot and are not up again."""
    boot_time = world.host.boot_time()
    for server in servers.all:
        container = _container(server.pod)
        if container is None or container.state is State.RUNNING:
            continue
        if not container.ended or before_boot(container.ended, boot_time):
            continue
        previous = container.state is not State.TERMINATED
        if found := distress(_log(world, server.pod, previous=previous)):
            yield server.name, found


def _container(pod: Pod | None) -> Container | None:
    """Return the container that runs PostgreSQL, by its name, else the first."""
    containers = pod.containers if pod else ()
    return next((c for c in containers if c.name in CONTAINERS), next(iter(containers), None))


def _log(world: World, pod: Pod | None, *, previous: bool) -> str:
    """Return the end of PostgreSQL's log; it is evidence, and nothing fails for want of it."""
    container = _container(pod)
    if pod is None or container is None:
        return ""
    try:
        return world.pod_access.log_tail(pod.ref, container.name, LOG_LINES, previous=previous)
    except BoothealError:
        return ""
