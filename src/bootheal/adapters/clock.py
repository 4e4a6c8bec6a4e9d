"""The machine's clock, and the threads that looks run on."""

import queue
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Self

from bootheal.adapters.scope import Scope
from bootheal.errors import ExhaustedError


class SystemClock:
    """Real time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since the machine booted, for all its processes; they stand still while it is suspended."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    def receive(self, inbox: "SimpleQueue[Any]", timeout: float | None) -> Any:
        """Wait for the next item; a signal handler may put one."""
        try:
            return inbox.get(timeout=None if timeout is None else min(timeout, threading.TIMEOUT_MAX))
        except queue.Empty:
            return None


class ThreadWorkers:
    """At most `size` threads, which end with the scope; what waits for one by then is dropped."""

    def __init__(self, scope: Scope, size: int = 8) -> None:
        self._scope, self._size = scope, size
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0
        self._closed = False
        self._lock = threading.Lock()
        scope.on_close(self._close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Have the threads end before their scope does, each with what it is at; what waits for one is dropped."""
        self._close()
        self._scope.forget(self._close)

    def start(self, call: Callable[[], None]) -> None:
        """Run `call` on a thread that is free, or a new one, or the first to become free.

        ExhaustedError where there is none, and none can be started.
        """
        with self._lock:
            if self._busy >= self._threads < self._size:
                self._grow()
            self._busy += 1
        self._calls.put(call)

    def _grow(self) -> None:
        try:
            self._scope.start(self._work, f"look {self._threads + 1}")
        except ExhaustedError:
            if not self._threads:
                raise
        else:
            self._threads += 1

    def _close(self) -> None:
        self._closed = True
        for _ in range(self._size):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) and not self._closed:
            call()
            with self._lock:
                self._busy -= 1
