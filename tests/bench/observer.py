"""Who stands outside: asks each front door ten times a second, whatever is said inside."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Ask = Callable[[], str]
"""Asks one front door; returns what was wrong, "" where it serves."""

EVERY = 0.1
GOOD = 15
"""So many good polls of each door in a row: it serves."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One question; `began` and `took` are monotonic seconds."""

    door: str
    began: float
    took: float
    trouble: str


@dataclass
class Observer:
    """Polls while the context is open."""

    doors: Mapping[str, Ask]
    polls: list[Poll] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(40 * len(self.doors))
        self._thread = threading.Thread(target=self._watch, name="observer")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._pool.shutdown()

    def _watch(self) -> None:
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            due += EVERY
            for door, ask in self.doors.items():
                self._pool.submit(self._poll, door, ask)

    def _poll(self, door: str, ask: Ask) -> None:
        began = time.monotonic()
        trouble = ask()
        self.polls.append(Poll(door, began, time.monotonic() - began, trouble))

    def served(self) -> float | None:
        """Return when the first of so many good polls of every door was answered; None where that never was."""
        return served(self.polls, list(self.doors))

    def bad(self, since: float) -> list[Poll]:
        """Return the polls that were begun after a moment and not answered well."""
        return [poll for poll in sorted(self.polls, key=lambda poll: poll.began) if poll.began > since and poll.trouble]


def served(polls: list[Poll], doors: list[str]) -> float | None:
    """Return when all doors had begun to serve: at the answer to the last of each one's first of so many good polls.

    At the answer, since the packet of a poll that knocks too early is sent again after one second, and after two more.
    """
    found = [_first(sorted((p for p in list(polls) if p.door == door), key=lambda poll: poll.began)) for door in doors]
    return None if None in found else max(moment for moment in found if moment is not None)


def _first(polls: list[Poll]) -> float | None:
    row: list[Poll] = []
    for poll in polls:
        row = [] if poll.trouble else [*row, poll]
        if len(row) == GOOD:
            return row[0].began + row[0].took
    return None
