"""A command of `bootheal` as a process of its own, forked from one that has imported the program already.

Of what a command costs, two thirds are its imports, and the tests start hundreds. It is handed its environment, working
directory and pipes; only who looks at the start itself (argv, environment at the start, memory, imports) starts anew.
"""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from types import TracebackType
from typing import Any, Self

IMPORTED = (
    *(f"bootheal.cli.{name}" for name in ("run", "plan", "status", "report", "check", "preflight", "doctor", "rbac")),
    *("bootheal.cli.init", "bootheal.cli.bundle", "bootheal.cli.looking.bundle", "bootheal.discovery.discover"),
    *("kubernetes.client.api_client", "kubernetes.config.kube_config", "psycopg", "support.forked"),
)
# What else there is, such as `demo`, or no command at all, tells of the start or starts much itself.
COMMANDS = frozenset({"run", "plan", "status", "report", "check", "preflight", "doctor", "rbac", "init", "bundle"})


class Forked:
    """What the tests use of subprocess.Popen[str], its output in pipes."""

    def __init__(self, arguments: Sequence[str], variables: Mapping[str, str]) -> None:
        context = _context()
        out, childs_out = context.Pipe(duplex=False)
        err, childs_err = context.Pipe(duplex=False)
        self.args = ["bootheal", *arguments]
        self._process = context.Process(
            target=_main, args=(self.args, dict(variables), childs_out, childs_err), daemon=True
        )
        self._process.start()
        for end in (childs_out, childs_err):
            end.close()
        self.stdout, self.stderr = _file(out), _file(err)
        self.stdin = None
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | Any:
        """The exit code; minus the signal that has ended it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read both pipes to their ends, and wait for the process. To be called again after a timeout."""
        if not hasattr(self, "_ears"):
            self._heard = ["", ""]
            self._ears = [threading.Thread(target=self._listen, args=(place,), daemon=True) for place in (0, 1)]
            for ear in self._ears:
                ear.start()
        for ear in self._ears:
            ear.join(timeout)
            if ear.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        self.wait(timeout)
        return self._heard[0], self._heard[1]

    def _listen(self, place: int) -> None:
        pipe = (self.stdout, self.stderr)[place]
        if not pipe.closed:
            self._heard[place] = pipe.read()
            pipe.close()

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in (self.stdout, self.stderr):
            pipe.close()
        self.wait()


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


def _file(end: Connection) -> io.TextIOWrapper:
    descriptor = os.dup(end.fileno())
    end.close()
    return io.TextIOWrapper(io.BufferedReader(io.FileIO(descriptor)), encoding="utf-8")


def _main(arguments: list[str], variables: dict[str, str], out: Connection, err: Connection) -> None:
    """Become the command."""
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    out.close()
    err.close()
    os.environ.clear()
    os.environ.update(variables)
    tempfile.tempdir = None
    sys.argv = arguments
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), encoding="utf-8", line_buffering=True
    )
    from bootheal.cli import main

    sys.exit(main(arguments[1:]))
