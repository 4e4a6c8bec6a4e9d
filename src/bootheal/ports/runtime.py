"""What the engine runs on: time, threads, and what survives a crash."""

from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any, Protocol

from bootheal.model import ActionRecord


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
        """Run `call` soon, on some thread; return at once. `call` raises nothing, and may block, but not for ever."""


class Memory(Protocol):
    """What survives a crash: per epoch, what was first seen when and done why; over all epochs, what was good."""

    def enter(self, epoch: str) -> None:
        """Open the memory of `epoch`; what is remembered of another epoch is put aside, but for what was kept."""

    def observe(self, step: str, conditions: frozenset[str], now: float) -> Mapping[str, float]:
        """Remember since when each condition holds, forget those that ended; return the first-seen times.

        `now` is of the monotonic clock, so that a jump of the wall clock does not matter.
        """

    def done(self, step: str) -> tuple[ActionRecord, ...]:
        """Return what this step did in this epoch, oldest first."""

    def record(self, step: str, done: ActionRecord) -> None:
        """Write `done` to disk before returning; a record of the same number replaces the former."""

    def incident(self, step: str) -> int:
        """Return how often this step has been mended in this epoch."""

    def close_incident(self, step: str) -> None:
        """A pass has ended with this step settled: if it did anything since it was last mended, that has helped."""

    def boots_in_vain(self, step: str, action: str) -> int:
        """Return in how many epochs in a row the step did this kind of action, and was not mended."""

    def set_baseline(self, step: str, facts: Mapping[str, str]) -> None:
        """Remember what the step settled with, in place of what it settled with before."""

    def baseline(self, step: str) -> Mapping[str, str]:
        """Return what the step last settled with, in whatever epoch."""
