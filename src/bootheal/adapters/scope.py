"""A scope: what is opened in it is closed when it is left, also where opening the rest has failed.

Threads of ours begin here and nowhere else, and a socket that somebody may wait on for long is held here. Whoever
leaves the scope cuts the sockets, so that those who wait on them come back at once, and then waits for the threads.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self, TypeVar
from weakref import WeakSet

from bootheal.errors import ExhaustedError, UnreachableError

# A connection that is being made cannot be cut, and takes three seconds at most. A reload must not wait for much more.
CLOSE_SECONDS = 4.0

Socket = TypeVar("Socket", bound=socket.socket)


class Scope:
    """A context manager; any thread may use it. `remark` is told of threads that have not ended after `seconds`.

    They end by the deadline of what they are about, and nobody hears of what they find.
    """

    def __init__(self, remark: Callable[[str], object], seconds: float = CLOSE_SECONDS) -> None:
        self._remark, self._seconds = remark, seconds
        self._lock = threading.Lock()
        self._closed = False
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._threads: WeakSet[threading.Thread] = WeakSet()
        self._endings: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def on_close(self, end: Callable[[], None]) -> None:
        """Have `end` called first of all when the scope is left: it asks something to end, and waits for nothing."""
        with self._lock:
            self._endings.append(end)

    def forget(self, end: Callable[[], None]) -> None:
        """Call it no more: what it ends has ended."""
        with self._lock:
            self._endings = [each for each in self._endings if each != end]

    @property
    def left(self) -> bool:
        """Whether it has been left, or is just being left."""
        return self._closed

    def check(self) -> None:
        """Raise UnreachableError where the scope has been left: nothing is begun any more."""
        if self._closed:
            raise UnreachableError("cannot go on: bootheal has closed its connections")

    def start(self, target: Callable[[], None], name: str) -> threading.Thread:
        """Run `target` on a thread that does not keep the process from ending. ExhaustedError where there is none."""
        self.check()
        thread = threading.Thread(target=target, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            raise ExhaustedError(f"cannot start a thread ({name}): the system has no more for this process") from None
        self.adopt(thread)
        return thread

    def adopt(self, thread: threading.Thread) -> None:
        """Wait for a thread, too, that others have started."""
        with self._lock:
            self._threads.add(thread)

    def hold(self, sock: Socket) -> Socket:
        """Return `sock`, which is cut when the scope is left, or at once where it has been."""
        with self._lock:
            self._sockets.add(sock)
            closed = self._closed
        if closed:
            cut(sock)
        return sock

    def close(self) -> None:
        """Ask all to end, cut what they wait on, and wait for them, but not for long."""
        with self._lock:
            self._closed = True
            sockets, endings = list(self._sockets), self._endings
        for end in endings:
            end()
        for sock in sockets:
            cut(sock)
        if left := self._wait(time.monotonic() + self._seconds):
            self._remark(f"not ended after {self._seconds:g} s: {', '.join(left)}; each ends by a deadline of its own")

    def _wait(self, until: float) -> list[str]:
        """Return the names of the threads that live on."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return sorted(thread.name for thread in threads if thread.is_alive())


def cut(sock: socket.socket) -> None:
    """End a connection both ways: whoever waits on it, on whatever thread, comes back. Closing it would not do that.

    Of a TLS connection, too, what lies below: its own `shutdown` is not for two threads at once.
    """
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
