"""Files that others read while we write them."""

import os
import tempfile
from pathlib import Path


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
