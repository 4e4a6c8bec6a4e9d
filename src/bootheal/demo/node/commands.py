"""A command in a running container, as the kubelet runs it for `pods/exec`: its environment and its user."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bootheal.demo.node.images import Context
from bootheal.demo.node.runtime import Command, Process

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_numbers = itertools.count(1)


class NoSuchProgramError(Exception):
    """There is no such executable; in the container runtime's words."""


@dataclass(frozen=True, slots=True)
class Execution:
    """A command under way and what it says."""

    process: Process
    out: asyncio.StreamReader
    err: asyncio.StreamReader


@asynccontextmanager
async def execute(context: Context, words: list[str]) -> AsyncIterator[Execution]:
    """Run a command beside the container's own process; when the context is left, it is killed."""
    variables = {"PATH": _PATH} | dict(context.environment)
    program = shutil.which(words[0], path=variables["PATH"])
    if program is None:
        raise NoSuchProgramError(f'exec: "{words[0]}": executable file not found in $PATH: unknown')
    number = next(_numbers)
    async with _pipe(context, f"{number}.out") as (out, output), _pipe(context, f"{number}.err") as (err, errors):
        command = Command((program, *words[1:]), environment=variables, directory=context.directory, errors=errors)
        process = await context.runtime.launch(command, output)
        try:
            yield Execution(process, out, err)
        finally:
            process.kill()


@asynccontextmanager
async def _pipe(context: Context, name: str) -> AsyncIterator[tuple[asyncio.StreamReader, Path]]:
    """A named pipe that a container process can open, and our end of it."""
    path = context.directory / name
    os.mkfifo(path, 0o600)
    context.runtime.owner.own(path)
    end = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, end)
    try:
        yield reader, path
    finally:
        transport.close()
        path.unlink(missing_ok=True)
