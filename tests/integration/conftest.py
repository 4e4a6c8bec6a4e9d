"""The embedded stack for the tests that need a whole cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bootheal.demo.stack import BootScript, Stack, StackOptions
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


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A healthy stack of the test's own, with fast clean-up."""
    with running(tmp_path) as stack:
        stack.configure({"cleanup": {"grace": 1}})
        yield stack


@pytest.fixture
def broken(stack: Stack) -> Stack:
    """A stack whose power was cut and that boots now."""
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=1.5))
    return stack


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A healthy stack that the tests of a module share: they leave it as they found it."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack
