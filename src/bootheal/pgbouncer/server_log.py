"""What a pooler's own log says while it does not let anybody through. Pure.

PgBouncer begins a line with time, process (before 1.10 without brackets) and level, then names the connection it is
about, and says what happened: "closing because: server refused SSL (age=0s)". What it says of clients who come and go
is left out.
"""

import json
import re

from bootheal.causes import Evidence, Finding, Source
from bootheal.causes.pgbouncer import PGBOUNCER
from bootheal.model import Ref

_LINE = re.compile(
    r"^(?:.*?\[\d+\] |[\d-]+ [\d:.]+ \d+ )?(?:@?(?:NOISE|DEBUG|LOG|INFO|WARNING|ERROR|FATAL|fatal)[: ]+)?"
    r"(?:(?P<socket>[CS])-0x[0-9a-f]+: \S+@\S+ )?(?P<said>.*)$"
)
_REASON = re.compile(
    r"^(?:closing because|pooler error|server login failed): (?:FATAL |ERROR )?(.*?)(?: \(age=\d+s?\))?$"
)


# JSON is longer than what it says. No message that we know is.
LONGEST_LINE, LONGEST = 16_000, 1_000

# What follows from a line before it, which says why.
_GENERAL = re.compile(r"^(?:cannot load config file|TLS setup failed|login failed|bouncer config error)$")

# Of what it says about a client only this is not the client's own affair.
_OF_ALL = "pgbouncer-configuration-error"


def finding(log: str, about: Ref | None = None, container: str = "") -> Finding | None:
    """Return the cause that the end of a log tells of: the last that is known, of what is not a client's own affair."""
    known = [found for line in reversed(log.splitlines()) if (found := _recognised(line, about, container))]
    latest = next(iter(known), None)
    if latest and _GENERAL.match(latest.evidence.text):
        return next((found for found in known if not _GENERAL.match(found.evidence.text)), latest)
    return latest


def _recognised(line: str, about: Ref | None, container: str) -> Finding | None:
    parts = _LINE.match(_unwrapped(line.strip())[:LONGEST])
    if parts is None:
        return None
    reason = _REASON.match(parts["said"])
    text = reason[1] if reason else parts["said"]
    known = PGBOUNCER.recognise(Evidence(source=Source.LOG, text=text, about=about, container=container))
    return known if parts["socket"] != "C" or (known and known.cause.id == _OF_ALL) else None


def _unwrapped(line: str) -> str:
    """Return what the pooler said, where CloudNativePG's manager has put it into JSON."""
    if not line.startswith("{"):
        return line
    try:
        said = json.loads(line[:LONGEST_LINE])
        record = said["record"]
        return f"[1] {record['level']} {record['msg']}"
    except (ValueError, RecursionError, KeyError, TypeError):
        return line


def last_words(log: str) -> str:
    """Return its last line, as it stands there; "" where it has none."""
    return next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
