"""The Postgres port: logins by the bare protocol, administration through psycopg."""

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bootheal.adapters.postgres.libpq import Local, session
from bootheal.adapters.postgres.wire import ask, greet
from bootheal.errors import UnreachableError, why_silent
from bootheal.model import Answer, Credentials, Role, Secret, Target
from bootheal.postgres.scram import matches

if TYPE_CHECKING:
    from psycopg import Connection

# Who greets a server: a role that need not exist.
NOBODY = "bootheal"

# How to open a connection: OSError where nobody listens, UnreachableError where a port-forward fails.
Open = Callable[[Target, float], socket.socket]


class PostgresServer:
    """PostgreSQL (or a pooler that passes for one) over TCP, never over a server's own local socket."""

    def __init__(self, open_socket: Open, local: Local) -> None:
        self._open, self._local = open_socket, local

    def ask(
        self,
        target: Target,
        who: Credentials,
        dbname: str,
        *,
        timeout: float,
        sql: str = "select 1",
        read_only: bool = False,
    ) -> Answer:
        """Log in, ask, leave."""
        deadline = time.monotonic() + timeout
        try:
            sock = self._open(target, timeout)
        except (OSError, UnreachableError) as error:
            return Answer(ok=False, spoke=False, text=why_silent(error), unasked=isinstance(error, UnreachableError))
        options = _guard(timeout) if read_only else ""
        return ask(sock, who, dbname, sql, deadline, options=options, trust=target.trust, auth=target.auth)

    def greet(self, target: Target, dbname: str, *, timeout: float) -> Answer:
        """Begin a login, and leave."""
        deadline = time.monotonic() + timeout
        try:
            sock = self._open(target, timeout)
        except (OSError, UnreachableError) as error:
            return Answer(ok=False, spoke=False, text=why_silent(error), unasked=isinstance(error, UnreachableError))
        return greet(sock, NOBODY, dbname, deadline)

    def role(
        self,
        target: Target,
        admin: Credentials,
        dbname: str,
        role: str,
        wanted: Secret,
        *,
        verifier: Secret | None = None,
    ) -> Role | None:
        """Read a role; what is stored for it is compared here and goes no further."""
        from psycopg import errors

        with session(self._local, target, admin, dbname) as connection:
            connection.execute("set statement_timeout = '5s'")
            row = connection.execute(_ROLE, [role]).fetchone()
            if row is None:
                return None
            try:
                stored = (connection.execute(_VERIFIER, [role]).fetchone() or [None])[0] or ""
            except errors.InsufficientPrivilege:
                agrees = same = None
            else:
                agrees = matches(stored, role, wanted.reveal()) if stored else False
                same = stored == verifier.reveal() if verifier else None
            powers = connection.execute(_REACH, [role, list(PREDEFINED)]).fetchall()
            can_login, expired = map(bool, row)
            reach = tuple(str(power) for (power,) in powers)
        return Role(role, (SUPERUSER,) if SUPERUSER in reach else reach, can_login, expired, agrees, same)

    def set_password(
        self,
        target: Target,
        admin: Credentials,
        dbname: str,
        role: str,
        password: Secret,
        *,
        verifier: Secret | None = None,
    ) -> None:
        """ALTER ROLE … PASSWORD with a verifier, given or computed here: a server's log can show no more than that.

        It is of the kind that the role had, else of the server's default, so that poolers can use
        it. Not waiting for a synchronous standby: after a reboot there may be none for long.
        """
        from psycopg import sql

        with session(self._local, target, admin, dbname, proven=True) as connection:
            connection.execute("set statement_timeout = '5s'; set synchronous_commit = local")
            if verifier:
                text = verifier.reveal()
            else:
                method = b"md5" if _uses_md5(connection, role) else b"scram-sha-256"
                text = connection.pgconn.encrypt_password(password.reveal().encode(), role.encode(), method).decode()
            connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(text)))


def _uses_md5(connection: "Connection[Any]", role: str) -> bool:
    """Tell of which kind the role's verifier is: what worked before the trouble works after it."""
    from psycopg import errors

    try:
        row = connection.execute("select left(rolpassword, 3) from pg_authid where rolname = %s", [role]).fetchone()
    except errors.InsufficientPrivilege:
        row = None
    if not row or not row[0]:
        row = connection.execute("show password_encryption").fetchone()
    return bool(row and row[0] in ("md5", "on"))


def _guard(timeout: float) -> str:
    """Say to the server what a session may not do, as libpq's `options` would."""
    milliseconds = int(timeout * 900)
    return f"-c default_transaction_read_only=on -c statement_timeout={milliseconds}"


_ROLE = """
select rolcanlogin, coalesce(rolvaliduntil < now(), false) from pg_catalog.pg_roles where rolname = %s
"""

SUPERUSER = "a superuser"  # which is all the rest, too

# Predefined roles that write files, run programs or read all data (PostgreSQL documentation, "Predefined Roles").
PREDEFINED = (
    "pg_execute_server_program",
    "pg_read_all_data",
    "pg_read_server_files",
    "pg_write_all_data",
    "pg_write_server_files",
)

# MEMBER counts every grant, with or without INHERIT, SET and ADMIN: who may grant a role to itself may become it. Until
# PostgreSQL 16 CREATEROLE may do that with any role but a superuser, and since then with those it has made.
_REACH = """
select distinct case
    when power = 'a member of' then power || ' ' || rolname
    when rolname = wanted then power
    else power || ' by its membership in ' || rolname
end
from (select %s::text as wanted) as asked, pg_catalog.pg_roles, lateral (values
    (rolsuper, 'a superuser'), (rolreplication, 'a replication role'),
    (rolcreaterole, 'a role that may make others (CREATEROLE)'), (rolname = any (%s), 'a member of')
) as powers (holds, power)
where holds and case when rolname = wanted then power <> 'a member of' else pg_has_role(wanted, oid, 'MEMBER') end
order by 1
"""
_VERIFIER = "select rolpassword from pg_catalog.pg_authid where rolname = %s"
