"""What PostgreSQL's own log says while nobody answers, or not yet.

Pure: known texts in, words of ours out. None of the log's lines goes further, since a line can quote data.
The texts are those of PostgreSQL 11-18 in English; others are not understood, and nothing depends on them.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distress:
    """Why a server does not come up. `fatal`: starting it again will not help; `hint` is for a person."""

    text: str
    hint: str = ""
    fatal: bool = False


_RESTORE = "do not run pg_resetwal: save the volume as it is, then restore from a backup"

_KNOWN: tuple[tuple[str, Distress], ...] = (
    (
        r"could not locate (a|required) (valid )?checkpoint record|invalid (primary )?checkpoint record",
        Distress("it cannot locate a valid checkpoint record: its data is damaged", _RESTORE, fatal=True),
    ),
    (
        r'could not (open|read) file "global/pg_control"|does not appear to be a PostgreSQL|is not a valid data dir',
        Distress("its data directory is not one of PostgreSQL", _RESTORE, fatal=True),
    ),
    (
        r"database files are incompatible with server",
        Distress(
            "its data belongs to another major version of PostgreSQL",
            "run the image of the version that wrote the data, or upgrade with pg_upgrade",
            fatal=True,
        ),
    ),
    (
        r'lock file "[^"]*postmaster\.pid" already exists',
        Distress("it takes a process of another container for its own (postmaster.pid); restarts usually cure that"),
    ),
    (r"No space left on device", Distress("its disk is full")),
)

_REDO = re.compile(r"redo in progress, elapsed time: ([\d.]+) s, current LSN: ([\dA-F]+/[\dA-F]+)")
_SYNC = re.compile(r"syncing data directory \(\w+\), elapsed time: ([\d.]+) s")


def distress(log: str) -> Distress | None:
    """Return the last distress that a log's tail tells of, None where nothing known does."""
    for line in reversed(log.splitlines()):
        for pattern, found in _KNOWN:
            if re.search(pattern, line):
                return found
    return None


def progress(log: str) -> str:
    """Say how far crash recovery is, "" where the log does not tell (it does since PostgreSQL 15)."""
    for line in reversed(log.splitlines()):
        if redo := _REDO.search(line):
            return f"redo is at {redo[2]} after {float(redo[1]):.0f} s"
        if sync := _SYNC.search(line):
            return f"it reads its files through, for {float(sync[1]):.0f} s so far"
    return ""
