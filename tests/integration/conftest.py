"""Stacks as fixtures: healthy, broken, shared."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bootheal.demo.stack import BootScript, Stack
from support.stack import running


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


@pytest.fixture
def looping(stack: Stack) -> Stack:
    """Likewise, but its database takes so long that the applications are in long crash-loop back-off by then."""
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=5.0, backoff_first=20.0, backoff_cap=40.0))
    stack.wait_until("crash loops", lambda: stack.summary().count("CrashLoopBackOff") >= 2)
    return stack


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A healthy stack that the tests of a module share: they leave it as they found it."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack
