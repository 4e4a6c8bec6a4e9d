"""Small files of the machine, as text."""

from collections.abc import Iterator
from pathlib import Path

from bootheal.adapters.files import read_file

LONGEST = 1 << 20


def text(path: Path) -> str:
    """Return what a file holds, "" where there is none, or it is not ours, or it is far too long."""
    try:
        return read_file(path, LONGEST).decode(errors="replace")
    except (OSError, ValueError):
        return ""


def rows(path: Path) -> Iterator[list[str]]:
    """Yield the words of each line that is no comment."""
    for line in text(path).split("\n"):
        words = line.split()
        if words and not words[0].startswith("#"):
            yield words
