"""The Pooler port: PgBouncer's admin console.

It takes literals only, one statement at a time, and says SET of a setting that cannot
change was fine; so callers look again.
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, LiteralString

from bootheal.adapters.postgres.libpq import Local, session
from bootheal.errors import DeniedError, PermanentError
from bootheal.model import Console, Credentials, Setting, Target

if TYPE_CHECKING:
    from psycopg import Connection

CONSOLE = "pgbouncer"

# What stands in [databases], and what SHOW DATABASES calls it.
ROUTE = {"host": "host", "port": "port", "dbname": "database", "user": "force_user"}

# PgBouncer counts in microseconds of 64 bits; what is longer than a year is no answer of a resolver's.
LONGEST_TTL_SECONDS = 365 * 86400.0


class PgBouncerConsole:
    """The console of one PgBouncer process at a time: settings are per process, not per Service."""

    def __init__(self, local: Local) -> None:
        self._local = local

    def read(self, target: Target, who: Credentials, dbname: str) -> Console:
        """SHOW CONFIG (key, value, since 1.9 default, changeable), and what else tells why logins fail."""
        began = time.monotonic()
        try:
            with session(self._local, target, who, CONSOLE) as connection:
                return _console(connection, dbname, began)
        except DeniedError as error:
            hint = f"add {who.user} to admin_users in pgbouncer.ini, or name another Secret under the pooler's console"
            raise DeniedError(str(error), status=0, hint=hint) from None

    def reload(self, target: Target, who: Credentials) -> None:
        """RELOAD."""
        with session(self._local, target, who, CONSOLE) as connection:
            connection.execute("RELOAD")

    def set(self, target: Target, who: Credentials, key: str, value: str) -> None:
        """SET key = 'value'; PermanentError where PgBouncer does not take that value."""
        from psycopg import DatabaseError, sql

        # `key` is a word from SHOW CONFIG or the configuration's pattern for one; the console has no identifiers.
        statement = sql.SQL("SET {} = {}").format(sql.SQL(key), sql.Literal(value))
        with session(self._local, target, who, CONSOLE) as connection:
            try:
                connection.execute(statement)
            except DatabaseError as error:
                if connection.closed:
                    raise
                hint = "correct it under the pooler's settings; pgbouncer.org/config.html has what it may be"
                raise PermanentError(f"PgBouncer on {target} does not take {key} = {value}", hint=hint) from error


def _console(connection: "Connection[Any]", dbname: str, began: float) -> Console:
    config = connection.execute("SHOW CONFIG").fetchall()
    pools = [pool for pool in _rows(connection, "SHOW POOLS") if pool["database"] == dbname]
    databases = [row for row in _rows(connection, "SHOW DATABASES") if row["name"] == dbname]
    names = _rows(connection, "SHOW DNS_HOSTS")
    version = _rows(connection, "SHOW VERSION")
    hosts = {host for row in databases for host in str(row.get("host")).split(",")}
    return Console(
        settings={str(row[0]): _setting(row) for row in config},
        starved=frozenset(str(p["user"]) for p in pools if p["cl_waiting"] > 0 and not _servers(p)),
        version=str(version[0]["version"]) if version else "",
        servers=sum(map(_servers, pools)),
        paused=any(int(row.get("paused", 0)) for row in databases),
        disabled=any(int(row.get("disabled", 0)) for row in databases),
        forced_user=str(next((row.get("force_user") or "" for row in databases), "")),
        route={key: str(row[column] or "") for row in databases[:1] for key, column in ROUTE.items() if column in row},
        took=time.monotonic() - began,
        unknown_for=max((_seconds(n["ttl"]) for n in names if n["hostname"] in hosts and not n["addrs"]), default=0.0),
    )


def _seconds(said: Any) -> float:
    """Understand a time to live. ValueError for what never passes."""
    if not 0 <= (seconds := float(said)) < LONGEST_TTL_SECONDS:
        raise ValueError(said)
    return seconds


def _setting(row: Sequence[Any]) -> Setting:
    default = str(row[2] or "") if len(row) > 3 else None  # noqa: PLR2004 - key, value, default, changeable
    return Setting(value=str(row[1] or ""), changeable=row[-1] == "yes", default=default)


def _rows(connection: "Connection[Any]", statement: LiteralString) -> list[dict[str, Any]]:
    """Return what a SHOW answers; before 1.12 SHOW VERSION answers with a notice instead."""
    from psycopg.rows import dict_row

    cursor = connection.cursor(row_factory=dict_row).execute(statement)
    return cursor.fetchall() if cursor.description else []


def _servers(pool: Mapping[str, Any]) -> int:
    """Count a pool's connections to the server, those that are being made included."""
    return sum(int(pool[column]) for column in pool if column.startswith("sv_"))
