"""What is known of PgBouncer: how it words a refusal, which versions have which bug, which settings do harm.

Facts with their sources, in tables; pure. PgBouncer gives no SQLSTATE of its own while a client logs in
(08P01 at most), so its words have to do.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


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
    UNKNOWN = "unknown"


# A text that begins an entry wins over those further down. Read in src/{client,objects,janitor,proto,server}.c
# of 1.16.1, 1.18.0, 1.24.1 and 1.25.2; tests/integration/test_pgbouncer.py shows those that real ones say.
WORDINGS: tuple[tuple[str, Meaning], ...] = (
    # What it says of a login to PostgreSQL; to clients, or quoted in "cached error".
    ("server DNS lookup failed", Meaning.NO_NAME),
    ("the database system is", Meaning.STARTING),
    ("server login failed: wrong password type", Meaning.REFUSED),
    ("server login failed: ", Meaning.REFUSED),
    ("password authentication failed for user", Meaning.REFUSED),
    ("connect failed", Meaning.NO_WAY),
    ("cannot connect to server", Meaning.BACKS_OFF),  # before 1.17
    ("cannot connect", Meaning.NO_WAY),
    ("connect timeout", Meaning.NO_WAY),
    ("server conn crashed?", Meaning.NO_WAY),
    ("server closed the connection", Meaning.NO_WAY),
    ("server login has been failing", Meaning.BACKS_OFF),  # since 1.17
    ("client_login_timeout (server down)", Meaning.BACKS_OFF),
    ("query_wait_timeout", Meaning.BACKS_OFF),
    # What it says of the client's own login.
    ("SASL authentication failed", Meaning.CLIENT),
    ("password authentication failed", Meaning.CLIENT),
    ("certificate authentication failed", Meaning.CLIENT),
    ('"trust" authentication failed', Meaning.CLIENT),
    ("no such user", Meaning.CLIENT),
    ("no such database", Meaning.CLIENT),
    ("not allowed to connect", Meaning.CLIENT),
    ("login rejected", Meaning.CLIENT),
    ("no authentication method is found", Meaning.CLIENT),
    ("bouncer config error", Meaning.CLIENT),
    ("SSL required", Meaning.CLIENT),
    ("no more connections allowed", Meaning.CROWDED),
    ("client connections exceeded", Meaning.CROWDED),
    ("does not allow connections", Meaning.DISABLED),  # before 1.17
    ("is disabled", Meaning.DISABLED),
)

# Since 1.24 the back-off quotes why the last login failed.
_CACHED = re.compile(r"server login has been failing, cached error: (.*) \(server_login_retry\)", re.DOTALL)


def quoted(text: str) -> str:
    """Return the reason inside a cached error, or the text itself."""
    found = _CACHED.search(text)
    return found[1] if found else text


def understand(text: str) -> Meaning:
    """Tell what a refusal means. Of a cached error the cause counts, unless nothing is known of it."""
    reason = quoted(text)
    known = next((meaning for words, meaning in WORDINGS if words in reason), Meaning.UNKNOWN)
    return Meaning.BACKS_OFF if known is Meaning.UNKNOWN and reason != text else known


# --- versions -------------------------------------------------------------------------------------

Version = tuple[int, ...]


def version(text: str) -> Version:
    """Read what SHOW VERSION says ("PgBouncer 1.18.0"); () where there is no version in it."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
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


# Source: PgBouncer's own NEWS.md.
BUGS = (
    Bug((1, 25, 0), (1, 25, 1), Meaning.REFUSED, "ad-hoc SCRAM keys fail after a reconnect (pgbouncer#1432)"),
    Bug((1, 25, 1), (1, 26, 0), Meaning.REFUSED, "SCRAM secrets of auth_file fail after a reconnect (pgbouncer#1504)"),
    Bug((1, 25, 0), (1, 26, 0), Meaning.REFUSED, "a client's SCRAM login spoils a forced user's (pgbouncer#1612)"),
)


def bug(of: Version, meaning: Meaning) -> Bug | None:
    """Return the bug of a version that shows itself so."""
    return next((known for known in BUGS if known.sign is meaning and known.has(of)), None)


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

_ENTRY = re.compile(r'^\s*"((?:[^"]|"")*)"\s+"((?:[^"]|"")*)"', re.MULTILINE)


def userlist_entry(text: str, user: str) -> str | None:
    """Return what an auth_file holds for a user: a password, an md5 or a SCRAM verifier; None if nothing."""
    for found in _ENTRY.finditer(text):
        if found[1].replace('""', '"') == user:
            return found[2].replace('""', '"')
    return None
