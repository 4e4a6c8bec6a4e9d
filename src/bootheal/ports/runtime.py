"""What the engine runs on: time, threads, and what survives a crash."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import SimpleQueue
from typing import Any, Protocol

from bootheal.model import Remembered


class Clock(Protocol):
    """Time, and the one place where the engine sleeps."""

    def now(self) -> float:
        """Return seconds since the epoch; somebody may set this clock. Any thread may ask."""

    def monotonic(self) -> float:
        """Return seconds that only go forward, for durations: the same for all processes of a boot of this machine."""

    def receive(self, inbox: "SimpleQueue[Any]", timeout: float | None) -> Any:
        """Return the next item, or None after `timeout` seconds (None: however long it takes). The loop's alone."""


class Workers(Protocol):
    """Where looks run, so that none holds up another."""

    def start(self, call: Callable[[], None]) -> None:
        """Run `call` soon, on some thread; return at once. `call` raises nothing, and may block, but not for ever.

        ExhaustedError where there is no thread at all.
        """


class Store(Protocol):
    """Where what is remembered outlives the process. The loop's alone."""

    remark: str
    """What the owner should know: that what was kept could not be understood, say, and where it is; "" for nothing."""

    def hold(self) -> AbstractContextManager[None]:
        """Hold the lock of a healing pass. LockedError names the holder; StateError where it cannot be taken."""

    def load(self) -> Remembered | None:
        """Return what is kept; None where nothing is, or where it is what was loaded or saved here last.

        What cannot be understood counts for nothing; who holds the lock sets it aside. StateError where it
        cannot be read.
        """

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        """Replace what is kept, at once or not at all; only while the lock is held.

        `durable`: it outlives a power cut. StateError where it cannot be written; what is kept is then what it was.
        """
