"""Who wrote it, and whether that process is still there. Its lock could tell, but only to those who may open it."""

import os
from functools import cache
from pathlib import Path

from bootheal.model.numbers import whole

ZOMBIE = "Z"

# Linux has no higher ones: see pid_max in proc(5).
MOST_PROCESS = 1 << 22


@cache
def sign() -> str:
    """Name this process: by its number, and by when it began, since numbers are given again."""
    return f"{os.getpid()} {_began(os.getpid())}"


def lives(author: str) -> bool:
    """Tell whether the process that `sign` named is still there. Of nobody's we don't know that it has ended."""
    if not author:
        return True
    text, _, began = author.partition(" ")
    if not (number := whole(text, MOST_PROCESS)):
        return False  # no process of ours has written that
    try:
        return _began(number) == began
    except OSError:
        return _hidden(number)


def _began(number: int) -> str:
    """Return when it began, in the kernel's ticks since boot, "" where only its exit code is left: proc_pid_stat(5)."""
    stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    fields = stat.rpartition(")")[2].split()  # from the third on
    return "" if fields[0] == ZOMBIE else fields[19]


def _hidden(number: int) -> bool:
    """Where /proc is mounted with hidepid, other users' processes are not seen in it, but signals know them."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
