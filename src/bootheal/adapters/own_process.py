"""A command of bootheal's in a process of its own.

What it takes in memory goes back to the system when it ends, and what it computes holds up nobody here.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from bootheal.adapters.scope import Scope
from bootheal.errors import UnreachableError, scarce

# By these systemd knows the daemon; who comes after it must not speak in its name.
_NOT_INHERITED = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")


def ask(scope: Scope, arguments: Sequence[str], seconds: float) -> tuple[int, str, str]:
    """Run `bootheal ARGUMENTS` with the niceness of the calling thread; return exit code, output and what it warned of.

    It is ended where the scope is left, and after so many seconds: UnreachableError, as where it cannot be begun;
    ExhaustedError where there is nothing left to begin one with. The code of one that a signal has ended is negative.
    """
    command = [sys.executable, "-P", "-m", "bootheal", *arguments]
    with _begun(scope, command) as process:
        scope.on_close(process.terminate)
        try:
            scope.check()  # it may have been left just before that was known
            output, warned = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise UnreachableError(f"it did not end within {seconds:g} s") from None
        finally:
            scope.forget(process.terminate)
            with suppress(OSError):
                process.kill()
    scope.check()
    return process.returncode, output.decode(errors="replace"), warned.decode(errors="replace")


def _begun(scope: Scope, command: Sequence[str]) -> subprocess.Popen[bytes]:
    scope.check()
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    try:
        with scarce("begin a process"):
            return subprocess.Popen(  # noqa: S603 - ourselves
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
    except OSError as error:
        raise UnreachableError(f"cannot begin {command[0]}: {error.strerror}") from None
