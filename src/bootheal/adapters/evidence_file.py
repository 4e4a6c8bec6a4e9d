"""Last words of pods, kept apart from what everybody may read: applications log what is not for everybody's eyes.

The state file is readable by all, so that `bootheal status` is. What a log said stands in a file beside it, for its
owner and group alone; in its place the state file names it.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bootheal.adapters.files import read_file, replace_file
from bootheal.model import ActionRecord, Remembered, Report

FILE = "evidence.json"
MODE = 0o640
LONGEST = 16_000_000

# How the keys of `ActionRecord.evidence` begin whose texts may be a pod's own words: a status may quote a log, too.
LOGS = ("log ", "status")
_HERE, _END = f"kept in {FILE} for root and the service's group (", ")"


class EvidenceFile:
    """What stands beside one state file."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._names: dict[str, str] = {}
        self._written: Mapping[str, str] = {}

    def hide(self, remembered: Remembered, *, durable: bool) -> Remembered:
        """Write the logs down here, and return what may be read by all. OSError where they cannot be written."""
        texts: dict[str, str] = {}

        def hidden(text: str) -> str:
            if text.startswith(_HERE):
                return text
            name = self._names.setdefault(text, secrets.token_hex(8))
            texts[name] = text
            return f"{_HERE}{name}{_END}"

        public = _with_logs(remembered, hidden)
        self._names = {text: name for text, name in self._names.items() if name in texts}
        if texts != self._written:
            replace_file(self._path, json.dumps(texts), durable=durable, mode=MODE)
            self._written = texts
        return public

    def show(self, remembered: Remembered) -> Remembered:
        """Put the logs back where they were; what may not be read, or is gone, stays named."""
        try:
            said = json.loads(read_file(self._path, LONGEST))
        except (OSError, ValueError, RecursionError):
            return remembered
        texts = {name: text for name, text in said.items() if isinstance(text, str)} if isinstance(said, dict) else {}
        self._names, self._written = {text: name for name, text in texts.items()}, texts
        return _with_logs(remembered, lambda text: texts.get(text.removeprefix(_HERE).removesuffix(_END), text))


def _with_logs(remembered: Remembered, change: Callable[[str], str]) -> Remembered:
    """Return it with each log changed; whatever has none stays the very same object."""

    def record(done: ActionRecord) -> ActionRecord:
        if not any(name.startswith(LOGS) for name in done.evidence):
            return done
        changed = {name: change(text) if name.startswith(LOGS) else text for name, text in done.evidence.items()}
        return replace(done, evidence=changed)

    def records(done: tuple[ActionRecord, ...]) -> tuple[ActionRecord, ...]:
        changed = tuple(map(record, done))
        return done if all(one is other for one, other in zip(done, changed, strict=True)) else changed

    def report(said: Report | None) -> Report | None:
        if said is None:
            return None
        outcomes = tuple(
            outcome if (changed := records(outcome.actions)) is outcome.actions else replace(outcome, actions=changed)
            for outcome in said.outcomes
        )
        unchanged = all(one is other for one, other in zip(said.outcomes, outcomes, strict=True))
        return said if unchanged else replace(said, outcomes=outcomes)

    steps = {
        name: memory if (changed := records(memory.done)) is memory.done else replace(memory, done=changed)
        for name, memory in remembered.steps.items()
    }
    return replace(
        remembered,
        steps=steps,
        report=report(remembered.report),
        previous=report(remembered.previous),
        last_boot=report(remembered.last_boot),
    )
