"""The machine's clock, and the threads that looks run on."""

import queue
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any


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
    """At most `size` daemon threads: a look that hangs must not keep the process from ending."""

    def __init__(self, size: int = 8) -> None:
        self._size = size
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._threads = 0
        self._busy = 0
        self._lock = threading.Lock()

    def start(self, call: Callable[[], None]) -> None:
        """Run `call` on a thread that is free, or a new one, or the first to become free."""
        with self._lock:
            self._busy += 1
            if self._busy > self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._work, name=f"look {self._threads}", daemon=True).start()
        self._calls.put(call)

    def _work(self) -> None:
        while True:
            self._calls.get()()
            with self._lock:
                self._busy -= 1
