"""The kernel that runs, the one that would; its control groups; who keeps the time; what it complains of."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path

from bootheal.adapters.machine.texts import text
from bootheal.adapters.systemctl import Commands, answer

RELEASE, IMAGES, LINKS = "proc/sys/kernel/osrelease", "boot", ("vmlinuz", "boot/vmlinuz")
CLOCKS, SOURCE = "sys/class/rtc", "sys/devices/system/clocksource/clocksource0/available_clocksource"
GROUPS, UNIFIED = "sys/fs/cgroup", "sys/fs/cgroup/cgroup.controllers"
MOST_IMAGES = 100

# A guest whose host tells it the time needs no clock of its own.
_TOLD_BY_HOST = frozenset({"kvm-clock", "xen", "hyperv_clocksource_tsc_page", "hyperv_clocksource_msr"})

# What a kernel says of a disk that fails, or of a file system that it gives up, or has found damaged. What a disk
# refuses to discard is no loss.
_COMPLAINT = re.compile(
    r"(?:I/O error,? dev (?!.*op 0x\w+:\((?:DISCARD|WRITE_ZEROES)\))|I/O error on dev(?:ice)? "
    r"|Buffer I/O error on dev(?:ice)? |medium error, dev |\[(?=\w+\] .*Sense Key : (?:Medium|Hardware) Error)"
    r"|nvme (?=nvme\d+: (?:controller is down; will reset|Device not ready; aborting"
    r"|(?:Disabling device|Removing) after ))|md/raid\w+:md\S+: Disk failure on "
    r"|EXT[234]-fs error \(device |EXT[234]-fs warning \(device (?=.*(?:error -5\b|I/O error))"
    r"|EXT[234]-fs \((?=\S+\): (?:Remounting|error|I/O error|Delayed block allocation failed"
    r"|warning: mounting fs with errors))"
    r"|XFS \((?=\S+\): (?:Corruption|[Mm]etadata|Internal error|log (?:I/O error|mount/recovery failed)"
    r"|Filesystem has been shut down|Unmount and run xfs_repair))"
    r"|BTRFS:? (?:error|critical) \(device |BTRFS (?:warning|info) \(device (?=.*(?:csum failed|forced readonly)))"
    r"(?P<disk>[a-z][\w!-]*)"
)
LINES = 5000
MOST_COMPLAINTS = 8

# What can be taken out, and what is no disk.
_NO_DISK = re.compile(r"(?:sr|fd|loop|zram|nbd)\d")


def upgrade(root: Path) -> Mapping[str, str]:
    """Return {"linux": why} where the next boot would run another kernel than this one."""
    running = text(root / RELEASE).strip()
    wanted = next((name for link in LINKS if (name := _linked(root / link))), "") or _newest(root / IMAGES, running)
    if not running or not wanted or wanted == running:
        return {}
    return {"linux": f"{running} runs, and {wanted} is on the disk"}


def _linked(link: Path) -> str:
    """Return the version of the kernel that a distribution's link names, "" where there is none."""
    try:
        target = os.readlink(link)  # noqa: PTH115 - what it says, not where it leads
    except OSError:
        return ""
    head, _, version = target.rpartition("/")[2].partition("-")
    return version if head == "vmlinuz" else ""


def _newest(directory: Path, running: str) -> str:
    """Return the highest version of the same flavour ("amd64" of 6.1.0-28-amd64)."""
    flavour = _flavour(running)
    try:
        names = [each.name for each in islice(directory.iterdir(), MOST_IMAGES)]
    except OSError:
        return ""
    versions = [name.removeprefix("vmlinuz-") for name in names if re.match(r"vmlinuz-\d", name)]
    return max((each for each in versions if _flavour(each) == flavour), key=_ordered, default="")


def _flavour(version: str) -> str:
    last = version.rpartition("-")[2]
    return last if last[:1].isalpha() else ""


def _ordered(version: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"\d+|[a-z]+", version)]


def old_cgroups(root: Path) -> bool:
    """Tell whether the kernel's first version of control groups is in force; a mount of both counts as the first."""
    return (root / GROUPS).is_dir() and any((root / GROUPS).iterdir()) and not (root / UNIFIED).exists()


def battery(root: Path) -> bool | None:
    """Tell whether the time is kept while the machine is off, by a clock or by the machine's host; None: not known."""
    if _TOLD_BY_HOST & set(text(root / SOURCE).split()):
        return True
    if not (root / "sys/class").is_dir():
        return None
    return (root / CLOCKS).is_dir() and any((root / CLOCKS).iterdir())


def log(commands: Commands, gaps: list[str]) -> Iterator[str]:
    """Yield the kernel's lines of this boot, the latest of them; they are asked of the journal."""
    options = ["--quiet", "--no-pager", "--dmesg", "--boot", f"--lines={LINES}", "--output=json"]
    said = answer([commands.journalctl, *options, "--output-fields=MESSAGE"])
    if not said:
        gaps.append("the kernel's log: its journal is not there, or not ours to read (the group systemd-journal may)")
    for line in said.split("\n"):
        with suppress(ValueError):
            message = json.loads(line).get("MESSAGE")
            if isinstance(message, str):
                yield message


def complaints(lines: Iterable[str], disks: frozenset[str]) -> dict[str, str]:
    """Return what was said last of each of these disks; of others a cluster does not care."""
    found: dict[str, str] = {}
    for line in lines:
        if (said := _COMPLAINT.search(line)) and not _NO_DISK.match(said["disk"]):
            disk = said["disk"]
            if any(_same(disk, each) for each in disks):
                found.pop(disk, None)
                found[disk] = line
    return dict(list(found.items())[-MOST_COMPLAINTS:])


def _same(one: str, other: str) -> bool:
    """Tell whether both are on one disk: sda and sda1, nvme0n1 and nvme0n1p2, which nvme0 is the controller of."""
    return (
        one == other or _disk(one) == _disk(other) or re.fullmatch(rf"{re.escape(one)}n\d+(?:p\d+)?", other) is not None
    )


def _disk(name: str) -> str:
    return re.sub(r"(?<=\d)p\d+$" if re.match(r"(?:nvme|mmcblk)", name) else r"(?<=[a-z])\d+$", "", name)
