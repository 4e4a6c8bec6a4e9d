"""What is mounted now, what the next boot would mount, and what it would wait for in vain."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bootheal.adapters.host import unescaped
from bootheal.adapters.machine.texts import rows, text
from bootheal.model.machine import Mount, Swap, TableLine

MOUNTS, TABLE, SWAPS, DPHYS = "proc/self/mountinfo", "etc/fstab", "proc/swaps", "etc/dphys-swapfile"

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

# On a device, or of another machine; all else the kernel makes up, or somebody's own service mounts it.
_LASTS = re.compile(r"/dev/|//|\S+:/")
_BY_OTHERS = frozenset({"autofs", "squashfs", "overlay"})

# What the sandbox of a service has put over the machine's own directory.
_SANDBOX = re.compile(r"/(?:var/)?tmp/systemd-private-")

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


class _Mounted(NamedTuple):
    """A mount: which directory of what, where, of which kind."""

    directory: str
    path: str
    kind: str
    source: str


def _mounted(root: Path) -> Iterator[_Mounted]:
    """Yield what is mounted: proc(5), mountinfo."""
    for line in text(root / MOUNTS).split("\n"):
        fields = line.split(" ")
        if "-" in fields[6:-2]:
            after = fields.index("-", 6)
            directory, path = map(unescaped, fields[3:5])
            yield _Mounted(directory, path, fields[after + 1], unescaped(fields[after + 2]))


def mounts(root: Path) -> Iterator[Mount]:
    """Yield what is mounted beside the root itself, from a device or another machine."""
    found = {each.path: each for each in _mounted(root)}
    lines = {line.path for line in _table(root) if "noauto" not in line.options}
    automatic = [each.path for each in found.values() if each.kind == "autofs"]
    for path, each in sorted(found.items()):
        lasts = _LASTS.match(each.source) or each.kind.startswith("fuse.")
        in_its_place = each.directory == path or _SANDBOX.match(each.directory)
        if path != "/" and lasts and each.kind not in _BY_OTHERS and not in_its_place:
            kept = path in lines or path in automatic or _has_unit(root, path, "mount")
            yield Mount(path, each.source, kept or any(path.startswith(f"{other}/") for other in automatic))


def devices(root: Path, places: Iterable[str]) -> frozenset[str]:
    """Return the names of the devices that directories are on, and of those that these are made from."""
    found = set[str]()
    table = list(_mounted(root))
    for place in places:
        above = [each for each in table if f"{place}/".startswith(f"{each.path.rstrip('/')}/")]
        source = max(above, key=lambda each: len(each.path)).source if above else ""
        if source.startswith("/dev/") and (name := _block(root, source)):
            found |= {name, *_names(root / _BLOCKS / name / "slaves")}
    return frozenset(found)


def _block(root: Path, source: str) -> str:
    """Return the kernel's name of a device: "dm-0" for /dev/mapper/vg-root, "" where it is not known."""
    if source.startswith("/dev/mapper/"):
        wanted = source.removeprefix("/dev/mapper/")
        numbered = islice((root / _BLOCKS).glob("dm-*"), MOST_DEVICES)
        return next((each.name for each in numbered if text(each / "dm/name").strip() == wanted), "")
    with suppress(OSError):
        return (root / source.lstrip("/")).readlink().name
    name = source.removeprefix("/dev/")
    return name if name != source and "/" not in name else ""


def _names(directory: Path) -> list[str]:
    try:
        return [each.name for each in islice(directory.iterdir(), MOST_DEVICES)]
    except OSError:
        return []


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
    used = {unescaped(words[0]) for words in rows(root / SWAPS) if words[0].startswith("/")}
    used = {path for path in used if not path.startswith("/dev/zram")}
    lines = {line.source for line in _table(root) if line.kind == "swap" and "noauto" not in line.options}
    then = {f"/dev/{name}" if (name := _block(root, source)) else source for source in lines}
    others = any(not source.startswith("/") for source in lines) or _has_swap_unit(root)  # UUID=: whichever that is
    for path in sorted(used | {path for path in then if path.startswith("/")}):
        kept = path in then or (others if path.startswith("/dev/") else _makes_its_own(root, path))
        yield Swap(path, now=path in used, then=kept)
    if not any(path.startswith("/dev/") for path in used):
        yield from (Swap(source, now=False, then=True) for source in sorted(then) if not source.startswith("/"))


def _has_swap_unit(root: Path) -> bool:
    return any(name.startswith("dev-") and name.endswith(".swap") for place in UNITS for name in _names(root / place))


def _makes_its_own(root: Path, path: str) -> bool:
    """Tell whether a unit brings a file back as swap, or Raspberry Pi OS' own service."""
    return _has_unit(root, path, "swap") or (root / DPHYS).exists()


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
            return bool(_block(root, source))
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
