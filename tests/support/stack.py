"""The embedded stack for the tests that need a whole cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bootheal.demo.stack import Stack, StackOptions
from bootheal.errors import DemoError


@contextmanager
def running(directory: Path, options: StackOptions | None = None) -> Iterator[Stack]:
    """Run a stack; skip where its servers can't be had, and fail on troubles of the stack itself."""
    try:
        stack = Stack(directory, options).__enter__()
    except DemoError as error:
        if "cannot find" in str(error):
            pytest.skip(f"{error}")
        raise
    try:
        yield stack
        assert stack.failures == []
    finally:
        stack.close()
