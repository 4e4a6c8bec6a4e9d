"""Text as a person reads it: lines that break between words, names that are cut in the middle, times of day.

Widths are of characters, not columns.
"""

import re
import time
from collections.abc import Iterator

# Between words, but not between a number and its unit.
_GAPS = re.compile(r"(?<!\d) | (?!(?:s|ms|min|h)\b)")


# Of a line.
NARROWEST = 10


def shortened(name: str, width: int) -> str:
    """Cut a name in its middle: how it begins and how it ends tells it from others."""
    if len(name) <= width:
        return name
    end = (width - 1) // 2
    return f"{name[: width - 1 - end]}…{name[len(name) - end :]}"


def wrapped(text: str, width: int, hanging: int = 0) -> Iterator[str]:
    """Break a text between words; the lines after its first are indented. A word that is too long for a line is cut.

    Nobody reads lines of less than `NARROWEST`: whatever is narrower breaks them itself.
    """
    width = max(width, NARROWEST)
    hanging = min(hanging, width // 2)  # there has to be room beside it, or no line would ever be the last
    words = text.lstrip(" ")
    line = text[: len(text) - len(words)]
    for word in _GAPS.split(words):
        if line.strip() and len(line) + 1 + len(word) > width:
            yield line
            line = " " * hanging + word
        else:
            line = f"{line} {word}" if line.strip() else f"{line}{word}"
        while len(line) > width:
            yield line[:width]
            line = " " * hanging + line[width:]
    yield line


def clock(when: float) -> str:
    """Say a time of day, in the reader's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
