"""What is known of PgBouncer: what a refusal means, which versions have which bug, which settings do harm.

Facts with their sources, in tables; pure. How it words a refusal stands in `causes.pgbouncer`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bootheal.causes import Evidence, Finding, Source
from bootheal.causes.pgbouncer import PGBOUNCER
from bootheal.model import Ref


class Meaning(StrEnum):
    """What a refusal means, whatever its words."""

    BACKS_OFF = "backs off"
    """Its last login to PostgreSQL failed; until server_login_retry is over it does not try again."""
    REFUSED = "refused"
    """PostgreSQL did not accept the password (or keys) that it has."""
    NO_NAME = "no name"
    """It could not look PostgreSQL's name up, and believes so for dns_nxdomain_ttl."""
    NO_WAY = "no way"
    """It got no connection, or lost it before the login was done."""
    STARTING = "starting"
    """PostgreSQL was not ready yet."""
    CLIENT = "client"
    """It does not accept the client's own login: PostgreSQL was not even asked."""
    CROWDED = "crowded"
    """A limit on connections is reached."""
    DISABLED = "disabled"
    """Somebody said DISABLE."""
    GONE = "gone"
    """PostgreSQL has no such database."""
    CONFIGURED = "configured"
    """Its configuration, or PostgreSQL's, does not let this through: no time and no restart changes that."""
    UNKNOWN = "unknown"


# By the causes that are written down in `causes.pgbouncer`, `pgbouncer_server` and `pgbouncer_start`. Whatever else it
# says is its configuration's: nothing that we do cures it.
MEANINGS = {
    "pgbouncer-server-name-unknown": Meaning.NO_NAME,
    "pgbouncer-server-starting": Meaning.STARTING,
    "pgbouncer-server-password": Meaning.REFUSED,
    "pgbouncer-server-unreachable": Meaning.NO_WAY,
    "pgbouncer-server-database-missing": Meaning.GONE,
    "pgbouncer-server-crowded": Meaning.CROWDED,
    "pgbouncer-backs-off": Meaning.BACKS_OFF,
    "pgbouncer-no-such-user": Meaning.CLIENT,
    "pgbouncer-client-password": Meaning.CLIENT,
    "pgbouncer-crowded": Meaning.CROWDED,
    "pgbouncer-disabled": Meaning.DISABLED,
    "pgbouncer-exhausted": Meaning.BACKS_OFF,
    "pgbouncer-shutting-down": Meaning.BACKS_OFF,
    "pgbouncer-closed-by-admin": Meaning.BACKS_OFF,
}

# Since 1.24 the back-off quotes why the last login failed.
_CACHED = re.compile(r"server login has been failing, cached error: (.*) \(server_login_retry\)", re.DOTALL)


def quoted(text: str) -> str:
    """Return the reason inside a cached error, or the text itself."""
    found = _CACHED.search(text)
    return found[1] if found else text


def refusal(text: str, about: Ref | None = None, container: str = "") -> Finding | None:
    """Return the cause of a refusal, of a cached error that of the error inside; None where it is not known."""
    reason = quoted(text)
    known = PGBOUNCER.recognise(Evidence(source=Source.ANSWER, text=reason, about=about, container=container))
    if known is None and reason != text:
        return PGBOUNCER.recognise(Evidence(source=Source.ANSWER, text=text, about=about, container=container))
    return known


def understand(text: str) -> Meaning:
    """Tell what a refusal means. Of a cached error the cause counts, unless nothing is known of it."""
    known = refusal(text)
    return meaning(known) if known else Meaning.UNKNOWN


def meaning(known: Finding) -> Meaning:
    """Tell what a cause means for what may be done about it."""
    return MEANINGS.get(known.cause.id, Meaning.CONFIGURED)


_ROLE = re.compile(r'password authentication failed for user "((?:[^"]|"")*)"')


def role_refused(text: str) -> str:
    """Return as whom the pooler tried to log in, where PostgreSQL refused that, "" where it is not told."""
    found = _ROLE.search(text)
    return found[1] if found else ""


# --- versions -------------------------------------------------------------------------------------

Version = tuple[int, ...]


