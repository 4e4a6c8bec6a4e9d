"""The Pooler port: PgBouncer's admin console.

It takes literals only, one statement at a time, and says SET of a setting that cannot
change was fine; so callers look again.
"""

from collections.abc import Mapping

from bootheal.adapters.postgres.libpq import Local, session
from bootheal.errors import DeniedError
from bootheal.model import Credentials, Setting, Target

CONSOLE = "pgbouncer"


class PgBouncerConsole:
    """The console of one PgBouncer process at a time: settings are per process, not per Service."""

    def __init__(self, local: Local) -> None:
        self._local = local

    def settings(self, target: Target, who: Credentials) -> Mapping[str, Setting]:
        """SHOW CONFIG: key, value, (since 1.9: default,) changeable."""
        try:
            with session(self._local, target, who, CONSOLE) as connection:
                rows = connection.execute("SHOW CONFIG").fetchall()
        except DeniedError as error:
            hint = f"add {who.user} to admin_users in pgbouncer.ini, or name another Secret under the pooler's console"
            raise DeniedError(str(error), status=0, hint=hint) from None
        return {row[0]: Setting(value=row[1] or "", changeable=row[-1] == "yes") for row in rows}

    def set(self, target: Target, who: Credentials, key: str, value: str) -> None:
        """SET key = 'value'."""
        from psycopg import sql

        # `key` is a word from SHOW CONFIG or the configuration's pattern for one; the console has no identifiers.
        statement = sql.SQL("SET {} = {}").format(sql.SQL(key), sql.Literal(value))
        with session(self._local, target, who, CONSOLE) as connection:
            connection.execute(statement)
