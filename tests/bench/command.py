"""Commands as a user starts them: how long one took, the most memory it had, and what it printed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.row import CannotMeasureError
from support.command import environment

LAUNCHER = Path(__file__).with_name("launch.py")
LONGEST = 300.0


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended; `processor` is seconds of processor time, `memory` its peak resident set in MB."""

    seconds: float
    processor: float
    memory: float
    code: int
    printed: str


@dataclass(frozen=True, slots=True)
class Running:
    """A command under way."""

    name: str
    process: subprocess.Popen[str]

    def result(self, expected: tuple[int, ...] = (0,)) -> Ran:
        """Wait for its end; CannotMeasureError where it ended otherwise than with an expected exit code."""
        try:
            measured, printed = self.process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            raise CannotMeasureError(f"cannot wait longer than {LONGEST:g} s for: {self.name}") from None
        ran = Ran(**json.loads(measured), printed=printed)
        if ran.code not in expected:
            tail = "\n  ".join(printed.strip().splitlines()[-5:])
            raise CannotMeasureError(f"cannot measure {self.name}: it ended with exit code {ran.code}\n  {tail}")
        return ran


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Start Python with `arguments`, from a process small enough to measure its memory; it does not outlive us."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCHER), sys.executable, *arguments],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield Running(f"python {' '.join(arguments)}", process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    """Return ours, but that bytecode is written: an installed command has its own, and is not compiled each time."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return inherited | environment()


def run(*arguments: str, expected: tuple[int, ...] = (0,)) -> Ran:
    """Run Python with `arguments` to its end."""
    with running(*arguments) as command:
        return command.result(expected)
