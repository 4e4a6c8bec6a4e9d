"""Applications behind a pooler, and what becomes of their connections."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

EVERY = 0.5
PATIENCE = 5
APPLICATIONS = 5

# How libpq says that a connection went away without an error message from the other side.
CLOSED = ("server closed the connection", "Connection reset", "SSL SYSCALL", "could not receive data", "Broken pipe")
TIMED_OUT = "timeout expired"


class Ending(StrEnum):
    """How a request of an application ended; LATE is one that the application itself gave up waiting for."""

    SERVED = "served"
    ERRORED = "errored"
    DROPPED = "dropped"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Request:
    """One request of an application; times are monotonic."""

    began: float
    ended: float
    ending: Ending
    text: str = ""


@dataclass(eq=False)
class Applications:
    """Ask through the pooler every EVERY seconds, each time over a fresh connection, as Django does by default.

    The applications take turns, so that together they ask every EVERY / APPLICATIONS
    seconds. `idle` connections were opened before, served once, and wait for work.
    """

    login: dict[str, Any]
    idle: int = 0
    requests: list[Request] = field(default_factory=list)
    _idle: list[Connection] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Open the idle connections, and ask from now on."""
        for _ in range(self.idle):
            self._idle.append(self._connect())
            self._idle[-1].execute("select 1")
        for number in range(APPLICATIONS):
            delay = EVERY * number / APPLICATIONS
            thread = threading.Thread(target=self._ask_often, args=[delay], name=f"application {number}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask no more; a request that is blocked all the same ends with the pooler."""
        self._over.set()
        for connection in self._idle:
            connection.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def first_served(self, since: float) -> float | None:
        """Return when the first request after `since` was served, None while there is none."""
        return min(
            (r.ended for r in list(self.requests) if r.ending is Ending.SERVED and r.ended > since), default=None
        )

    def count(self, ending: Ending, since: float) -> int:
        """Count the requests that ended so after `since`."""
        return sum(1 for request in list(self.requests) if request.ending is ending and request.ended > since)

    def lost(self) -> int:
        """Ask over each of the idle connections; return how many are no longer there."""
        connections = iter(self._idle)
        return sum(_request(connections.__next__).ending is not Ending.SERVED for _ in self._idle)

    def _ask_often(self, delay: float) -> None:
        while not self._over.wait(delay):
            request = _request(self._connect)
            self.requests.append(request)
            delay = max(0.0, request.began + EVERY - time.monotonic())

    def _connect(self) -> Connection:
        return psycopg.connect(**self.login, connect_timeout=PATIENCE, autocommit=True, prepare_threshold=None)


def _request(connect: Callable[[], Connection]) -> Request:
    """Ask once over a connection, and close it."""
    began = time.monotonic()
    try:
        with closing(connect()) as connection:
            connection.execute("select 1")
            return Request(began, time.monotonic(), Ending.SERVED)
    except psycopg.Error as error:
        return Request(began, time.monotonic(), _ending(str(error)), str(error))


def _ending(text: str) -> Ending:
    if TIMED_OUT in text:
        return Ending.LATE
    said = "FATAL:" in text or "ERROR:" in text
    return Ending.DROPPED if not said and any(words in text for words in CLOSED) else Ending.ERRORED
