"""What the state file says, version 3: what is remembered, who wrote it, and a sum by which damage is known.

    {"version": 3, "crc32": "…", "author": "…", "epoch": "…", "boot": "…",
     "steps": {name: {"first_seen": {…}, "done": […], "incident": 0}},
     "recovering_since": … | null, "progress": {step: {"kind": …, "text": …, "at": …}}, "report": {…} | null,
     "previous": {…} | null, "last_boot": {…} | null,
     "baseline": {name: {fact: …}}, "boots_in_vain": {name: {action: epochs}},
     "stands_by": "…"}

`author` is the process that wrote it last. The rest is `model.Remembered`, field by field; its types are what is
checked. A field with a default may be added at any time; whoever renames one, or an action, raises the version and
adds to `_migrated`. The sum is that of the file's text behind it.
"""

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any, NoReturn

from bootheal.model import Remembered, Report, from_json, to_json

VERSION, LATEST = 3, 1000

# What version 2 called otherwise.
RENAMED = {
    "lend": "lower-setting",
    "repay": "restore-setting",
    "start-part": "start-component",
    "restart-part": "restart-component",
    "restore-names": "restore-node-hosts",
}
REPORTS = ("report", "previous", "last_boot")

_HEAD = re.compile(r'\{"version": 3, "crc32": "([0-9a-f]{8})", ')
_AUTHOR = re.compile(r"(\d{1,9} \d{1,20})?")


class VersionError(ValueError):
    """The file is of another version of bootheal."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is remembered, and by which process, see `process_identity`; "" where that is not known."""

    remembered: Remembered
    author: str


def to_dict(contents: Contents) -> dict[str, Any]:
    """Return what the file says, without the sum."""
    said: dict[str, Any] = json.loads(encode(contents))
    return {name: value for name, value in said.items() if name != "crc32"}


def encode(contents: Contents) -> str:
    """Return the file's text."""
    return Encoder().encode(contents)


class Encoder:
    """Encodes it again and again: with each action that is recorded, but what changed since is little.

    The values are frozen, so that the text of each is known by its identity.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, str]] = {}
        self._used: dict[int, tuple[object, str]] = {}

    def encode(self, contents: Contents) -> str:
        """Return the file's text."""
        facts = ((field.name, getattr(contents.remembered, field.name)) for field in fields(contents.remembered))
        text = self._object([("author", contents.author), *facts])[1:]
        self._known, self._used = self._used, {}
        return f'{{"version": {VERSION}, "crc32": "{_sum(text)}", {text}'

    def _object(self, items: Iterable[tuple[str, object]]) -> str:
        return "{" + ", ".join(f"{_name(name)}: {self._text(value)}" for name, value in items) + "}"

    def _text(self, value: object) -> str:
        known = self._known.get(id(value))
        if known is None:
            if isinstance(value, Mapping):
                return self._object(value.items())
            if not is_dataclass(value):
                return json.dumps(value)
            known = value, json.dumps(_with_verdict(to_json(value), value))
        self._used[id(value)] = known
        return known[1]


_name = lru_cache(maxsize=10_000)(json.dumps)


def _with_verdict(said: dict[str, Any], value: object) -> dict[str, Any]:
    """Add to a report the one word that whoever reads it wants."""
    return said | {"verdict": value.verdict.value} if isinstance(value, Report) else said


def decode(data: bytes) -> Contents:
    """Understand the file's text. ValueError says why it cannot be understood, VersionError that it need not be."""
    if not data:
        raise ValueError("it is empty")
    said: dict[str, Any]
    try:
        text = data.decode()
        said = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    match said:
        case {"version": 3, "crc32": _, **said} if _undamaged(text):
            return _contents(said)
        case {"version": 3}:
            raise ValueError("it was damaged, or changed by somebody else than bootheal")
        case {"version": 2, **said}:
            return _contents(_migrated(said))
        case {"version": int(version)} if 0 <= version < LATEST:
            raise VersionError(f"it is of version {version} and this bootheal knows version {VERSION}")
        case _:
            raise ValueError("it has no version")


def _contents(data: dict[str, Any]) -> Contents:
    author = data.pop("author", "")
    if not isinstance(author, str) or not _AUTHOR.fullmatch(author):
        raise ValueError("author is no process")
    for name in REPORTS:
        if isinstance(report := data.get(name), dict):
            report.pop("verdict", None)
    return Contents(from_json(Remembered, data), author)


def _undamaged(text: str) -> bool:
    head = _HEAD.match(text)
    return head is not None and head[1] == _sum(text[head.end() :])


def _sum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


# --- version 2 ------------------------------------------------------------------------------------


def _migrated(data: dict[str, Any]) -> dict[str, Any]:
    """Return what version 2 said in the words of this one, so that an upgrade in mid-boot forgets no loan."""
    try:
        data["baseline"] = data.pop("kept", {})
        data["boots_in_vain"] = {
            step: {RENAMED.get(action, action): boots for action, boots in actions.items()}
            for step, actions in data.pop("fruitless", {}).items()
        }
        records = [done for memory in data["steps"].values() for done in memory["done"]]
        outcomes = [outcome for name in REPORTS if data.get(name) for outcome in data[name]["outcomes"]]
        for done in records + [done for outcome in outcomes for done in outcome["actions"]]:
            done["action"] = RENAMED.get(done["action"], done["action"])
            done["objects"] = int(done.get("note", {}).get("count", 1))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ValueError("it is not as version 2 was") from None
    return data
