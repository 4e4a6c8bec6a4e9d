"""Who else may write the configuration: whoever may, decides what bootheal deletes and runs, as whoever it runs as.

`check` tells it, as a warning: sudo and sshd refuse such files, but a person who tries a file of his own with sudo does
no harm, and a machine that is not healed for a mode of 0664 is worse off than one that is healed.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from pwd import getpwnam, getpwuid

from bootheal.config.several import DIRECTORY, parts
from bootheal.model.quoted import quoted

SERVICE = "bootheal"


def exposed(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each file or directory of a configuration that others may write, or replace files in, with what to do."""
    directory = path.with_name(DIRECTORY)
    trusted = {0, os.geteuid(), *_service()}
    for each in (path.parent, path, *([directory] if directory.is_dir() else []), *parts(path)):
        with suppress(OSError):  # what cannot be looked at cannot be read, which is told elsewhere
            if text := _exposed(each.stat(), trusted):
                yield str(each), text


def _exposed(status: os.stat_result, trusted: set[int]) -> str:
    what = "put files into it" if stat.S_ISDIR(status.st_mode) else "write it"
    if status.st_uid not in trusted:
        return f"{_named(status.st_uid)} may {what}, and so decides what bootheal does: chown root"
    if status.st_mode & stat.S_IWOTH:
        return f"everybody may {what}, and so decides what bootheal does: chmod o-w"
    if status.st_mode & stat.S_IWGRP and status.st_gid not in {0, *(_group(uid) for uid in trusted)}:
        return f"its group may {what}, and so decides what bootheal does: chmod g-w"
    return ""


def _service() -> set[int]:
    with suppress(KeyError):
        return {getpwnam(SERVICE).pw_uid}
    return set()


def _group(uid: int) -> int:
    """Return the group that a user has for himself, as Debian makes them; root's where there is no such user."""
    with suppress(KeyError):
        return getpwuid(uid).pw_gid
    return 0


def _named(uid: int) -> str:
    with suppress(KeyError):
        return f"user {quoted(getpwuid(uid).pw_name)}"
    return f"user {uid}"
