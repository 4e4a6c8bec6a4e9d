"""The log of a container that runs PostgreSQL: as messages, and which of them still count. Pure.

PostgreSQL begins a line with a prefix of somebody's choice, then says how grave it is, two spaces, and the message;
what belongs to it follows on lines of its own. CloudNativePG puts each into JSON, PostgreSQL can do so itself, and can
write lines of CSV. Others in the same container, an entrypoint or Patroni, say a line each.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

# JSON is longer than what it says. No message that we know is; a pattern has to end soon on a hostile one.
LONGEST_LINE = 16_000
LONGEST = 500

# The prefix need not end with a space. With log_error_verbosity = verbose the SQLSTATE stands before the message.
_MESSAGE = re.compile(
    r"(?<![A-Z])(DEBUG\d?|INFO|NOTICE|WARNING|LOG|ERROR|FATAL|PANIC):  (?:(?=[A-Z]{0,2}\d)[0-9A-Z]{5}: )?(.*)$"
)
_BELONGS = re.compile(r"(?<![A-Z])(DETAIL|HINT|CONTEXT|LOCATION|STATEMENT|QUERY):  (.*)$")

# initdb says more of an error on lines of their own, before 14 without a word in front of them.
_OF_INITDB = re.compile(r"initdb: (?:detail|hint): |It contains a |Using a mount point ")

# csvlog: after time, who, where from, command and transaction: severity, SQLSTATE, message, DETAIL, HINT. What follows
# may quote a query.
_TEXT = r'(?:"((?:[^"]|"")*)")?'
_CSV = re.compile(
    rf"^\d{{4}}-[^\n]*?,(PANIC|FATAL|ERROR|WARNING|LOG),[0-9A-Z]{{5}},{_TEXT}(?:,{_TEXT})?(?:,{_TEXT})?(?:,|$)"
)

# What may quote a query or its data, and so is none of the server's own words; and where in its source it said so.
_OTHERS_WORDS = frozenset({"STATEMENT", "QUERY", "LOCATION"})

# From here on all that was said before is over.
_SERVES = re.compile(r"^LOG: database system is ready to accept")

# An attempt begins here, and ends here.
_BEGINS = re.compile(r"^LOG: starting PostgreSQL \d")
_ENDS = re.compile(r"^LOG: database system is shut down")


def messages(log: str) -> tuple[str, ...]:
    """Return what was said, each as "FATAL: what" with "DETAIL: what" and the like on lines after it."""
    said: list[str] = []
    for line in log.splitlines():
        for text in _understood(line[:LONGEST_LINE].rstrip()):
            if belongs := _BELONGS.search(text):
                if belongs[1] not in _OTHERS_WORDS and said:
                    _add(said, f"{belongs[1]}: {belongs[2]}")
            elif message := _MESSAGE.search(text):
                said.append(f"{message[1]}: {message[2]}"[:LONGEST])
            elif said and (text[:1].isspace() or _OF_INITDB.match(text)):
                _add(said, text.strip())
            elif text:
                said.append(text[:LONGEST])
    return tuple(said)


def _add(said: list[str], text: str) -> None:
    if len(said[-1]) + len(text) < 2 * LONGEST:
        said[-1] += f"\n{text}"


def attempts(said: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the attempts to start of which nothing is known but that they failed, the latest first."""
    found: list[list[str]] = [[]]
    for message in said:
        if _SERVES.match(message):
            found = [[]]
        elif _BEGINS.match(message):
            found.append([message])
        else:
            found[-1].append(message)
            if _ENDS.match(message):
                found.append([])
    return tuple(tuple(attempt) for attempt in reversed(found) if attempt)


def _understood(line: str) -> Iterator[str]:
    """Return a line as it is, or what a line of JSON or CSV says."""
    if record := _CSV.match(line):
        words = (text.replace('""', '"') if text else "" for text in record.groups()[1:])
        yield from _of_record(dict(zip(_FIELDS, (record[1], *words), strict=True)))
        return
    if not line.startswith("{"):
        yield line
        return
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        yield line
        return
    yield from _of_record(said) if isinstance(said, dict) else (line,)


_FIELDS = ("error_severity", "message", "detail", "hint")


def _of_record(said: dict[str, Any]) -> Iterator[str]:
    record = said.get("record") if isinstance(said.get("record"), dict) else said
    if isinstance(record, dict) and record.get("error_severity"):
        yield f"{record['error_severity']}:  {_line(record.get('message'))}"
        for key in ("detail", "hint"):
            if record.get(key):
                yield f"{key.upper()}:  {_line(record[key])}"
        return
    yield ": ".join(filter(None, (_line(said.get("msg") or said.get("message")), _line(said.get("error")))))


def _line(text: object) -> str:
    return text.replace("\n", " ").strip() if isinstance(text, str) else ""
