"""Sessions through psycopg, the one place that imports it: with PostgreSQL and with PgBouncer's console."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from bootheal.errors import DeniedError, PermanentError, TransientError, UnreachableError, scarce
from bootheal.model import Credentials, Target, Trust

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_TIMEOUT_SECONDS = 5
SESSION_TIMEOUT_SECONDS = 10.0

# A standby, or a primary that was demoted between the look and the action: the next look finds the new one.
NOT_PRIMARY = "25006"


# How to get an address that libpq can connect to. After so many seconds the connection is cut, and when the context is
# left: psycopg itself waits for a hung server for ever.
Local = Callable[[Target, float], AbstractContextManager[tuple[str, int]]]


@contextmanager
def session(local: Local, target: Target, who: Credentials, dbname: str) -> Iterator["Connection[Any]"]:
    """Yield an autocommit connection that takes no longer than SESSION_TIMEOUT_SECONDS in all.

    Errors are ours, with the SQLSTATE but without the server's DETAIL, which can quote data.
    """
    import psycopg

    about = f"hold a session of {who.user} on {target}"
    with scarce(about), local(target, SESSION_TIMEOUT_SECONDS) as (host, port), _tls(target.trust) as tls:
        try:
            with psycopg.connect(
                hostaddr=host,
                port=port,
                **tls,
                user=who.user,
                password=who.password.reveal(),
                dbname=dbname,
                application_name="bootheal",
                client_encoding="UTF8",  # a SQL_ASCII database would have its texts come as bytes
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                autocommit=True,
                prepare_threshold=None,
            ) as connection:
                yield connection
        except psycopg.Error as error:
            raise _ours(error, target, who, dbname) from None


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


def _ours(error: Any, target: Target, who: Credentials, dbname: str) -> TransientError | PermanentError:
    import psycopg

    what = f"session of {who.user} in database {dbname} on {target}"
    said = _first_line(error)
    if error.sqlstate == NOT_PRIMARY:
        return UnreachableError(f"cannot write in a {what}: {said} ({NOT_PRIMARY})")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        if any(words in said for words in _REFUSALS):
            return DeniedError(f"cannot open a {what}: {said}", status=0)
        return UnreachableError(f"cannot hold a {what}: {said}")
    return PermanentError(f"{what}: {said} ({error.sqlstate})")


def _first_line(error: Any) -> str:
    """Return the server's primary message; libpq puts address and severity before it."""
    primary = getattr(error.diag, "message_primary", None)
    line: str = primary or str(error).strip().splitlines()[0]
    for prefix in ("FATAL: ", "ERROR: "):
        line = line.rsplit(prefix, maxsplit=1)[-1]
    return line.strip()


_REFUSALS = ("not allowed", "authentication failed", "no such user", "not in admin_users")
