"""Finding and killing processes by descent, as /proc shows it: PostgreSQL's children leave their session and group."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import defaultdict
from pathlib import Path

_PROC = Path("/proc")


def children_by_parent() -> dict[int, list[int]]:
    """Every process under its parent; zombies are left out."""
    found: dict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    found[int(parent)].append(int(entry.name))
    return found


def descendants(pid: int) -> list[int]:
    """The processes below one, parents first."""
    tree = children_by_parent()
    found, queue = [], [pid]
    while queue:
        below = tree.get(queue.pop(), [])
        found += below
        queue += below
    return found


def kill_all(pids: list[int]) -> None:
    """SIGKILL each, whether or not it is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_descendants(pid: int, patience: float = 5.0) -> None:
    """SIGKILL until nothing is left below a process; what was forked meanwhile is found by the next look."""
    deadline = time.monotonic() + patience
    while (left := descendants(pid)) and time.monotonic() < deadline:
        kill_all(left)
        time.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether there is such a process, a zombie included."""
    return (_PROC / str(pid)).exists()
