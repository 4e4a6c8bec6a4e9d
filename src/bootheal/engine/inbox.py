"""What may reach the engine from other threads and from signal handlers, and what bounds it."""

from dataclasses import dataclass
from queue import SimpleQueue

from bootheal.ports import Interest
from bootheal.step import Seen


@dataclass(frozen=True, slots=True)
class Changed:
    """A watch saw an object change: its kind, namespace and name ("" if any of them may have changed)."""

    what: Interest


@dataclass(frozen=True, slots=True)
class Looked:
    """A look is over: `result` is what it saw, or the exception it ended with."""

    step: str
    result: Seen | Exception


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish the action under way, report, and return (a signal, usually)."""


# SimpleQueue.put may be called from a signal handler.
Inbox = SimpleQueue[Changed | Looked | Stop]


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds a run: seconds in all, restarts at once, repetitions of one action on one object."""

    deadline: float = 3600.0
    max_parallel: int = 4
    max_repeats: int = 5
