"""The way to a port, where nobody answers yet."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from bootheal.adapters.reach import Reach
from bootheal.adapters.scope import Scope
from bootheal.model import Ref, Target


def no_forward(pod: Ref, _port: int, _timeout: float) -> socket.socket:
    raise AssertionError(f"{pod} is no pod")


@contextmanager
def deaf(until: float) -> Iterator[int]:
    """A port that drops connections for so many seconds, as a Service without rules does: its queue is full."""
    with ExitStack() as opened:
        server = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            waiting = opened.enter_context(socket.socket())
            waiting.settimeout(0.0)
            waiting.connect_ex(server.getsockname())

        def hear() -> None:
            for _ in range(2):
                opened.enter_context(server.accept()[0])

        timer = threading.Timer(until, hear)
        timer.daemon = True
        timer.start()
        try:
            yield server.getsockname()[1]
        finally:
            timer.cancel()
            timer.join()


def test_what_comes_up_is_reached_soon_and_not_when_the_kernel_asks_again(scope: Scope) -> None:
    """Two looks at cluster DNS sat in a timeout once: the kernel asks again after 1 s, then after 2 or 3."""
    with deaf(1.05) as port:
        began = time.monotonic()
        Reach(no_forward, scope, direct=True).open(Target("127.0.0.1", port), 5.0).close()
        assert 1.0 < time.monotonic() - began < 1.95


def test_what_stays_silent_takes_no_longer_than_was_asked_for(scope: Scope) -> None:
    """However often it is tried."""
    with deaf(60.0) as port:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            Reach(no_forward, scope, direct=True).open(Target("127.0.0.1", port), 0.4)
        assert time.monotonic() - began < 1.0
