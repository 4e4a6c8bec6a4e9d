"""Changing settings in the text of a pgbouncer.ini, and nothing else in it. Pure.

The rules are those of PgBouncer's parser (libusual, cfparser.c): comments begin a line, never follow a value; of
one key the last value counts; a heading sets all of its section's settings to their defaults, so that of several
only the last counts, and adding one would undo the others. `%include` puts another file in the line's place,
after which nobody who reads only this file knows which section it is, nor what was set.
"""

import re
from collections.abc import Iterator, Mapping

SECTION, DATABASES = "pgbouncer", "databases"

_HEADING = re.compile(r"\s*\[([^\]]*)\]")
_ASSIGNMENT = re.compile(r"\s*'?([\w.*-]+)'?[ \t]*=[ \t]*(.*?)\s*")
_INCLUDE = re.compile(r"\s*%include[ \t]")
# A name in quotes may be any; its connection is key=value, as libpq's, in pairs.
_ENTRY = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^\s="]+))[ \t]*=[ \t]*(.*?)\s*')
_PAIR = re.compile(r"(\w+)\s*=\s*(?:'((?:[^']|'')*)'|([^\s']*))")


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


def unsure(text: str) -> bool:
    """Tell whether a file that is included may set them otherwise, or hold the section that this one lacks."""
    lines = text.split("\n")
    return any(_INCLUDE.match(line) for line in lines[max(_last_heading(lines), 0) :])


def settings_of(text: str) -> dict[str, str]:
    """Return what the section holds: of one key the last value, and of the section the last one."""
    lines = text.split("\n")
    heading = _last_heading(lines)
    if heading < 0:
        return {}
    return {found[1]: found[2] for number in _body(lines, heading) if (found := _assigned(lines[number]))}


def databases_of(text: str) -> dict[str, str] | None:
    """Return what [databases] says of each name, "*" for any other; None where a file that is included may say more.

    PgBouncer takes the section's lines together, however often it is begun.
    """
    lines = text.split("\n")
    if any(map(_INCLUDE.match, lines)):
        return None
    found, section = dict[str, str](), ""
    for line in lines:
        if heading := _HEADING.match(line):
            section = heading[1]
        rest = _HEADING.sub("", line, count=1)
        if section == DATABASES and not rest.lstrip().startswith(("#", ";")) and (said := _ENTRY.fullmatch(rest)):
            found[said[1].replace('""', '"') if said[1] is not None else said[2]] = said[3]
    return found


def connection_of(said: str) -> dict[str, str]:
    """Return the keys and values of a line of [databases]; a value in quotes has its quotes doubled."""
    return {
        key: quoted.replace("''", "'") if quoted or not plain else plain for key, quoted, plain in _PAIR.findall(said)
    }


def unparsed(text: str) -> Iterator[int]:
    """Yield the numbers, from 1, of lines that are no heading, setting, comment or include: it does not load."""
    for number, line in enumerate(text.split("\n"), 1):
        rest = _HEADING.sub("", line, count=1).strip()
        if rest and not rest.startswith(("#", ";")) and "=" not in rest and not _INCLUDE.match(line):
            yield number


def _with(text: str, key: str, value: str) -> str:
    lines = text.removesuffix("\n").split("\n") if text else []
    heading = _last_heading(lines)
    if heading < 0 and unsure(text):
        return text
    if heading < 0:
        heading = len(lines)
        lines.append(f"[{SECTION}]")
    body = _body(lines, heading)
    there = [(number, found[2]) for number in body if (found := _assigned(lines[number])) and found[1] == key]
    if there and equal(there[-1][1], value):
        return text
    if there and there[-1][0] != heading:
        number = there[-1][0]
        lines[number] = f"{key} = {value}" + "\r" * lines[number].endswith("\r")
    else:
        lines.insert(_end(lines, body), f"{key} = {value}")
    return "\n".join(lines) + "\n" * (text.endswith("\n") or not text)


def _last_heading(lines: list[str]) -> int:
    """Return the number of the line that begins the section for the last time, -1 if none does."""
    headings = [(number, found[1]) for number, line in enumerate(lines) if (found := _HEADING.match(line))]
    return max((number for number, section in headings if section == SECTION), default=-1)


def _body(lines: list[str], heading: int) -> range:
    """Return the numbers of the section's lines, its heading's included: up to another heading."""
    after = range(heading + 1, len(lines))
    return range(heading, next((number for number in after if _HEADING.match(lines[number])), len(lines)))


def _end(lines: list[str], body: range) -> int:
    """Return where a line can be added: after an include it might become the name of a database."""
    sure = range(body.start, next((number for number in body if _INCLUDE.match(lines[number])), body.stop))
    return max(number for number in sure if lines[number].strip()) + 1


def _assigned(line: str) -> re.Match[str] | None:
    rest = _HEADING.sub("", line, count=1)
    return None if rest.lstrip().startswith(("#", ";")) else _ASSIGNMENT.fullmatch(rest)
