"""What a container image is to the node: a function that prepares a container and says what to run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from bootheal.demo.node.runtime import Command, Runtime


@dataclass(frozen=True, slots=True)
class Context:
    """What an entrypoint has to work with. `directory` is the container's own, `output` its log."""

    address: str
    environment: Mapping[str, str] = field(repr=False)
    directory: Path
    output: Path
    runtime: Runtime


Image: TypeAlias = Callable[[Context], Awaitable[Command]]


def program(name: str) -> Image:
    """An image that runs one of the programs in `app`."""

    async def prepare(context: Context) -> Command:
        return Command(program=name, environment=context.environment, directory=context.directory)

    return prepare
