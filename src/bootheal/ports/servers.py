"""The servers that a look talks to: PostgreSQL, PgBouncer, and whatever answers a probe.

A Target is reached by its address or, where this host has no way to it, by a port-forward to its pod. What a server
says, that it refuses us, or that it says nothing, is an Answer: it has all that a judgement needs. Any method may
raise DeniedError where we may not forward a port; what else it raises stands beside it.
"""

from typing import Protocol

from bootheal.model import Answer, Console, Credentials, Role, Secret, Target


class Postgres(Protocol):
    """PostgreSQL, or a pooler that passes for one, over TCP.

    `role` and `set_password` hold a session, for ten seconds at most. They raise UnreachableError where that breaks
    or finds a standby, DeniedError (`status` 0) where the server refuses the login, PermanentError with the SQLSTATE
    for what else it refuses.
    """

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
        """Log in, ask one question, leave, within `timeout` seconds.

        The answer's `value` is the first column of the first row, as text. `read_only`: every transaction is, and the
        server itself ends a statement shortly before the time is up.
        """

    def greet(self, target: Target, dbname: str, *, timeout: float) -> Answer:
        """Begin a login without any credentials, and leave: `ok` where the server asks for a password, or for none.

        What it refuses before that it refuses to everybody (57P03, 53300), or is about a role and a database that
        need not be there. `dbname` "": it is only asked whether it would speak TLS, which each server answers.
        """

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
        """Read a role, whether what is stored belongs to the `wanted` password, and whether it is `verifier`.

        None if it does not exist.
        """

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
        """ALTER ROLE with exactly `verifier`, or one computed here; the password itself is not sent."""


class Pooler(Protocol):
    """The admin console of one PgBouncer process, for ten seconds at most: settings are each process' own.

    UnreachableError where it does not answer, DeniedError (`status` 0) where `who` may not use the console.
    """

    def read(self, target: Target, who: Credentials, dbname: str) -> Console:
        """Read settings, version, and what there is of pools and names for database `dbname`."""

    def set(self, target: Target, who: Credentials, key: str, value: str) -> None:
        """SET key = value; PgBouncer reports success even where nothing changes, so look again.

        `key` is not quoted: one of `Console.settings`. PermanentError where PgBouncer does not take that value.
        """

    def reload(self, target: Target, who: Credentials) -> None:
        """RELOAD: read pgbouncer.ini and auth_file again, which undoes every SET."""


class Web(Protocol):
    """Probes of what the workloads serve. Each takes about `timeout` seconds at most; of an answer `ok` is what counts.

    An HTTP `status` of 0 stands for anything from 200 to 399, as for a kubelet.
    """

    def http(self, target: Target, path: str, timeout: float, *, status: int = 0) -> Answer:
        """GET `path`, which begins with "/"; redirects are not followed."""

    def tcp(self, target: Target, timeout: float, *, send: str = "", expect: str = "") -> Answer:
        """Connect, say something if there is something to say, and wait for what is expected.

        Both texts are Latin-1, so that they can be any bytes; `expect` may come anywhere in the first 4 KiB.
        """

    def dns(self, target: Target, name: str, timeout: float) -> Answer:
        """Ask a DNS server over TCP; that the name does not exist is a good answer, too."""

    def visit(
        self,
        url: str,
        timeout: float,
        *,
        method: str = "GET",
        ca: str = "",
        insecure: bool = False,
        address: str = "",
        status: int = 0,
    ) -> Answer:
        """Ask a URL from this host, trusting `ca` (else the system's authorities), connecting to `address` if given.

        `ca` is the path of a file in PEM; PermanentError where it cannot be used. `insecure`: any certificate will
        do. Redirects of a GET are followed on the same host and port (or from http to https, each on its usual port),
        never from https to http; one to another host counts as any other status.
        """