def version(text: str) -> Version:
    """Read what SHOW VERSION says ("PgBouncer 1.18.0"); () where there is no version in it."""
    found = re.search(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug after which only a new process logs in again; in versions from `since` to before `fixed` (() if none).

    `sign` is the refusal by which it shows itself, `source` says what it is.
    """

    since: Version
    fixed: Version
    sign: Meaning
    source: str

    def has(self, of: Version) -> bool:
        """Tell whether a version has it."""
        return bool(of) and self.since <= of and (not self.fixed or of < self.fixed)

    @property
    def told(self) -> str:
        """Say it as a remark, with the version that has it no more."""
        cure = f"fixed in {'.'.join(map(str, self.fixed))}" if self.fixed else "not fixed yet"
        return f"{self.source}; {cure}"


# Source: PgBouncer's own NEWS.md; of 1.26.1 its changelog.
BUGS = (
    Bug((1, 25, 0), (1, 25, 1), Meaning.REFUSED, "ad-hoc SCRAM keys fail after a reconnect (pgbouncer#1432)"),
    Bug((1, 25, 1), (1, 26, 0), Meaning.REFUSED, "SCRAM secrets of auth_file fail after a reconnect (pgbouncer#1504)"),
    Bug((1, 25, 0), (1, 26, 0), Meaning.REFUSED, "a client's SCRAM login spoils a forced user's (pgbouncer#1612)"),
    # A client can make it spin where ignore_startup_parameters does not name "options": it listens, and answers nobody.
    Bug((1, 0, 0), (1, 26, 1), Meaning.UNKNOWN, "a client's startup packet can make it spin (CVE-2026-107349)"),
)


def bug(of: Version, meaning: Meaning) -> Bug | None:
    """Return the bug of a version that shows itself so."""
    return next((known for known in BUGS if known.sign is meaning and known.has(of)), None)


def faults(of: Version) -> Iterator[str]:
    """Say which bugs a version has that stop logins after PostgreSQL was restarted, as every reboot does."""
    yield from (known.told for known in BUGS if known.sign is Meaning.REFUSED and known.has(of))


# --- settings -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Harm:
    """Values of a setting that do harm: from `least` to `most`; `why` names the value."""

    key: str
    why: str
    least: float | None = None
    most: float | None = None

    def in_(self, value: float) -> bool:
        """Tell whether a value is one of them."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


# Sources: pgbouncer.org/config.html, and what was measured (CONTRIBUTING.md, "A loan for the login back-off").
HARMS = (
    Harm(
        "server_login_retry",
        "{value} s is how long PgBouncer refuses logins after one has failed: it lengthens outages by up to {value} s "
        "(bootheal lifts it while it heals)",
        least=15.001,
    ),
    Harm("server_login_retry", "{value} means a storm of logins while PostgreSQL is down: 1 is soon enough", most=0),
    Harm(
        "dns_nxdomain_ttl",
        "{value} s is how long PgBouncer believes that PostgreSQL's name does not exist, as it hears after a power cut "
        "until CoreDNS serves",
        least=15.001,
    ),
    Harm(
        "query_wait_timeout",
        "{value} lets clients wait for ever while PostgreSQL is down: no error is ever seen",
        most=0,
    ),
    Harm(
        "client_login_timeout",
        "{value} s is less than PostgreSQL needs to start: clients are thrown out that would have been served",
        least=0.001,
        most=9.999,
    ),
    Harm("client_login_timeout", "{value} lets clients that never log in hold their places for ever", most=0),
    Harm("server_connect_timeout", "{value} waits for ever for a server that does not answer", most=0),
    Harm(
        "server_lifetime", "{value} closes each server connection after one use: every query pays for a login", most=0
    ),
    Harm(
        "max_client_conn",
        "{value} client connections are soon used up when every application reconnects at once",
        most=9,
    ),
    Harm("default_pool_size", "{value} means no limit: a reconnecting crowd can use up max_connections", most=0),
)


def harms(settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield key and reason of each value that does harm."""
    for key, value in settings.items():
        try:
            number = float(value)
        except ValueError:
            continue
        for harm in HARMS:
            if harm.key == key and harm.in_(number):
                yield key, harm.why.format(value=value)


# --- userlist.txt ---------------------------------------------------------------------------------

_ENTRY = re.compile(r'^[^\S\n]*"((?:[^"\n]|"")*)"[^\S\n]+"((?:[^"\n]|"")*)"', re.MULTILINE)


def userlist_entry(text: str, user: str) -> str | None:
    """Return what an auth_file holds for a user: a password, an md5 or a SCRAM verifier; None if nothing."""
    for found in _ENTRY.finditer(text):
        if found[1].replace('""', '"') == user:
            return found[2].replace('""', '"')
    return None
