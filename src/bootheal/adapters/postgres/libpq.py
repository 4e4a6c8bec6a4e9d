"""Sessions through psycopg, the one place that imports it: with PostgreSQL and with PgBouncer's console."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

from bootheal.adapters.postgres.wire import prove
from bootheal.errors import MISFITS, DeniedError, PermanentError, TransientError, UnreachableError, scarce, why_silent
from bootheal.model import Answer, Auth, Credentials, Secret, Target, Trust
from bootheal.model.quoted import quoted

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_TIMEOUT_SECONDS = 5
SESSION_TIMEOUT_SECONDS = 10.0

LONGEST_SQLSTATE = 5

# A standby, or a primary that was demoted between the look and the action: the next look finds the new one.
NOT_PRIMARY = "25006"


# How to get an address that libpq can connect to. The connection is cut after so many seconds, after more bytes than a
# session needs, and when the context is left: psycopg itself waits for a hung server for ever, and keeps all it says.
Local = Callable[[Target, float], AbstractContextManager[tuple[str, int]]]


@contextmanager
def session(
    local: Local, target: Target, who: Credentials, dbname: str, *, proven: bool = False
) -> Iterator["Connection[Any]"]:
    """Yield an autocommit connection that takes no longer than SESSION_TIMEOUT_SECONDS in all.

    Errors are ours, with the SQLSTATE but without the server's DETAIL, which can quote data.
    `proven`: it will be told a secret, so that a server that lets us in without a login is not enough.
    """
    import psycopg

    what = _what(target, who, dbname)
    with scarce(f"hold a session of {who.user} on {target}"):
        try:
            with ExitStack() as stack:
                connection = _log_in(stack, local, target, who, dbname, proven=proven)
                yield connection
        except psycopg.Error as error:
            raise _ours(error, what) from None
        except MISFITS as error:
            raise _senseless(what, type(error).__name__) from None


def _log_in(
    stack: ExitStack, local: Local, target: Target, who: Credentials, dbname: str, *, proven: bool
) -> "Connection[Any]":
    """Log in by a method that hands nothing over. Who asks for no password gets none: `trust`, in pg_hba.conf."""
    what = _what(target, who, dbname)
    proof, asked = _prove(local, target, who, dbname)
    if not proof.ok:
        denied = proof.asks or proof.sqlstate.startswith(REFUSED) or any(words in proof.text for words in _REFUSALS)
        if denied:
            raise DeniedError(f"cannot open a {what}: {'it ' if proof.asks else ''}{proof}", status=0)
        raise UnreachableError(f"cannot hold a {what}: {proof}")
    if asked:
        auth = Auth.SCRAM if target.auth is Auth.PASSWORD and not target.trust else target.auth
        return _connect(stack, local, target, who, dbname, method=_METHODS[auth])
    if proven:
        raise DeniedError(f"cannot open a {what}: it lets in without a login, and is told no secret", status=0)
    return _connect(stack, local, target, Credentials(who.user, Secret("not asked for")), dbname, method="none")


def _prove(local: Local, target: Target, who: Credentials, dbname: str) -> tuple[Answer, bool]:
    """Log in on our own first, with a ceiling for the iterations of SCRAM.

    libpq has none: it goes on counting as long as a server says, and nothing else runs in this process meanwhile.
    """
    deadline = time.monotonic() + CONNECT_TIMEOUT_SECONDS
    with local(target, CONNECT_TIMEOUT_SECONDS) as address:
        try:
            sock = socket.create_connection(address, CONNECT_TIMEOUT_SECONDS)
        except OSError as error:
            return Answer(ok=False, spoke=False, text=why_silent(error)), False
        return prove(sock, who, dbname, deadline, trust=target.trust, auth=target.auth)


def _connect(
    stack: ExitStack, local: Local, target: Target, who: Credentials, dbname: str, *, method: str
) -> "Connection[Any]":
    import psycopg

    host, port = stack.enter_context(local(target, SESSION_TIMEOUT_SECONDS))
    tls = stack.enter_context(_tls(target.trust))
    connection = psycopg.connect(
        hostaddr=host,
        port=port,
        **tls,
        require_auth=method,
        user=who.user,
        password=who.password.reveal(),
        dbname=dbname,
        application_name="bootheal",
        client_encoding="UTF8",  # a SQL_ASCII database would have its texts come as bytes
        gssencmode="disable",
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        autocommit=True,
        prepare_threshold=None,
    )
    return stack.enter_context(closing(connection))  # its own context would ask once more: there is nothing to commit


@contextmanager
def _tls(trust: Trust | None) -> Iterator[dict[str, Any]]:
    """Say to libpq what to demand of the server. It reads an authority from a file: here one in memory."""
    if trust is None:
        yield {}
        return
    descriptor = os.memfd_create("authority")
    try:
        os.write(descriptor, trust.authority.encode())
        mode = {"sslmode": "verify-full", "host": trust.name} if trust.name else {"sslmode": "verify-ca"}
        yield {"sslrootcert": f"/proc/self/fd/{descriptor}"} | mode
    finally:
        os.close(descriptor)


def _what(target: Target, who: Credentials, dbname: str) -> str:
    return f"session of {who.user} in database {dbname} on {target}"


def _senseless(what: str, why: str) -> UnreachableError:
    return UnreachableError(f"cannot understand the answers in a {what}: {why}")


def _ours(error: Any, what: str) -> TransientError | PermanentError:
    import psycopg

    said = _first_line(error)
    if error.sqlstate == NOT_PRIMARY:
        return UnreachableError(f"cannot write in a {what}: {said} ({NOT_PRIMARY})")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        if any(words in said for words in _REFUSALS):
            return DeniedError(f"cannot open a {what}: {said}", status=0)
        return UnreachableError(f"cannot hold a {what}: {said}")
    if error.sqlstate is None:  # no server said so: psycopg cannot make sense of what it did say
        return _senseless(what, said)
    return PermanentError(f"{what}: {said} ({quoted(error.sqlstate, LONGEST_SQLSTATE)})")


def _first_line(error: Any) -> str:
    """Return the server's primary message; libpq puts address and severity before it."""
    primary = getattr(error.diag, "message_primary", None)
    line: str = (primary or str(error)).strip().partition("\n")[0] or "no reason given"
    for prefix in ("FATAL: ", "ERROR: "):
        line = line.rsplit(prefix, maxsplit=1)[-1]
    return quoted(line)


# What libpq may answer (its documentation, "require_auth").
_METHODS = {
    Auth.SCRAM: "scram-sha-256",
    Auth.MD5: "scram-sha-256,md5",
    Auth.PASSWORD: "scram-sha-256,password",
}

# What PostgreSQL calls a refused login (SQLSTATE class 28), and how PgBouncer, which has no code for it, words it.
REFUSED = "28"
_REFUSALS = ("not allowed", "authentication failed", "no such user", "not in admin_users")
