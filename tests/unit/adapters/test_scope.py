"""What is opened in a scope is closed when it is left: threads, and the sockets that they wait on."""

import os
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from queue import SimpleQueue

import pytest

from bootheal.adapters.clock import ThreadWorkers
from bootheal.adapters.scope import Scope
from bootheal.adapters.together import together
from bootheal.errors import ExhaustedError, UnreachableError, scarce
from support.command import environment


def wait_for(event: threading.Event) -> None:
    event.wait(60)


def test_whoever_waits_on_a_socket_comes_back_when_the_scope_is_left() -> None:
    """At once, whatever its own deadline; its thread is gone then."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with Scope(pytest.fail) as scope, socket.create_connection(silent.getsockname(), 60) as sock:
            scope.hold(sock)
            thread = scope.start(lambda: heard.append(sock.recv(1)), "one who waits")
            time.sleep(0.1)
            began = time.monotonic()
            scope.close()
        assert time.monotonic() - began < 10
    assert (heard, thread.is_alive()) == ([b""], False)


def test_what_was_opened_is_closed_where_opening_the_rest_fails() -> None:
    """The error is the one that a user hears of."""
    ended = threading.Event()
    threads = []

    def open_all() -> None:
        with Scope(pytest.fail) as scope:
            scope.on_close(ended.set)
            threads.append(scope.start(partial(wait_for, ended), "the first of two"))
            raise UnreachableError("cannot open the rest")

    with pytest.raises(UnreachableError, match="the rest"):
        open_all()
    assert not threads[0].is_alive()


def test_what_does_not_end_is_named_and_not_waited_for() -> None:
    """It may be a look at something that hangs: whoever reloads must not hang with it."""
    told: list[str] = []
    free = threading.Event()
    began = time.monotonic()
    with Scope(told.append, seconds=0.2) as scope:
        for name in ("look 2", "look 1"):
            scope.start(partial(wait_for, free), name)
    assert time.monotonic() - began < 10
    assert told == ["not ended after 0.2 s: look 1, look 2; each ends by a deadline of its own"]
    free.set()


def test_nothing_begins_after_the_end() -> None:
    """A look that is still under way gets an error that it knows, and a connection that is just made is cut."""
    scope = Scope(pytest.fail)
    scope.close()
    with pytest.raises(UnreachableError, match="bootheal has closed its connections"):
        scope.start(lambda: None, "too late")
    near, far = socket.socketpair()
    with near, far:
        assert scope.hold(near).recv(1) == b""


def test_looks_run_beside_each_other_and_no_more_at_once_than_there_are_threads() -> None:
    """What waits for a thread when all ends is not begun."""
    begun: SimpleQueue[int] = SimpleQueue()
    free = threading.Event()

    def look(number: int) -> None:
        begun.put(number)
        free.wait(60)

    with Scope(pytest.fail) as scope:
        scope.on_close(free.set)
        workers = ThreadWorkers(scope, size=2)
        for number in range(5):
            workers.start(partial(look, number))
        assert {begun.get(timeout=5), begun.get(timeout=5)} == {0, 1}
        time.sleep(0.1)
        assert begun.empty()
    assert begun.empty()


def test_questions_leave_no_thread_behind() -> None:
    """A daemon that cannot heal looks round after each pass, for weeks, in one scope: nor what comes too late."""
    free = threading.Event()
    with Scope(pytest.fail) as scope:
        scope.on_close(free.set)
        before = threading.active_count()
        for _ in range(3):
            answers = together(scope, {"soon": lambda: 1, "late": lambda: free.wait(60)}, seconds=0.05)
            assert answers["soon"] == 1
            assert "no answer after" in str(answers["late"])
        free.set()
        until = time.monotonic() + 10
        while threading.active_count() > before and time.monotonic() < until:
            time.sleep(0.01)
        assert threading.active_count() <= before


ALONE = """
import os, resource, sys, threading
from bootheal.adapters.clock import ThreadWorkers
from bootheal.adapters.scope import Scope
from bootheal.errors import ExhaustedError

def forbid():
    if os.geteuid() == 0:  # whom no limit binds
        os.setgroups([]), os.setgid(65534), os.setuid(65534)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))

with Scope(print) as scope:
    workers, done = ThreadWorkers(scope, size=2), [threading.Event(), threading.Event()]
    if "one thread" in sys.argv:
        workers.start(done[0].set)
        done[0].wait(10)
        free = threading.Event()
        workers.start(lambda: free.wait(10))
        forbid()
        workers.start(done[1].set)
        free.set()
        print(done[1].wait(10))
    else:
        forbid()
        try:
            workers.start(done[0].set)
        except ExhaustedError as error:
            print(error)
"""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no thread", "cannot start a thread (look 1): the system has no more for this process"),
        ("one thread", "True"),
    ],
)
def test_a_system_without_threads_is_no_bug(how: str, said: str) -> None:
    """It is said; and where there is one thread, all looks run on it, one after the other."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, how], env=environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout.strip(), done.stderr) == (said, "")


def test_a_process_without_descriptors_is_told_from_a_server_that_is_silent() -> None:
    """One is waited for, the other may be ill."""
    with pytest.raises(ExhaustedError, match="cannot connect to db: too many open files"), scarce("connect to db"):
        raise OSError(24, os.strerror(24))
    with pytest.raises(ConnectionRefusedError), scarce("connect to db"):
        raise ConnectionRefusedError
