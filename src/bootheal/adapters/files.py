"""Files that others read while we write them, and the lock that says who writes.

They are written without a buffer: one that could not be emptied, on a full disk, would be tried again when the file is
closed, and fail where nobody expects it.
"""

import errno
import fcntl
import glob
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bootheal.errors import LockedError, StateError, UsageError
from bootheal.model.quoted import quoted

Identity = tuple[int, ...]

LOCK = "lock"
CHUNK = 1 << 20
_NO_FILE = "its lock is a link, or no file: remove it"
FULL = (errno.ENOSPC, errno.EDQUOT)
DEVICES = "/dev"


def replace_file(path: Path, text: str, *, durable: bool, mode: int = 0o644) -> None:
    """Replace a file at once or not at all; it stays with the directory's owner, and readable by all or as `mode`."""
    spare_devices(path)
    owner = path.parent.stat()
    descriptor, name = tempfile.mkstemp(prefix=_prefix(path), dir=path.parent)
    try:
        try:
            _write(descriptor, text)
            os.fchmod(descriptor, mode)
            if os.geteuid() == 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        Path(name).replace(path)
        if durable:
            _sync(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def create_file(path: Path, text: str) -> None:
    """Make a file at once or not at all, readable by all. FileExistsError where there is one already; OSError."""
    descriptor, name = tempfile.mkstemp(prefix=_prefix(path), dir=path.parent)
    try:
        try:
            _write(descriptor, text)
            os.fchmod(descriptor, 0o644)
        finally:
            os.close(descriptor)
        os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def spare_devices(path: Path) -> None:
    """Raise OSError where a rename would put a file in the place of a device, a directory, or a link to one.

    /dev/stdout is a link that may lead to a file: its name is one of the machine's devices all the same.
    """
    if os.path.realpath(path.parent) == DEVICES:
        raise OSError(errno.EINVAL, "it is among the devices", str(path))
    if path.is_dir():
        raise OSError(errno.EISDIR, "it is a directory", str(path))
    if path.is_char_device() or path.is_block_device():
        raise OSError(errno.EINVAL, "it is a device, no file", str(path))


def remove_leftovers(path: Path) -> None:
    """Remove what `replace_file` left of `path` in processes that were killed; nobody else may be writing it."""
    for leftover in path.parent.glob(f"{glob.escape(_prefix(path))}*"):
        with suppress(OSError):
            leftover.unlink()


def read_file(path: Path, longest: int) -> bytes:
    """Read a file. FileNotFoundError where there is none; ValueError where it is none, or longer; OSError."""
    _insist_on_a_file(path.stat())  # to open a device may do something
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a FIFO by now would make us wait for its writer
    try:
        _insist_on_a_file(os.fstat(descriptor))
        return _all_of(descriptor, longest)
    finally:
        os.close(descriptor)


def _insist_on_a_file(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is no file")


def _all_of(descriptor: int, longest: int) -> bytes:
    """Read to the end: how long a file says to be is no promise, and somebody may be writing it."""
    read = bytearray()
    while data := os.read(descriptor, min(CHUNK, longest + 1 - len(read))):
        read += data
        if len(read) > longest:
            raise ValueError(f"it is longer than {longest} bytes")
    return bytes(read)


def identity(path: Path) -> Identity:
    """Tell one content of a file that is only ever replaced from another. OSError as of `stat`."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def stamp(path: Path) -> Identity | None:
    """Return by what a file can be told from a later one, None where it is not there."""
    try:
        return identity(path)
    except OSError:
        return None


def advice(error: OSError, otherwise: str) -> str:
    """Return the next thing to do where a file could not be written."""
    return "free some space on its disk" if error.errno in FULL else otherwise


def unwritable(error: OSError, path: Path, otherwise: str) -> StateError | UsageError:
    """Return what is raised where a file that somebody asked for cannot be written; a full disk is no wrong usage."""
    kind = StateError if error.errno in FULL else UsageError
    return kind(f"cannot write {path}: {error.strerror or error}", hint=advice(error, otherwise))


def _prefix(path: Path) -> str:
    return f".{path.name}."


def _write(descriptor: int, text: str) -> None:
    left = text.encode()
    while left:
        left = left[os.write(descriptor, left) :]


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
        descriptor = open_lock(path)
    except OSError as error:
        raise StateError(
            f"cannot use the state directory {directory}: {error.strerror}",
            hint=advice(
                error,
                "it must be writable by whoever runs bootheal: say sudo, or see state_directory, for which the service "
                "needs ReadWritePaths=",
            ),
        ) from None
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """Open a file to lock, and make it where there is none; it is the directory's owner's. OSError where it is none.

    He may be less than we are: through a link in his directory root would write to another file, and give it away.
    Nobody else may open it, or he could hold it for as long as he likes.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o660)
    except OSError as error:
        raise OSError(error.errno, _NO_FILE) if error.errno == errno.ELOOP else error from None
    try:
        _adopt(descriptor, path.parent)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _adopt(descriptor: int, directory: Path) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise OSError(errno.EINVAL, _NO_FILE)
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    if status.st_mode & 0o007:
        with suppress(PermissionError):  # it is another user's, and so is what may be done with it
            os.fchmod(descriptor, status.st_mode & 0o770)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sign(descriptor)
    except BlockingIOError:
        holder = os.pread(descriptor, 100, 0).decode(errors="replace").strip()
        raise LockedError(f"another pass is under way ({quoted(holder) or 'holder unknown'})") from None
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}", hint=advice(error, "see state_directory")) from None


def _make(directory: Path) -> None:
    """Make it, and what it is in, open to all readers: the umask of a service is not meant for what `status` reads."""
    for missing in reversed([path for path in (directory, *directory.parents) if not path.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o755)


def _sign(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    _write(descriptor, f"process {os.getpid()} since {time.strftime('%Y-%m-%d %H:%M:%S')}")
