"""A child process that leaves nobody behind: whatever it has started, and however it ends, is ended after it."""

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from bootheal.demo.node.processes import descendants, kill_descendants

_DEATH_SIGNAL, _SUBREAPER = 1, 36
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def supervised(work: Callable[[], int]) -> int:
    """Return the exit code of `work`, done in a session of its own; call it before there are threads.

    Ctrl-C, and SIGTERM, reach it and its children once, as SIGINT, so that it can clean up. The second time all are
    killed. What it leaves is killed too: whoever loses his parents becomes our child.
    """
    _prctl(_SUBREAPER, 1)
    sys.stdout.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # until both know what to do then
    if (child := os.fork()) == 0:
        _be_the_child(work)
    _pass_on_to(child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    status = 0
    ended = 0
    while ended != child:
        ended, status = os.wait()
    _end_the_rest()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _prctl(option: int, argument: int) -> None:
    ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)


def _be_the_child(work: Callable[[], int]) -> NoReturn:
    os.setsid()
    _prctl(_DEATH_SIGNAL, signal.SIGINT)
    # A shell's background would have SIGINT ignored, also by what tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        code = work()
    except BaseException:  # noqa: BLE001  (whatever happens, the child must not return into its parent's work)
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _pass_on_to(child: int) -> None:
    asked = 0

    def pass_on(*_: object) -> None:
        nonlocal asked
        asked += 1
        number = signal.SIGINT if asked == 1 else signal.SIGKILL
        try:
            os.killpg(child, number)
        except ProcessLookupError:  # it has no session of its own yet, or is over
            with suppress(ProcessLookupError):
                os.kill(child, number)

    for number in ENDING:
        signal.signal(number, pass_on)


def _end_the_rest() -> None:
    if left := descendants(os.getpid()):
        print(f"ended what tests have left: {len(left)} processes", file=sys.stderr)
        kill_descendants(os.getpid())
        with suppress(ChildProcessError):
            while True:
                os.wait()
