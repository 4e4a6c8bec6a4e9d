"""What is mounted now, what the next boot would mount, and what it would wait for in vain."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bootheal.adapters.host import unescaped
from bootheal.adapters.machine.texts import rows, text
from bootheal.model.machine import Mount, Swap, TableLine

MOUNTS, TABLE, SWAPS = "proc/self/mountinfo", "etc/fstab", "proc/swaps"

# Where systemd finds units; what it has made of fstab, and of a partition table, is under /run.
UNITS = (
    "etc/systemd/system",
    "run/systemd/system",
    "run/systemd/generator",
    "run/systemd/generator.early",
    "run/systemd/generator.late",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
)

# File systems of the kernel's own, and those that somebody else mounts at each boot: zfs-mount, an automounter.
_NOT_KEPT_BY_TABLE = frozenset(
    {
        "tmpfs",
        "devtmpfs",
        "proc",
        "sysfs",
        "cgroup",
        "cgroup2",
        "overlay",
        "autofs",
        "zfs",
        "squashfs",
        "nsfs",
        "mqueue",
    }
)

# What systemd finds without a device of its own: no boot waits for these.
_NO_DEVICE = re.compile(r"(?!/dev/|(?:UUID|LABEL|PARTUUID|PARTLABEL)=)")

_BY = {"UUID": "by-uuid", "LABEL": "by-label", "PARTUUID": "by-partuuid", "PARTLABEL": "by-partlabel"}
# The same in the notes of udev, which a service sees that has a /dev of its own.
_NOTED = {
    "UUID": ("ID_FS_UUID", "ID_FS_UUID_SUB"),
    "LABEL": ("ID_FS_LABEL", "ID_FS_LABEL_ENC"),
    "PARTUUID": ("ID_PART_ENTRY_UUID",),
    "PARTLABEL": ("ID_PART_ENTRY_NAME",),
}
_NOTES, _BLOCKS = "run/udev/data", "sys/class/block"
MOST_DEVICES = 1000

# Without these a boot goes on.
_SPARED = frozenset({"nofail", "noauto", "x-systemd.automount", "_netdev"})


class _Line(NamedTuple):
    """A line of fstab: what, where, of which kind, how."""

    source: str
    path: str
    kind: str
    options: frozenset[str]


def _table(root: Path) -> Iterator[_Line]:
    for words in rows(root / TABLE):
        source, path, kind, options = (*map(unescaped, words[:4]), "", "", "", "")[:4]
        yield _Line(source, path if path == "/" else path.rstrip("/"), kind, frozenset(options.split(",")))


def mounts(root: Path) -> Iterator[Mount]:
    """Yield what is mounted beside the root itself and what the kernel makes up, the deepest last."""
    table = [line.split(" ") for line in text(root / MOUNTS).split("\n") if " - " in line]
    found: dict[str, tuple[str, str]] = {}
    for fields in table:
        after = fields.index("-")
        kind, source = fields[after + 1], fields[after + 2]
        found[unescaped(fields[4])] = (kind, unescaped(source))
    lines = {line.path for line in _table(root) if "noauto" not in line.options}
    automatic = [path for path, (kind, _) in found.items() if kind == "autofs"]
    for path, (kind, source) in sorted(found.items()):
        if path != "/" and kind not in _NOT_KEPT_BY_TABLE:
            kept = path in lines or path in automatic or _has_unit(root, path, "mount")
            yield Mount(path, source, kept or any(path.startswith(f"{each}/") for each in automatic))


def missing(root: Path) -> Iterator[TableLine]:
    """Yield the lines of fstab whose device there is not, and without which a boot does not go on.

    Where nothing tells which devices there are, nothing is missing.
    """
    for line in _table(root):
        waited_for = line.path.startswith("/") and not _SPARED & line.options and not _NO_DEVICE.match(line.source)
        if waited_for and _there(root, line.source) is False:
            yield TableLine(line.source, line.path)


def swaps(root: Path) -> Iterator[Swap]:
    """Yield swap areas that are in use now, or would be after the next boot; not those in memory (zram)."""
    now = {unescaped(words[0]) for words in rows(root / SWAPS) if words[0].startswith("/")}
    now = {path for path in now if not path.startswith("/dev/zram")}
    then = {line.source for line in _table(root) if line.kind == "swap" and "noauto" not in line.options}
    unnamed = {source for source in then if not source.startswith("/")}
    for path in sorted(now | (then - unnamed)):
        kept = path in then or _has_unit(root, path, "swap") or (bool(unnamed) and path.startswith("/dev/"))
        yield Swap(path, now=path in now, then=kept)
    if not any(path.startswith("/dev/") for path in now):  # one of these would stand for it
        yield from (Swap(source, now=False, then=True) for source in sorted(unnamed))


def unit_name(path: str) -> str:
    """Return the name that systemd gives a path (systemd-escape --path): "srv-data" for /srv/data."""
    inner = "/".join(part for part in path.split("/") if part)
    if not inner:
        return "-"
    told = []
    for index, byte in enumerate(inner.encode(errors="surrogateescape")):
        letter = chr(byte)
        plain = letter.isascii() and (letter.isalnum() or (letter in ":_." and not (letter == "." and index == 0)))
        told.append("-" if letter == "/" else letter if plain else f"\\x{byte:02x}")
    return "".join(told)


def _has_unit(root: Path, path: str, kind: str) -> bool:
    names = (f"{unit_name(path)}.{kind}", f"{unit_name(path)}.automount")
    return any((root / place / name).is_file() for place in UNITS for name in names)


def _there(root: Path, source: str) -> bool | None:
    """Tell whether there is a device of this name; None where that cannot be told."""
    word, sign, value = source.partition("=")
    if sign and word in _BY:
        return _noted(root, word, value.strip('"'))
    if (root / source.lstrip("/")).exists():
        return True
    if not source.startswith("/dev/disk/"):
        name = source.removeprefix("/dev/").removeprefix("mapper/")
        blocks = root / _BLOCKS
        if not blocks.is_dir():
            return None
        if "/mapper/" in source:
            names = (text(each / "dm/name").strip() for each in islice(blocks.glob("dm-*"), MOST_DEVICES))
            return name in names
        # A link of udev's own making, such as /dev/vg/lv, is not known where /dev is not.
        return (blocks / name).exists() if "/" not in name else (None if not (root / "dev/disk").is_dir() else False)
    return False if (root / "dev/disk").is_dir() else None


def _noted(root: Path, word: str, value: str) -> bool | None:
    directory, notes = root / "dev/disk" / _BY[word], root / _NOTES
    if (directory / value).exists():
        return True
    if not notes.is_dir():
        return False if directory.is_dir() else None
    wanted = {f"E:{key}={value}".lower() for key in _NOTED[word]}
    for note in islice(notes.glob("b*"), MOST_DEVICES):
        if wanted & {line.lower() for line in text(note).split("\n")}:
            return True
    return False
