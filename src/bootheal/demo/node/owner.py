"""Whom container processes run as: root's servers are somebody else's, because PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bootheal.errors import DemoError

_READ, _SEARCH = 0o4, 0o1


@dataclass(frozen=True, slots=True)
class Owner:
    """A user and a group by number; None where it is simply us."""

    user: int | None = None
    group: int | None = None

    def own(self, path: Path) -> None:
        """Give a file or directory to the owner."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    def own_tree(self, directory: Path) -> None:
        """Give a directory to the owner, with all that is in it."""
        for path in (directory, *directory.rglob("*")):
            if not path.is_symlink():
                self.own(path)

    def reaches(self, path: Path) -> bool:
        """Whether the owner can get at a file or directory, judged by the rights of everybody."""
        if self.user is None:
            return os.access(path, os.R_OK | os.X_OK)
        path = path.resolve()
        if not path.exists() or not path.stat().st_mode & _READ:
            return False
        return all(parent.stat().st_mode & _SEARCH for parent in path.parents)

    def private_directory(self, ours: Path) -> Path:
        """Make a new directory that only the owner can enter: below `ours`, where the owner is us."""
        candidates = (ours,) if self.user is None else (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # noqa: S108
        for parent in candidates:
            if self.reaches(parent):
                made = Path(tempfile.mkdtemp(prefix="bootheal-demo-", dir=parent))
                self.own(made)
                return made
        raise DemoError("cannot find a temporary directory that the demo's servers can reach; set TMPDIR to one")


def unprivileged(name: str) -> Owner:
    """The user of a name where we are root, and us where we are not."""
    if os.geteuid() != 0:
        return Owner()
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise DemoError(f"cannot run the demo's servers as {name}: there is no such user") from None
    return Owner(entry.pw_uid, entry.pw_gid)
