"""What lies on the disk in another version than the one that runs: the next boot begins with it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

PROCESSES = Path("/proc")

# Where Debian and Ubuntu say which packages wait for a reboot, a name a line.
REQUIRED = Path("/run/reboot-required.pkgs")
MOST_NAMES = 20

# What the kernel writes behind the path of a program whose file was replaced since it was started.
_REPLACED = " (deleted)"


def upgrades(*programs: str, required: Path = REQUIRED, processes: Path = PROCESSES) -> Iterator[str]:
    """Yield, as "NAME: why", packages that wait for a reboot, and each program whose file was replaced under it.

    They are looked for on the PATH. Whose processes we may not see is not told of.
    """
    try:
        names = required.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        names = []
    yield from (f"{name}: it waits for a reboot" for name in list(dict.fromkeys(names))[:MOST_NAMES])
    for program in programs:
        if (path := shutil.which(program)) and _replaced(os.path.realpath(path), processes):
            yield f"{program}: {path} was replaced since it was started"


def _replaced(path: str, processes: Path) -> bool:
    for process in processes.glob("[0-9]*"):
        try:
            if str((process / "exe").readlink()) == path + _REPLACED:
                return True
        except OSError:
            continue
    return False
