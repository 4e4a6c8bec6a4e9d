"""Stacks as fixtures: healthy, broken, shared; and who is told of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bootheal.demo.stack import UNTIL_TOLD, BootScript, Stack
from support.receiver import Receiver, receiving
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
def recovering(stack: Stack) -> Stack:
    """Likewise, but its database recovers until it is told that it may serve."""
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=UNTIL_TOLD))
    return stack


@pytest.fixture
def looping(stack: Stack) -> Stack:
    """Likewise, but its database took so long that the applications are in a crash-loop back-off of ten minutes."""
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=UNTIL_TOLD, backoff_first=600.0, backoff_cap=600.0))
    stack.wait_until("crash loops", lambda: stack.summary().count("CrashLoopBackOff") >= 2)
    stack.postgres.recover()
    return stack


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A healthy stack that the tests of a module share: they leave it as they found it."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="module")
def receivers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """Who is told, for all tests of a module."""
    with receiving(tmp_path_factory.mktemp("receiver")) as receivers:
        yield receivers


@pytest.fixture
def receiver(receivers: Receiver) -> Receiver:
    """Likewise, well and with nothing heard yet."""
    receivers.forget()
    return receivers
