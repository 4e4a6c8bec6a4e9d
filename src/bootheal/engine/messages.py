"""What may reach the engine from other threads and from signal handlers, and what bounds it."""

from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from bootheal.ports import Clock, Interest
from bootheal.step import Observation, Step


@dataclass(frozen=True, slots=True)
class Changed:
    """A watch saw an object change: its kind, namespace and name ("" if any of them may have changed)."""

    what: Interest


@dataclass(frozen=True, slots=True)
class Looked:
    """A look is over: `result` is what it saw, or the exception it ended with."""

    step: Step[Any]
    result: Observation | Exception


@dataclass(frozen=True, slots=True)
class Renew:
    """Read the configuration anew; where that succeeds, report and return as after a stop."""


class Inbox:
    """A queue, and beside it the flag that says: finish the action under way, report, and return.

    Both may be used from any thread and from a signal handler: an append to a list is one step of the interpreter,
    and SimpleQueue.put is made for it. The flag is seen at once, whatever the queue holds, and stays.
    """

    def __init__(self) -> None:
        self.queue: SimpleQueue[Changed | Looked | Renew | None] = SimpleQueue()
        self._stops: list[None] = []
        self._renewal_asked = False
        self._changes = set[Interest]()  # that are in the queue: it grows no longer than there are objects

    def put(self, message: Changed | Looked | Renew) -> None:
        """Hand something in. A change that is in the queue already is not handed in twice: it tells who reads to look.

        Whoever puts it in has taken in what it is about before: what is read later is no older.
        """
        if isinstance(message, Changed):
            if message.what in self._changes:
                return
            self._changes.add(message.what)
        self.queue.put(message)

    def receive(self, clock: Clock, timeout: float | None) -> Changed | Looked | Renew | None:
        """Wait for what comes next; None where nothing does within `timeout` seconds, or to look around."""
        message: Changed | Looked | Renew | None = clock.receive(self.queue, timeout)
        if isinstance(message, Changed):
            self._changes.discard(message.what)
        return message

    def renew(self) -> None:
        """Ask for the configuration to be read anew; to ask again before that has begun is to ask once."""
        if not self._renewal_asked:
            self._renewal_asked = True
            self.queue.put(Renew())

    def renewal_begins(self) -> None:
        """What is asked for from now on is not in what is read now."""
        self._renewal_asked = False

    def stop(self) -> None:
        """Ask for the end; ask again to have it at once. Whoever waits at the queue wakes, and finds None."""
        self._stops.append(None)
        self.queue.put(None)

    def wake(self) -> None:
        """Let whoever waits at the queue look around; nothing is handed in."""
        self.queue.put(None)

    @property
    def stops(self) -> int:
        """How often the end was asked for."""
        return len(self._stops)

    @property
    def stopped(self) -> bool:
        """Whether it was."""
        return bool(self._stops)


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds a pass: seconds in all, restarts at once, repetitions of one action on one object.

    `stay`: it does not end with the pass; what is well is looked at every `recheck` seconds, what has failed is
    tried again, ever more seldom.
    `longest_sleep` is for how long the loop may stand still: who watches it must see it turn.
    """

    deadline: float = 3600.0
    max_parallel: int = 4
    max_repeats: int = 5
    stay: bool = False
    recheck: float = 60.0
    longest_sleep: float = float("inf")
