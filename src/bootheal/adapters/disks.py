"""How full the disks of this machine are on which a cluster stands, and whether the kernel has made one read-only."""

import os
from collections.abc import Iterable
from pathlib import Path

from bootheal.model.scene import Disk

MOUNTS = Path("/proc/self/mountinfo")

# Where k3s, Docker and the kubelet keep what they cannot do without.
PLACES = ("/var/lib/rancher", "/var/lib/docker", "/var/lib/kubelet", "/")


def disks(places: Iterable[str] = PLACES, mounts: Path = MOUNTS) -> tuple[Disk, ...]:
    """Look at each file system once, by the first place on it. Empty where nothing may be seen."""
    found: dict[int, Disk] = {}
    failed = _failed(mounts)
    for place in places:
        try:
            device, room = Path(place).stat().st_dev, os.statvfs(place)
        except OSError:
            continue
        number = f"{os.major(device)}:{os.minor(device)}"
        if device not in found:
            found[device] = Disk(
                place,
                room.f_bavail / room.f_blocks if room.f_blocks else 1.0,
                room.f_favail / room.f_files if room.f_files else 1.0,
                read_only=place != "/" and number in failed,  # a root that is read-only may be meant so
            )
    return tuple(found.values())


def _failed(mounts: Path) -> frozenset[str]:
    """Return the devices whose file systems are read-only themselves, by number: a sandbox's mounts of them may be."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    fields = [line.split() for line in lines]
    return frozenset(each[2] for each in fields if len(each) > 2 and "ro" in each[-1].split(","))  # noqa: PLR2004
