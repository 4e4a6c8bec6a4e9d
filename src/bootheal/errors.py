"""Every error that bootheal raises on purpose.

BoothealError
├── ConfigurationError     the configuration cannot be used (all problems at once)
├── UsageError             an option names what the configuration does not have
├── LockedError            another healing pass is under way
├── StateError             the state file cannot be read or written
├── DemoError              the embedded stack cannot be started
├── TransientError         the world is not ready: look again
│   ├── UnreachableError   nobody answered: refused, reset, timed out, TLS cut short
│   ├── ExhaustedError     this process has no thread or descriptor left: nobody was asked
│   ├── ConflictError      the object changed since it was looked at
│   └── DeposedError       another process is the one that acts
└── PermanentError         asking again will not help; `hint` is what a person can do
    ├── MissingError       the object does not exist
    └── DeniedError        the API server refused our credentials or our rights

A type of its own means that a caller does something about it, or an exit code of its own; the rest is text.
Messages start with "cannot", name the object, and never hold a server's reply in
full, since that may hold a secret.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from bootheal.exit_codes import ExitCode

# This process, or this machine, has too many files open, or no memory for one more.
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)

# What an answer of the wrong shape, JSON or rows, does to its reader: it is not understood, which is no bug of ours.
MISFITS = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


class BoothealError(Exception):
    """The root: whatever a user or a broken cluster can cause. `exit_code` is that of a command that it ends."""

    hint = ""
    exit_code: ClassVar[ExitCode] = ExitCode.NOT_HEALED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or type(self).hint

    def with_hint(self, between: str = "\n  ") -> str:
        """Say it, and what a person can do, where that is known."""
        return f"{self}{between}{self.hint}" if self.hint else str(self)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with the configuration; lines and columns count from 1. `file`: "" for the main one."""

    line: int
    column: int
    path: str
    text: str
    file: str = ""


class ConfigurationError(BoothealError):
    """The configuration at `source` has `problems`, in the order of the file."""

    exit_code = ExitCode.CONFIGURATION

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.source = source
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem))
        super().__init__(
            "\n".join(f"{p.file or source}:{p.line}:{p.column}: {p.path}: {p.text}" for p in self.problems)
        )


class UsageError(BoothealError):
    """The command line asks for what the configuration does not have."""

    exit_code = ExitCode.USAGE


class LockedError(BoothealError):
    """Another pass holds the lock."""

    exit_code = ExitCode.LOCKED


class StateError(BoothealError):
    """The state file cannot be used."""


class DemoError(BoothealError):
    """The embedded stack cannot be started."""


class TransientError(BoothealError):
    """The world is not ready; the engine waits and looks again, after `again` seconds where it was told when."""

    def __init__(self, message: str, *, hint: str = "", again: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.again = again


class UnreachableError(TransientError):
    """Nobody answered."""


class ExhaustedError(TransientError):
    """There is no thread or descriptor left to ask with, which tells nothing of who was to be asked."""


class ConflictError(TransientError):
    """The object changed since it was looked at; a new look decides."""


class DeposedError(TransientError):
    """This process must not change anything: another one acts, or it is not known which."""


class PermanentError(BoothealError):
    """Asking again will not help."""


class MissingError(PermanentError):
    """The named object does not exist."""


class DeniedError(PermanentError):
    """The API server said 401 or 403; `status` says which. `final`: a new process is known to fare better."""

    def __init__(self, message: str, *, status: int, hint: str = "", final: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.status, self.final = status, final


@contextmanager
def scarce(doing: str) -> Iterator[None]:
    """Turn it into an ExhaustedError where `doing` something fails for want of descriptors or memory."""
    try:
        yield
    except OSError as error:
        if error.errno not in EXHAUSTED:
            raise
        raise ExhaustedError(f"cannot {doing}: {(error.strerror or type(error).__name__).lower()}") from None


def why_silent(error: Exception) -> str:
    """Say in a few words why a socket gave no answer."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "connection reset"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
