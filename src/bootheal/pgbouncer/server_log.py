"""What a pooler's own log says while it does not let anybody through. Pure.

PgBouncer begins a line with time, process (before 1.10 without brackets) and level, then names the connection it is
about, and says what happened: "closing because: server refused SSL (age=0s)". What it says of clients who come and go
is left out.
"""

import json
import re
from itertools import pairwise

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
_GENERAL = re.compile(
    r"^(?:cannot load config file|TLS setup failed|login failed|bouncer config error|.* Backend \S+ not accessible)$"
)
# Likewise, if the very line before says why: else it is a server that went away.
_AT_ONCE = re.compile(r"^server conn crashed\?$")

# Somebody broke it off: it does not say who, the next line does.
_BROKEN_OFF = re.compile(r"^TLS (?:connect|handshake) error: .*(?: alert |[Ee][Oo][Ff])")

# Of what it says about a client only this is not the client's own affair.
_OF_ALL = "pgbouncer-configuration-error"


def finding(log: str, about: Ref | None = None, container: str = "") -> Finding | None:
    """Return the cause that the end of a log tells of: the last that is known, of what is not a client's own affair."""
    lines = [*log.splitlines(), ""]
    read = ((_recognised(line, about, container), then) for line, then in pairwise(lines))
    found = [None if each is None or _with_a_client(each, then) else each for each, then in read]
    known = [(index, each) for index, each in enumerate(found) if each]
    if not known:
        return None
    index, latest = known[-1]
    if _AT_ONCE.match(latest.evidence.text) and index:
        return found[index - 1] or latest
    if _GENERAL.match(latest.evidence.text):
        return next((each for _, each in reversed(known) if not _GENERAL.match(each.evidence.text)), latest)
    return latest


def _with_a_client(found: Finding, then: str) -> bool:
    """Whether it is a client's TLS that failed, by the line that follows."""
    if not _BROKEN_OFF.match(found.evidence.text):
        return False
    parts = _LINE.match(_unwrapped(then.strip())[:LONGEST])
    return parts is not None and parts["socket"] == "C"


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
