"""Changing settings in the text of a pgbouncer.ini, and nothing else in it. Pure.

The rules are those of PgBouncer's parser (libusual, cfparser.c): comments begin a line, never follow
a value; a section may come twice; of one key the last value counts; `%include` puts another file in
the line's place, after which nobody who reads only this file knows the section, nor what was set.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SECTION = "pgbouncer"

_HEADING = re.compile(r"\s*\[([^\]]*)\]\s*(.*)")
_ASSIGNMENT = re.compile(r"\s*'?([\w.*-]+)'?[ \t]*=[ \t]*(.*?)\s*")
_INCLUDE = re.compile(r"\s*%include[ \t]")


@dataclass(frozen=True, slots=True)
class _Line:
    """What a line means. `section` is the one after it, None where an include may have begun another."""

    number: int
    section: str | None
    key: str = ""
    value: str = ""
    heading: bool = False
    blank: bool = False


def equal(one: str, other: str) -> bool:
    """Compare as numbers where both are; PgBouncer prints what it parsed, not what was written."""
    try:
        return float(one) == float(other)
    except ValueError:
        return one == other


def with_settings(text: str, settings: Mapping[str, str]) -> str:
    """Return the text with `settings` in force, all else as it was."""
    for key, value in settings.items():
        text = _with(text, key, value)
    return text


def _with(text: str, key: str, value: str) -> str:
    lines = text.removesuffix("\n").split("\n") if text else []
    read = list(_read(lines))
    included = max((line.number for line in read if line.section is None), default=-1)
    ours = [line for line in read if line.section == SECTION and line.number > included]
    set_there = [line for line in ours if line.key == key]
    if set_there and equal(set_there[-1].value, value):
        return text
    written = f"{key} = {value}"
    if set_there and not set_there[-1].heading:
        lines[set_there[-1].number] = written + "\r" * lines[set_there[-1].number].endswith("\r")
    elif body := [line.number for line in ours if not line.blank]:
        lines.insert(body[-1] + 1, written)
    else:
        lines += [f"[{SECTION}]", written]
    return "\n".join(lines) + "\n" * (text.endswith("\n") or not text)


def _read(lines: list[str]) -> Iterator[_Line]:
    section: str | None = ""
    for number, line in enumerate(lines):
        rest, heading = line, False
        while found := _HEADING.fullmatch(rest):
            section, rest, heading = found[1], found[2], True
        if _INCLUDE.match(rest):
            section = None
        assignment = None if rest.lstrip().startswith(("#", ";")) else _ASSIGNMENT.fullmatch(rest)
        key, value = (assignment[1], assignment[2]) if assignment else ("", "")
        yield _Line(number, section, key, value, heading=heading, blank=not line.strip())
