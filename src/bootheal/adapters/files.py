"""Files that others read while we write them, and the lock that says who writes."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bootheal.errors import LockedError, StateError

LOCK = "lock"


def replace_file(path: Path, text: str, *, durable: bool) -> None:
    """Replace a file at once or not at all; it stays with the directory's owner, and readable by all."""
    owner = path.parent.stat()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            if durable:
                os.fsync(file.fileno())
        Path(name).replace(path)
        if durable:
            _sync(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _sync(directory: Path) -> None:
    """Make a new name in it outlive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def lock(directory: Path) -> Iterator[None]:
    """Hold the lock of a healing pass. LockedError names the holder; StateError where it cannot be taken."""
    path = directory / LOCK
    try:
        _make(directory)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StateError(
            f"cannot use the state directory {directory}: {error.strerror}",
            hint="see state_directory; it must be writable by whoever runs bootheal; the service needs ReadWritePaths=",
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise LockedError(f"another pass is under way ({file.read().strip() or 'holder unknown'})") from None
        try:
            _sign(file, directory)
        except OSError as error:
            raise StateError(f"cannot write {path}: {error.strerror}", hint="free some space on its disk") from None
        yield


def _make(directory: Path) -> None:
    """Make it, and what it is in, open to all readers: the umask of a service is not meant for what `status` reads."""
    for missing in reversed([path for path in (directory, *directory.parents) if not path.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o755)


def _sign(file: TextIO, directory: Path) -> None:
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    file.truncate(0)
    file.write(f"process {os.getpid()} since {time.strftime('%Y-%m-%d %H:%M:%S')}")
    file.flush()
