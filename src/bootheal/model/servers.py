"""What PostgreSQL and PgBouncer say."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bootheal.model.identity import Auth


@dataclass(frozen=True, slots=True)
class Answer:
    """What a PostgreSQL or PgBouncer said to a login (and, where one was sent, to a query).

    Exactly one of three shapes: `ok`; refused by the server (`sqlstate` and/or `text`,
    `spoke` true); or no protocol answer at all (`spoke` false, `text` says why).
    `value` is the first column of the first row, where a query was asked. `unproven`: it let us in without
    having proven that it is the right server, as with `trust` in pg_hba.conf. `asks` is the method that it wants the
    password by, where that is why we did not go on. `unasked`: the way there failed, as a port-forward that cannot
    be opened or a name that nobody resolves, which tells nothing of who was to answer.
    """

    ok: bool
    spoke: bool
    sqlstate: str = ""
    text: str = ""
    value: str = ""
    unproven: bool = False
    asks: Auth | None = None
    unasked: bool = False

    def __str__(self) -> str:
        if self.ok:
            return "ok"
        return f"{self.text} ({self.sqlstate})" if self.sqlstate else self.text


@dataclass(frozen=True, slots=True)
class Role:
    """A PostgreSQL role. `matches`: does the stored verifier belong to the wanted password?

    None when the verifier cannot be read (no right to pg_authid) or is of an unknown kind.
    `same`: is it, byte for byte, the verifier that was asked about? None where that was not asked.
    `reach`: what it is, or may become by its memberships, beyond an application: "superuser", "a member of
    pg_write_server_files"; empty for the role that a pooler should have.
    """

    name: str
    reach: tuple[str, ...]
    can_login: bool
    expired: bool
    matches: bool | None
    same: bool | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of PgBouncer's SHOW CONFIG. `default` is None where it does not tell: before 1.9."""

    value: str
    changeable: bool
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Console:
    """What PgBouncer's admin console shows, of one database where it is about one.

    `starved`: as whom clients wait while PgBouncer neither has a server connection for them nor tries
    to log one in, as it does while server_login_retry runs. `servers`: how many connections to
    the server it has. `unknown_for`: for how many seconds it will go on to believe that the
    server's name does not exist. `forced_user`: as whom it logs in for everybody, "" where as
    each client's own role. `route` is where it sends the database's clients: host, port, dbname, user, as they stand in
    [databases]. `took`: how many seconds it took to be read, which the way to it has its part in.
    """

    settings: Mapping[str, Setting]
    starved: frozenset[str] = frozenset()
    version: str = ""
    servers: int = 0
    paused: bool = False
    disabled: bool = False
    forced_user: str = ""
    route: Mapping[str, str] = field(default_factory=dict)
    unknown_for: float = 0.0
    took: float = field(default=0.0, compare=False)
