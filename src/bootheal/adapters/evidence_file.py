"""What pods have said, kept apart from what everybody may read: applications log what is not for everybody's eyes.

The state file is readable by all, so that `bootheal status` is. What a log said stands in a file beside it, for its
owner and group alone; in its place the state file names it: in the evidence of an action, and within sentences.
"""

import json
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from bootheal.adapters.files import read_file, remove_leftovers, replace_file
from bootheal.model import ActionRecord, Outcome, Progress, Remembered, Report, StepMemory

FILE = "evidence.json"
MODE = 0o640
LONGEST = 16_000_000

# How the keys of `ActionRecord.evidence` begin whose texts may be a pod's own words: a status may quote a log, too.
LOGS = ("log ", "status")
_HERE, _END = f"kept in {FILE} for root and the service's group (", ")"
_NAMED = re.compile(re.escape(_HERE) + "([0-9a-f]{16})" + re.escape(_END))

# Less than this says nothing, and stands in many a sentence by chance.
LEAST = 4

Change = Callable[[str], str]
Item = TypeVar("Item")


class EvidenceFile:
    """What stands beside one state file. `logged` returns lines of logs that were told lately, see `World.logged`."""

    def __init__(self, directory: Path, logged: Callable[[], Collection[str]] = tuple) -> None:
        self._path, self._logged = directory / FILE, logged
        self._names: dict[str, str] = {}
        self._lines: set[str] = set()  # of those that were told the ones that stand in sentences
        self._written: Mapping[str, str] = {}
        self._plain: dict[str, StepMemory] = {}  # the steps of last time in which nothing was to be hidden
        self._telling: frozenset[str] = frozenset()

    def clean(self) -> None:
        """Remove what writers that were killed have left: it quotes logs. The lock of a pass must be held."""
        remove_leftovers(self._path)

    def hide(self, remembered: Remembered, *, durable: bool) -> Remembered:
        """Write the logs down here, and return what may be read by all. OSError where they cannot be written."""
        texts: dict[str, str] = {}
        lines: set[str] = set()

        def hidden(text: str) -> str:
            if text.startswith(_HERE):
                return text
            name = self._names.setdefault(text, secrets.token_hex(8))
            texts[name] = text
            return f"{_HERE}{name}{_END}"

        def line(text: str) -> str:
            lines.add(text)
            return hidden(text)

        telling = frozenset((*self._logged(), *self._lines))
        plain = self._plain if telling == self._telling else {}
        public = _with_logs(remembered, hidden, without(telling, line), plain)
        self._telling, kept = telling, remembered.steps.items()
        self._plain = {name: memory for name, memory in kept if public.steps[name] is memory}
        self._names, self._lines = {text: name for name, text in texts.items()}, lines
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

        def line(found: re.Match[str]) -> str:
            if found[1] in texts:
                self._lines.add(texts[found[1]])
            return texts.get(found[1], found[0])

        def shown(text: str) -> str:
            return texts.get(text.removeprefix(_HERE).removesuffix(_END), text)

        return _with_logs(remembered, shown, lambda text: _NAMED.sub(line, text) if _HERE in text else text)


def without(lines: Iterable[str], instead: Change) -> Change:
    """Return what puts something in the place of each of these lines, wherever in a text one stands."""
    telling = sorted({line for line in lines if len(line) >= LEAST}, key=len, reverse=True)
    if not telling:
        return str
    pattern = re.compile("|".join(map(re.escape, telling)))
    return lambda text: pattern.sub(lambda found: instead(found[0]), text)


def _with_logs(
    remembered: Remembered, change: Change, sentence: Change, plain: Mapping[str, StepMemory] = MappingProxyType({})
) -> Remembered:
    """Return it with each log changed, and each sentence; whatever stays as it is stays the very same object.

    What is `plain` is known to stay as it is: with each action that is recorded, little has changed since the last.
    """

    def record(done: ActionRecord) -> ActionRecord:
        evidence = {name: change(text) if name.startswith(LOGS) else text for name, text in done.evidence.items()}
        return _new(done, evidence=evidence, sentence=sentence(done.sentence), result=sentence(done.result))

    def outcome(said: Outcome) -> Outcome:
        remarks = tuple(map(sentence, said.remarks))
        actions = _each(record, said.actions)
        return _new(said, why=sentence(said.why), hint=sentence(said.hint), remarks=remarks, actions=actions)

    def report(said: Report | None) -> Report | None:
        return said and _new(said, outcomes=_each(outcome, said.outcomes))

    def progress(said: Progress) -> Progress:
        return _new(said, text=sentence(said.text))

    def step(name: str, memory: StepMemory) -> StepMemory:
        return memory if plain.get(name) is memory else _new(memory, done=_each(record, memory.done))

    return replace(
        remembered,
        steps={name: step(name, memory) for name, memory in remembered.steps.items()},
        progress={name: progress(said) for name, said in remembered.progress.items()},
        report=report(remembered.report),
        previous=report(remembered.previous),
        last_boot=report(remembered.last_boot),
    )


def _new(item: Item, **values: object) -> Item:
    """Return the item with these values: the very same one where they are what it has."""
    same = all(getattr(item, name) == value for name, value in values.items())
    return item if same else replace(item, **values)  # type: ignore[type-var]


def _each(change: Callable[[Item], Item], items: tuple[Item, ...]) -> tuple[Item, ...]:
    changed = tuple(map(change, items))
    return items if all(one is other for one, other in zip(items, changed, strict=True)) else changed
