"""What a pooler's own log says while it does not let anybody through. Pure.

PgBouncer begins a line with time, process and level, then names the connection it is about, and says what happened:
"closing because: server refused SSL (age=0s)". What it says of clients who come and go is left out.
"""

import re

from bootheal.causes import Evidence, Finding, Source
from bootheal.causes.pgbouncer import PGBOUNCER
from bootheal.model import Ref

_LINE = re.compile(
    r"^(?:.*?\[\d+\] )?(?:@?(?:NOISE|DEBUG|LOG|INFO|WARNING|ERROR|FATAL|fatal)[: ]+)?"
    r"(?:(?P<socket>[CS])-0x[0-9a-f]+: \S+@\S+ )?(?P<said>.*)$"
)
_REASON = re.compile(
    r"^(?:closing because|pooler error|server login failed): (?:FATAL |ERROR )?(.*?)(?: \(age=\d+s?\))?$"
)


def finding(log: str, about: Ref | None = None, container: str = "") -> Finding | None:
    """Return the cause that the end of a log tells of: the last that is known, of what is not a client's own affair."""
    for line in reversed(log.splitlines()):
        found = _LINE.match(line.strip())
        if found is None or found["socket"] == "C":
            continue
        reason = _REASON.match(found["said"])
        text = reason[1] if reason else found["said"]
        shown = Evidence(source=Source.LOG, text=text, about=about, container=container)
        if known := PGBOUNCER.recognise(shown):
            return known
    return None


def last_words(log: str) -> str:
    """Return its last line, as it stands there; "" where it has none."""
    return next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
