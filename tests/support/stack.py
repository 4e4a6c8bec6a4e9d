"""The embedded stack for the tests that need a whole cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bootheal.demo.images.servers import find_servers
from bootheal.demo.stack import Stack, StackOptions
from bootheal.errors import DemoError
from support.postgres import initialised


@contextmanager
def running(directory: Path, options: StackOptions | None = None) -> Iterator[Stack]:
    """Run a stack; its own troubles fail the test, and missing servers skip it."""
    try:
        find_servers()
    except DemoError as missing:
        pytest.skip(f"{missing}: {missing.hint}")
    with Stack(directory, replace(options or StackOptions(), initialised=initialised())) as stack:
        yield stack
        if stack.failures:
            raise BaseExceptionGroup("the stack's own troubles", stack.failures)
