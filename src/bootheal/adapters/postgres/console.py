"""The Pooler port: PgBouncer's admin console.

It takes literals only, one statement at a time, and says SET of a setting that cannot
change was fine; so callers look again.
"""

from collections.abc import Mapping
from typing import Any

from bootheal.adapters.postgres.libpq import Local, session
from bootheal.errors import DeniedError
from bootheal.model import Console, Credentials, Setting, Target

CONSOLE = "pgbouncer"


class PgBouncerConsole:
    """The console of one PgBouncer process at a time: settings are per process, not per Service."""

    def __init__(self, local: Local) -> None:
        self._local = local

    def read(self, target: Target, who: Credentials, dbname: str) -> Console:
        """SHOW CONFIG (key, value, since 1.9 default, changeable) and SHOW POOLS."""
        from psycopg.rows import dict_row

        try:
            with session(self._local, target, who, CONSOLE) as connection:
                rows = connection.execute("SHOW CONFIG").fetchall()
                pools = connection.cursor(row_factory=dict_row).execute("SHOW POOLS").fetchall()
        except DeniedError as error:
            hint = f"add {who.user} to admin_users in pgbouncer.ini, or name another Secret under the pooler's console"
            raise DeniedError(str(error), status=0, hint=hint) from None
        settings = {row[0]: Setting(value=row[1] or "", changeable=row[-1] == "yes") for row in rows}
        return Console(settings, starved=any(_starved(pool) for pool in pools if pool["database"] == dbname))

    def set(self, target: Target, who: Credentials, key: str, value: str) -> None:
        """SET key = 'value'."""
        from psycopg import sql

        # `key` is a word from SHOW CONFIG or the configuration's pattern for one; the console has no identifiers.
        statement = sql.SQL("SET {} = {}").format(sql.SQL(key), sql.Literal(value))
        with session(self._local, target, who, CONSOLE) as connection:
            connection.execute(statement)


def _starved(pool: Mapping[str, Any]) -> bool:
    """Tell whether clients wait while no connection to the server is there, nor being made."""
    servers = (pool[column] for column in pool if column.startswith("sv_"))
    return pool["cl_waiting"] > 0 and not any(servers)
