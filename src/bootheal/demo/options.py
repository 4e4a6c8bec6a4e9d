"""What kind of stack is built."""

from dataclasses import dataclass, field
from pathlib import Path

from bootheal.demo.patroni import Lock
from bootheal.demo.shop import Layout, Passwords


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What kind of stack it is, from its start to its end."""

    pooler_layout: Layout = "plaintext"
    pooler_replicas: int = 1
    server_login_retry: int = 15
    """PgBouncer's default."""
    pooler_settings: dict[str, str | int] = field(default_factory=dict)
    """More of PgBouncer's settings."""
    drift: bool = True
    """Whether the pooler role's password is changed behind the Secret's back before each power cut."""
    log_statement: str = "all"
    fsync: bool = True
    """Off makes PostgreSQL faster, and a crash less real."""
    seed: int | None = None
    """For names and drawn times; PostgreSQL is as random as ever."""
    passwords: Passwords = field(default_factory=Passwords)
    database_name: str = ""
    """The name that the pooler looks its database up by (see its setting resolv_conf), instead of an address."""
    pgbouncer: Path | None = None
    """Another PgBouncer than the one that is found."""
    initialised: Path | None = None
    """A database cluster fresh from initdb, of which the first volume gets a copy: quicker than making one."""
    patroni: Path | None = None
    """Where Debian's Patroni is: with it the database has members, of which one leads, and no slow crash recovery."""
    members: int = 2
    lock: Lock = "endpoints"
    pooler: bool = True
    """Whether there is one; without, django asks the database itself."""
    others: str | None = None
    """Whether there are other servers, too: where the commands are that their images would hold; "": nowhere."""
    user: str = "nobody"
    """Whom servers run as when the stack is started by root."""
