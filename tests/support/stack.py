"""The embedded stack for the tests that need a whole cluster."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bootheal.demo.images.servers import find_servers
from bootheal.demo.stack import Stack, StackOptions
from bootheal.errors import DemoError
from support import entitled
from support.postgres import initialised


class Watched(Stack):
    """A stack that keeps each configuration that it has ever had."""

    def __init__(self, directory: Path, options: StackOptions) -> None:
        super().__init__(directory, options)
        self.configurations: list[tuple[Path, str]] = []

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change it."""
        super().configure(changes)
        self.configurations.append((self.config, self.config.read_text()))


@contextmanager
def running(directory: Path, options: StackOptions | None = None) -> Iterator[Stack]:
    """Run a stack; its own troubles fail the test, and missing servers skip it.

    At its end the service has asked for no more than `bootheal rbac` prints, or the test fails.
    """
    try:
        find_servers()
    except DemoError as missing:
        pytest.skip(f"{missing}: {missing.hint}")
    since = time.time()
    with Watched(directory, replace(options or StackOptions(), initialised=initialised())) as stack:
        yield stack
        if stack.failures:
            raise BaseExceptionGroup("the stack's own troubles", stack.failures)
        entitled.judge(stack.requests, stack.configurations, directory, since=since)
