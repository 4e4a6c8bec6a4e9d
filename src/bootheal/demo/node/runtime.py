"""Container processes on this machine: their user, their files, their addresses. It knows nothing of Kubernetes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bootheal
from bootheal.demo.node import supervisor
from bootheal.demo.node.addresses import Addresses
from bootheal.demo.node.owner import unprivileged
from bootheal.demo.node.processes import descendants, kill_all, kill_descendants
from bootheal.errors import DemoError


@dataclass(frozen=True, slots=True)
class Command:
    """What a container runs: an executable with its arguments, or one of the programs in `app`.

    The environment may hold passwords, and is passed in memory. `errors` is where standard error goes, if not where
    the rest does; `started` is called with the process id. With `init` the first process is one that only looks after
    the rest, as a container's often is: what loses its parent is its, and ends with it.
    """

    arguments: tuple[str, ...] = ()
    program: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    directory: Path | None = None
    input: Path | None = None
    errors: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    init: bool = False
    started: Callable[[int], Awaitable[None]] | None = None


@dataclass(slots=True)
class Process:
    """A started container process; `ended` holds its exit code when it is over."""

    pid: int
    ended: asyncio.Future[int]
    stop_signal: signal.Signals

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the container's first process."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def stop(self, grace: float) -> None:
        """Ask it to end, and after `grace` seconds no longer ask."""
        family = [self.pid, *descendants(self.pid)]
        self.signal(self.stop_signal)
        try:
            async with asyncio.timeout(grace):
                await asyncio.shield(self.ended)
        except TimeoutError:
            kill_all([*family, *descendants(self.pid)])
            await asyncio.shield(self.ended)

    def kill(self) -> None:
        """SIGKILL it and what it has started."""
        if not self.ended.done():
            kill_all([self.pid, *descendants(self.pid)])


def _settle(future: asyncio.Future[int], value: int) -> None:
    if not future.done():
        future.set_result(value)


class Runtime:
    """The supervisor process and what runs in it. `home` is a private directory that the containers' user owns.

    `programs` is the module that has what `Command.program` names.
    """

    def __init__(self, directory: Path, user: str, programs: str, addresses: Addresses) -> None:
        self._programs = programs
        self.owner = unprivileged(user)
        self.home = self.owner.private_directory(directory)
        self.addresses = addresses
        self._ids = itertools.count(1)
        self._starting: dict[int, asyncio.Future[int]] = {}
        self._running: dict[int, asyncio.Future[int]] = {}
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None

    @property
    def supervisor_pid(self) -> int:
        """The process that all containers descend from."""
        return self._supervisor.pid if self._supervisor is not None else 0

    async def start(self) -> None:
        """Start the supervisor."""
        ours, theirs = socket.socketpair()
        source = str(Path(bootheal.__file__).parents[1])
        path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", ""))))
        with theirs:
            self._supervisor = subprocess.Popen(  # noqa: ASYNC220  (it does not wait)
                [sys.executable, "-m", supervisor.__name__, self._programs, str(self.home)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": path},
                start_new_session=True,
            )
        reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        self._listener = asyncio.ensure_future(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            message: dict[str, int] = json.loads(line)
            if "pid" in message:
                _settle(self._starting.pop(message["id"]), message["pid"])
            else:
                _settle(self._running.pop(message["id"]), message["code"])

    async def launch(self, command: Command, output: Path) -> Process:
        """Start a process whose output is appended to a file."""
        if self._writer is None:
            raise DemoError("cannot start a container: the demo's node is not running")
        loop = asyncio.get_running_loop()
        number = next(self._ids)
        started, ended = loop.create_future(), loop.create_future()
        self._starting[number], self._running[number] = started, ended
        request: dict[str, Any] = {
            "id": number,
            "program": command.program,
            "arguments": list(command.arguments),
            "environment": dict(command.environment),
            "directory": str(command.directory or self.home),
            "output": str(output),
            "input": str(command.input) if command.input else "",
            "errors": str(command.errors) if command.errors else "",
            "init": command.init,
            "user": self.owner.user,
            "group": self.owner.group,
        }
        self._writer.write(json.dumps(request).encode() + b"\n")
        try:
            pid = await asyncio.shield(started)
        except asyncio.CancelledError:
            started.add_done_callback(lambda known: kill_all([known.result()]))
            raise
        process = Process(pid, ended, command.stop_signal)
        if command.started is not None:
            await command.started(process.pid)
        return process

    async def run(self, command: Command, output: Path) -> int:
        """Run a process to its end and return its exit code."""
        process = await self.launch(command, output)
        try:
            return await asyncio.shield(process.ended)
        finally:
            process.kill()

    def directory(self, *names: str) -> Path:
        """A directory below home, made where it is missing."""
        path = self.home
        for name in names:
            path /= name
            if not path.exists():
                path.mkdir(mode=0o700)
                self.owner.own(path)
        return path

    def kill_everything(self) -> None:
        """SIGKILL every container process and all their descendants; the supervisor stays."""
        if self._supervisor is not None:
            kill_descendants(self._supervisor.pid)

    async def close(self) -> None:
        """Kill everything, end the supervisor, and remove the private directory."""
        self.kill_everything()
        if self._writer is not None:
            self._writer.close()
        if self._supervisor is not None:
            await asyncio.to_thread(self._supervisor.wait)
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        self.addresses.release()
        shutil.rmtree(self.home, ignore_errors=True)
