"""What the log of a container that runs PostgreSQL says while nobody answers there, or not yet.

Pure. What it means stands in the catalogue: see `causes.databases`. Of its lines only those are quoted that end a
server or are the last of all: a client's statement can hold data, and no line of a server that serves is looked at.
"""

import re

from bootheal.causes import Evidence, Finding, Source
from bootheal.causes.databases import POSTGRES
from bootheal.causes.postgres_log import attempts, messages
from bootheal.cluster.log_excerpt import salient_lines
from bootheal.model import Ref
from bootheal.model.quoted import quoted

# A standby or a member of Patroni has nothing to do, and says so again and again; or it goes on.
_IDLE = re.compile(
    r"waiting for WAL to become available|waiting for (?:standby_)?leader to bootstrap|"
    r"could not connect to the primary server|could not receive data from WAL stream"
)
_AT_WORK = re.compile(r"restored log file|started streaming WAL|redo starts at|redo in progress|syncing data directory")

_REDO = re.compile(r"redo in progress, elapsed time: ([\d.]+) s, current LSN: ([\dA-F]+/[\dA-F]+)")
_SYNC = re.compile(r"syncing data directory \(\w+\), elapsed time: ([\d.]+) s(?:, current path: (\S+))?")
_FOLLOWS = re.compile(
    r"^LOG: (?:entering standby mode|waiting for WAL to become available|started streaming WAL)|"
    r"INFO: no action\. I am \([^)]*\), a secondary"
)


def finding(log: str, about: Ref | None = None, container: str = "") -> Finding | None:
    """Return the gravest cause that the latest attempt to start tells of; of an earlier one if that says nothing yet.

    It is shown by the first message that tells of it, which is the most particular one.
    """
    for attempt in attempts(messages(log)):
        shown = [Evidence(source=Source.LOG, text=text, about=about, container=container) for text in attempt]
        if gravest := POSTGRES.gravest(shown):
            found = filter(None, map(POSTGRES.recognise, shown))
            return next(item for item in found if item.cause is gravest.cause)
    return None


def last_words(log: str) -> str:
    """Return the line that an attempt to start ended with, as it stands there; "" where the log has none."""
    latest = next(iter(attempts(messages(log))), ())
    ends = [text for text in latest if text.startswith(("FATAL: ", "PANIC: "))]
    return next(iter([*reversed(ends), *reversed(salient_lines("\n".join(latest)))]), "")


# A process of its own has ended in a way that lets it trust none of the others: it begins anew, in the same container.
_BEGINS_ANEW = re.compile(r"^LOG: all server processes terminated; reinitializing")

# Once may be an accident; what comes again at once is no recovery that ends.
AGAIN = 2


def ends_itself(log: str) -> bool:
    """Tell whether it has begun anew again and again: it says that it recovers, and will never be through."""
    return sum(_BEGINS_ANEW.match(message) is not None for message in messages(log)) >= AGAIN


def follows(log: str) -> bool:
    """Tell whether the server is a standby by what it says."""
    return any(_FOLLOWS.search(message) for message in messages(log))


def idle(log: str) -> bool:
    """Tell whether by the latest of what it says about that it only waits for others."""
    told = [message for message in messages(log) if _IDLE.search(message) or _AT_WORK.search(message)]
    return bool(told) and _IDLE.search(told[-1]) is not None


def position(log: str) -> str:
    """Return how far crash recovery is in a way that shows whether it moves, "" where the log does not tell."""
    for line in reversed(log.splitlines()):
        if redo := _REDO.search(line):
            return redo[2]
        if sync := _SYNC.search(line):
            return quoted(sync[2] or sync[1])
    return ""


def progress(log: str) -> str:
    """Say how far crash recovery is, "" where the log does not tell (it does since PostgreSQL 15)."""
    for line in reversed(log.splitlines()):
        if redo := _REDO.search(line):
            return f"redo is at {redo[2]} after {float(redo[1]):.0f} s"
        if sync := _SYNC.search(line):
            return f"it reads its files through, for {float(sync[1]):.0f} s so far"
    return ""
