"""The servers that a look talks to: PostgreSQL, PgBouncer, and whatever answers a probe."""

from typing import Protocol

from bootheal.model import Answer, Console, Credentials, Role, Secret, Target


class Postgres(Protocol):
    """PostgreSQL over TCP, by its own protocol."""

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
        """Log in, ask one question, leave. Refusals are answers, not errors; `timeout` is for all of it.

        `read_only`: every transaction is, and the server itself ends a statement shortly before the time is up.
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
    """PgBouncer's admin console."""

    def read(self, target: Target, who: Credentials, dbname: str) -> Console:
        """Read settings, pools, names, version. DeniedError where `who` may not use the console."""

    def set(self, target: Target, who: Credentials, key: str, value: str) -> None:
        """SET key = value; PgBouncer reports success even where nothing changes, so look again."""

    def reload(self, target: Target, who: Credentials) -> None:
        """RELOAD: read pgbouncer.ini and auth_file again, which undoes every SET."""


class Web(Protocol):
    """Probes of what the workloads serve."""

    def http(self, target: Target, path: str, timeout: float, *, status: int = 0) -> Answer:
        """GET; ok for that status (0: 200 to 399), else `text` has the status or why there was none."""

    def tcp(self, target: Target, timeout: float, *, send: str = "", expect: str = "") -> Answer:
        """Connect, say something if there is something to say, and wait for what is expected."""

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

        Redirects of a GET are followed on the same host, but never from https to http.
        """
