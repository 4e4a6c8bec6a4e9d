"""What a file says and where, and what is wrong with it: all of that is told at once, each with line and column."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from bootheal.config import passwords
from bootheal.config.document import Document, KeyPath, read
from bootheal.config.nodes import UnreadableError
from bootheal.config.reading import THE_FILE
from bootheal.errors import ConfigurationError, Problem
from bootheal.model.quoted import quoted

# A screen, or an entry of the journal. What does not fit is told by its lines.
LONGEST = 1_900
LONGEST_TEXT, LONGEST_PATH, LONGEST_KEY, LONGEST_REST = 500, 200, 80, 150

# More than this nobody reads, and looking for more takes long.
MOST_PROBLEMS = 100

# Longer ones, or among more, take long to compare.
_LONGEST_WORD, _MOST_WORDS, _MOST_GUESSES = 100, 300, 20


@dataclass(slots=True)
class Source:
    """A parsed file: its plain data, where each key and item of it stands, and what is wrong so far."""

    name: str
    document: Document
    problems: list[Problem] = field(default_factory=list)
    known: set[KeyPath] = field(default_factory=set)
    files: dict[KeyPath, str] = field(default_factory=dict)
    """Which file each path comes from, if not from the main one; all below it does, too."""

    @property
    def data(self) -> Any:
        """The plain data: a mapping."""
        return self.document.data

    def complain(self, path: KeyPath, text: str, place: tuple[int, int] | None = None, file: str = "") -> None:
        """Note a problem at `path`, or at the nearest place above it. ConfigurationError once there are too many.

        `place` and `file` say where it is, if not where `path` stands.
        """
        line, column = place or self.place(path)
        named = file or self.file_of(path)
        problem = Problem(line, column, dotted(path), quoted(text, LONGEST_TEXT), "" if named == self.name else named)
        if problem not in self.problems:
            self.problems.append(problem)
            self.known.add(path)
        if len(self.problems) >= MOST_PROBLEMS:
            self.stop_on_problems()

    def shown(self, path: KeyPath, value: object) -> str:
        """Begin a sentence on a value that stands at `path`: it is quoted, unless it may be a password."""
        text = passwords.shown(path, value)
        return f"cannot be {text}" if text else "cannot be what stands there"

    def guess(self, word: str, known: Iterable[str]) -> str:
        """Return "; did you mean …?" for a near miss, else "", or where there are many problems."""
        return suggestion(word, known) if len(self.problems) < _MOST_GUESSES else ""

    def place(self, path: KeyPath) -> tuple[int, int]:
        """Return where `path` stands, or the nearest place above it."""
        while path not in self.document.places:
            path = path[:-1]
        return self.document.places[path]

    def file_of(self, path: KeyPath) -> str:
        """Return the name of the file that `path` stands in."""
        return next((self.files[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.files), self.name)

    def told_place(self, path: KeyPath) -> str:
        """Return where `path` stands as messages have it: file:line:column."""
        line, column = self.place(path)
        return f"{self.file_of(path)}:{line}:{column}"

    def rename(self, old: KeyPath, new: KeyPath) -> None:
        """Let what stands at `old` go by another path: it is where it was."""
        moved = {path: place for path, place in self.document.places.items() if path[: len(old)] == old}
        self.document.places |= {(*new, *path[len(old) :]): place for path, place in moved.items()}
        if old in self.files:
            self.files[new] = self.files[old]

    def stop_on_problems(self) -> None:
        """Raise ConfigurationError with everything noted."""
        if self.problems:
            raise ConfigurationError(self.name, _fitting(self.name, self.problems))


def parse(name: str, text: str) -> Source:
    """Parse YAML; ConfigurationError where it is none."""
    try:
        source = Source(name, read(text))
    except UnreadableError as error:
        problem = Problem(*error.place, THE_FILE, f"cannot be read as YAML: {quoted(str(error), LONGEST_TEXT)}")
        raise ConfigurationError(name, [problem]) from None
    for remark in source.document.wrong:
        source.complain(remark.path, remark.text, remark.place)
    for path, value in _texts(source.data, ()):
        if passwords.in_url(value):
            source.complain(path, passwords.IN_URL)
    if not isinstance(source.data, dict):
        source.complain(
            (), "cannot be used: it should hold keys like cluster and databases (config/bootheal.yaml is a sample)"
        )
        source.stop_on_problems()
    return source


def dotted(path: KeyPath) -> str:
    """Return a path as messages have it."""
    parts = ("…" if passwords.may_hold_one(str(part)) else quoted(str(part), LONGEST_KEY) for part in path)
    return quoted(".".join(parts), LONGEST_PATH) or THE_FILE


def _texts(data: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Yield every text that is a value, with its place."""
    if isinstance(data, str):
        yield path, data
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from _texts(value, (*path, key))


def _fitting(name: str, problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems in the order of the file: long ones are cut, or the last one tells of what does not fit."""
    ordered = sorted(problems, key=lambda problem: (problem.file, problem))
    for longest in (LONGEST_TEXT, 300, 200, 150, 120, 100, 80, 60, 50, 40):
        cut = [replace(each, text=quoted(each.text, longest)) for each in ordered]
        if sum(_lengths(name, cut)) <= LONGEST:
            return cut
    fitting = max(1, sum(1 for length in accumulate(_lengths(name, ordered)) if length <= LONGEST - LONGEST_REST))
    *told, last = ordered[:fitting]
    left = ordered[fitting:]
    lines = quoted(", ".join(str(line) for line in dict.fromkeys(each.line for each in left)), _LONGEST_WORD)
    at_least = "at least " if len(ordered) >= MOST_PROBLEMS else ""
    return [*told, replace(last, text=f"{last.text} (and {at_least}{len(left)} more problems: on lines {lines})")]


def _lengths(name: str, problems: Iterable[Problem]) -> list[int]:
    return [len(f"{each.file or name}:{each.line}:{each.column}: {each.path}: {each.text}\n") for each in problems]


def suggestion(word: str, known: Iterable[str], most: int = _MOST_WORDS) -> str:
    """Return "; did you mean …?" for a near miss, else ""; of what others may have written `most` are compared."""
    words = [each for each in known if len(each) <= _LONGEST_WORD][:most]
    near = difflib.get_close_matches(word, words, n=1) if len(word) <= _LONGEST_WORD else []
    return f"; did you mean {near[0]}?" if near else ""
