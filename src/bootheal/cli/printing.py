"""Lines for people, on standard output: on a terminal none is longer than that, but for commands to be copied."""

import re
import shutil
import sys
from collections.abc import Iterable, Iterator

from bootheal.model.layout import wrapped
from bootheal.model.quoted import visible

HANGING = 4

# What stands before a text, which goes on below itself: "      evidence: …".
_LABEL = re.compile(r" {6}[a-z ]+: +")
_COMMAND = re.compile(r" *next: ")


def show(lines: Iterable[str]) -> None:
    """Print them."""
    print(*fitted(lines, width()), sep="\n")


def fitted(lines: Iterable[str], columns: int | None) -> Iterator[str]:
    """Break lines between words within so many columns; None: whoever reads a pipe breaks lines himself.

    What acts on a terminal is shown: the state file belongs to the service's user, and root reads of it.
    """
    for line in map(visible, lines):
        if columns is None or _COMMAND.match(line):  # what is copied from several lines is no command any more
            yield line
        else:
            label = _LABEL.match(line)
            yield from wrapped(line, columns, label.end() if label else len(line) - len(line.lstrip()) + HANGING)


def width() -> int | None:
    """Return how wide the terminal is, None where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
