"""The history of the last boots on the disk: one JSON file beside the state, replaced at once or not at all.

It is written at the end of a pass, under the pass' lock, when the report is safe. What keeps it from being written
or understood never fails a pass: it is told, once.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bootheal.adapters.files import Identity, advice, read_file, remove_leftovers, replace_file, stamp
from bootheal.errors import StateError
from bootheal.history.boots import LONGEST_BYTES, fitted, with_pass
from bootheal.model import BootRecord, History, PassRecord, from_json, to_json
from bootheal.model.quoted import visible

FILE = "history.json"
VERSION = 1

# JSON takes more than what is counted: escapes, and the names of the fields.
LONGEST = 4 * LONGEST_BYTES


def read(directory: Path) -> History:
    """Return what is kept; nothing where there is no file. StateError where it cannot be read or understood."""
    path = directory / FILE
    try:
        return _decoded(read_file(path, LONGEST))
    except FileNotFoundError:
        return History()
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise StateError(
            f"cannot read {path}: it cannot be understood: {error}", hint="the next run sets it aside and begins anew"
        ) from None


def _decoded(data: bytes) -> History:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    match said:
        case {"version": 1, "boots": boots, **rest} if not rest:
            plain = data.isascii() and not any(each in data for each in _ACTING)  # most are
            history = from_json(History, {"boots": boots if plain else _shown(boots)})
            if not all(boot.passes for boot in history.boots):
                raise ValueError("a boot in it has no pass")
            return history
        case {"version": int(version)}:
            raise ValueError(f"it is of version {version} and this bootheal knows version {VERSION}")
        case _:
            raise ValueError("it has no version")


def _shown(said: Any) -> Any:
    """Return it with each text as it may be shown: it was, when it was written, but the file is not only ours."""
    match said:
        case str():
            return visible(said)
        case list():
            return [_shown(each) for each in said]
        case dict():
            return {_shown(key): _shown(value) for key, value in said.items()}
        case _:
            return said


# In JSON whatever else acts on a terminal is an escape.
_ACTING = (b"\\", b"\x7f")


class HistoryFile:
    """Adds passes to the file in `directory`. `complain` is told what keeps it from that, once."""

    def __init__(self, directory: Path, complain: Callable[[str], None]) -> None:
        self._directory, self._path, self._complain = directory, directory / FILE, complain
        self._trouble = ""
        self._read: tuple[Identity | None, History] | None = None

    def known(self, epoch: str, boot: str) -> BootRecord | None:
        """Return what is kept of this boot, None where nothing is, or it cannot be read."""
        try:
            read_as, history = stamp(self._path), read(self._directory)
        except StateError:
            return None
        self._read, boots = (read_as, history), history.boots
        return boots[-1] if boots and (boots[-1].epoch, boots[-1].boot) == (epoch, boot) else None

    def add(self, boot: BootRecord, record: PassRecord) -> History | None:
        """Add a pass that has ended, under the lock; return all that is kept, None where that cannot be."""
        trouble, kept = "", None
        try:
            remove_leftovers(self._path)
            history = with_pass(self._kept(), boot, record)
            if len(text := _encoded(history)) > LONGEST_BYTES:
                text = _encoded(history := fitted(history))
            replace_file(self._path, text, durable=False)
            kept = history
        except OSError as error:
            hint = advice(error, f"make {self._directory} writable by whoever runs bootheal")
            trouble = f"cannot keep the history of boots in {self._path}: {error.strerror}; {hint}"
        if trouble and trouble != self._trouble:
            self._complain(trouble)
        self._trouble = trouble
        return kept

    def _kept(self) -> History:
        """Return what is there; what is not understood is set aside: there is one such file at most, the latest."""
        known, self._read = self._read, None
        if known and known[0] == stamp(self._path):
            return known[1]
        try:
            return read(self._directory)
        except StateError as error:
            aside = self._path.with_suffix(".aside")
            self._path.rename(aside)
            self._complain(f"the history of boots was set aside as {aside}: {error}")
            return History()


def _encoded(history: History) -> str:
    return json.dumps({"version": VERSION} | to_json(history), separators=(",", ":"))
