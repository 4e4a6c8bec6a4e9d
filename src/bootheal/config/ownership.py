"""Which files bootheal writes, and that none of them is a file that somebody else needs."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bootheal.config.document import KeyPath
from bootheal.config.file import File
from bootheal.config.section import Finding
from bootheal.config.source import dotted

STATE: KeyPath = ("state_directory",)
METRICS: KeyPath = ("metrics_file",)

# What the state directory holds besides metrics is its own: by these names today, by others tomorrow.
_OURS = ("state", "history", "evidence", "preflight", "notify")
OWN_NAMES = (*(f"{hidden}{name}." for name in _OURS for hidden in ("", ".")), "lock")
METRICS_ENDING = ".prom"
METRICS_BEGINNING = b"# HELP bootheal_"


def problems(file: File, configuration: Path, *, look: bool) -> Iterator[Finding]:
    """Yield what would be overwritten. `look`: also what on the disk is no directory, though it should be one."""
    state = _real(file.state_directory)
    read = {**_read(file), _real(configuration): "the configuration itself"}
    for path, what in read.items():
        if path == state or path in state.parents:
            yield STATE, f"cannot be {what}, nor lie in it: that is a file"
        elif path.parent == state and path.name.startswith(OWN_NAMES):
            yield STATE, f"cannot hold {what}: its own file {path.name} would overwrite that"
    if file.metrics_file:
        yield from ((METRICS, text) for text in _metrics(file.metrics_file, state, read))
    if look and (blocking := next((each for each in (state, *state.parents) if stat.S_ISREG(_mode(each))), None)):
        yield STATE, f"cannot be a directory: {blocking} is a file"


def _mode(path: Path) -> int:
    """Return what lies there, 0 if that is nothing, or cannot be known."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _real(path: Path) -> Path:
    """Follow links, as far as there are any: two names of one file are the same."""
    try:
        return Path(os.path.realpath(path))
    except OSError:  # the directory that we are in is gone: what is named from there is no other file
        return path


def _read(file: File) -> dict[Path, str]:
    """Map each file that the configuration names, but for the two that it is about, to what it is."""
    return {
        _real(value): f"the file of {dotted((*place, key))}"
        for place, section in file.tree()
        for key, value in section
        if isinstance(value, Path) and (*place, key) not in (STATE, METRICS)
    }


def _metrics(named: Path, state: Path, read: dict[Path, str]) -> Iterator[str]:
    path = _real(named)
    if path in read:
        yield f"cannot be {read[path]}: it would be overwritten"
    elif path == state or path in state.parents:
        yield "cannot be the state directory, nor hold it: it is a file"
    elif state in path.parents and not _is_guest(path.relative_to(state)):
        yield f"cannot be one of the state directory's own files: end its name with {METRICS_ENDING}"
    elif foreign := _foreign(path):
        yield f"cannot be {foreign}: it would be overwritten; name a file that is not there yet"


def _is_guest(path: Path) -> bool:
    return path.suffix == METRICS_ENDING and not path.parts[0].startswith(OWN_NAMES)


def _foreign(path: Path) -> str:
    """Say what lies at the path if that is not what an earlier run has written there, "" if it is, or nothing is."""
    if (mode := _mode(path)) and not stat.S_ISREG(mode):
        return "a directory or a device"
    try:
        with path.open("rb") as found:
            beginning = found.read(len(METRICS_BEGINNING))
    except OSError:
        return ""  # there is none, or it will be told where it is written
    return "a file that holds something else" if beginning and beginning != METRICS_BEGINNING else ""
