"""What all processes of one test session share: a directory, servers that anybody may run, what is made only once."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bootheal.demo.images.servers import find_servers, make_reachable
from bootheal.demo.node.owner import unprivileged
from bootheal.errors import DemoError

DIRECTORY = "BOOTHEAL_TESTS"
"""Tells the processes that a session starts where the directory is."""


def begin() -> None:
    """Make the directory. Root's servers are somebody else's: if they lie in a private home, copies are used."""
    directory = Path(tempfile.mkdtemp(prefix="bootheal-shared-"))
    directory.chmod(0o755)
    os.environ[DIRECTORY] = str(directory)
    with suppress(DemoError):  # who needs them says that they are missing
        os.environ |= make_reachable(find_servers(), unprivileged("nobody"), directory / "servers").places


def end() -> None:
    """Remove the directory."""
    shutil.rmtree(os.environ.pop(DIRECTORY), ignore_errors=True)


def once(name: str, make: Callable[[Path], None]) -> Path:
    """Return what `make` has made, as the servers' user may, in whichever process needed it first."""
    directory = Path(os.environ[DIRECTORY])
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / name).exists():
            place = unprivileged("nobody").private_directory(directory)
            make(place / name)
            (place / name).rename(directory / name)
    return directory / name
