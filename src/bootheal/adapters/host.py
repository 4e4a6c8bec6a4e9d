"""This machine: its boot id and when that boot began."""

import os
import time
from pathlib import Path

from bootheal.errors import PermanentError

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class LocalHost:
    """The host that the cluster runs on, and bootheal with it.

    In a container the boot id may be a plain file that whoever booted the container wrote;
    then the file's age is the age of the boot.
    """

    def __init__(self, boot_id_file: Path = BOOT_ID) -> None:
        self._file = boot_id_file

    def boot_id(self) -> str | None:
        """Return the boot id, read anew each time."""
        try:
            boot_id = self._file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise PermanentError(
                f"cannot read the boot id {self._file}: {reason}", hint="see cluster.boot_id_file"
            ) from None
        if not boot_id:
            raise PermanentError(f"cannot use the boot id {self._file}: it is empty", hint="see cluster.boot_id_file")
        return boot_id

    def boot_time(self) -> float | None:
        """Return when this boot began, by today's clock."""
        began = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        try:
            status = self._file.stat()
        except OSError:
            return began
        on_proc = os.stat("/proc").st_dev == status.st_dev  # noqa: PTH116 - st_dev, not a path question
        return began if on_proc else max(began, status.st_mtime)


class RemoteHost:
    """The cluster runs elsewhere: its boot cannot be known from here, see `freshness`."""

    def boot_id(self) -> str | None:
        """Return None."""
        return None

    def boot_time(self) -> float | None:
        """Return None."""
        return None
