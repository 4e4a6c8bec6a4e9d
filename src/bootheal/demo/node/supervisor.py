"""The process that all container processes descend from; run with a socket as its standard input.

Its arguments are the module that has the little programs (`warm_up`, `PROGRAMS`), and a directory to remove at the end.

It is single-threaded, so that forking is safe, and it adopts orphans, so that nothing escapes it. When the socket
ends, because its owner closed it or died in whatever way, it kills everything below and removes what it was told to.

Requests are JSON lines, `{"id", "program" or "arguments", "environment", "directory", "output", "input", "errors",
"init", "user", "group"}`; answers are `{"id", "pid"}` and later `{"id", "code"}`: as a shell counts, 128 + signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

from bootheal.demo.node.processes import children_by_parent, descendants, kill_descendants

Programs: TypeAlias = Mapping[str, Callable[[Mapping[str, str]], int]]
_DEATH_SIGNAL, _SUBREAPER = 1, 36
_QUIT_SECONDS = 1.0


def main(module: str, home: str) -> None:
    """Serve until the socket ends."""
    programs: Any = importlib.import_module(module)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    programs.warm_up()
    _prctl(_SUBREAPER, 1)
    with socket.socket(fileno=os.dup(0)) as control:
        try:
            _serve(control, programs.PROGRAMS)
        finally:
            _end_everything()
            shutil.rmtree(home, ignore_errors=True)


def _end_everything() -> None:
    """Ask rudely first, so that PostgreSQL gives back its shared memory; then insist."""
    for pid in children_by_parent()[os.getpid()]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
    deadline = time.monotonic() + _QUIT_SECONDS
    while descendants(os.getpid()) and time.monotonic() < deadline:
        time.sleep(0.01)
    kill_descendants(os.getpid())


def _prctl(option: int, argument: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, argument, 0, 0, 0)


def _serve(control: socket.socket, programs: Programs) -> None:
    wake, signalled = os.pipe()
    os.set_blocking(signalled, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
    running: dict[int, int] = {}
    unread = b""
    while True:
        ready, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
            _reap(control, running)
        if control.fileno() in ready:
            try:
                data = control.recv(65536)
            except ConnectionResetError:  # our owner died with an answer of ours unread
                return
            if not data:
                return
            *lines, unread = (unread + data).split(b"\n")
            for line in lines:
                request = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    _become(request, programs)
                running[pid] = request["id"]
                _answer(control, {"id": request["id"], "pid": pid})


def _answer(control: socket.socket, message: dict[str, int]) -> None:
    with contextlib.suppress(OSError):
        control.sendall(json.dumps(message).encode() + b"\n")


def _reap(control: socket.socket, running: dict[int, int]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in running:
            code = os.waitstatus_to_exitcode(status)
            _answer(control, {"id": running.pop(pid), "code": code if code >= 0 else 128 - code})


def _become(request: dict[str, Any], programs: Programs) -> NoReturn:
    """In the child: turn into the container, and never come back."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.setsid()
        output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(request["input"] or os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(os.open(request["errors"], os.O_WRONLY) if request["errors"] else output, 2)
        os.closerange(3, 256)
        if request["init"]:
            _have_an_init()
        if request["user"] is not None:
            os.setgroups([])
            os.setgid(request["group"])
            os.setuid(request["user"])
        _prctl(_DEATH_SIGNAL, signal.SIGKILL)
        os.umask(0o077)
        os.chdir(request["directory"])
        if request["arguments"]:
            os.execve(request["arguments"][0], request["arguments"], request["environment"])  # noqa: S606  (ours)
        code = programs[request["program"]](request["environment"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  (whatever happens, the child must not return into the supervisor)
        traceback.print_exc()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _have_an_init() -> None:
    """Return in a child; stay behind as a container's first process, which adopts orphans and takes them along."""
    _prctl(_SUBREAPER, 1)
    child = os.fork()
    if child == 0:
        return
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, lambda number, _frame: os.kill(child, number))
    while True:
        pid, status = os.wait()
        if pid == child:
            kill_descendants(os.getpid())
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main(*sys.argv[1:])
