"""Which lines of a log say why a program ended. Pure."""

import re

MOST = 5
LONGEST = 160

# Which cause it is may stand at the end of a line: so much of it is read, whatever part of that is told.
READ = 2000

# What Python, Java, Go, the kernel and the container runtime end with.
_FINAL = re.compile(
    r"^([\w.$]+(Error|Exception|Exit|Interrupt|Warning)\b.*|Caused by: .*|panic: .*|Killed|exec .*: .*)$"
)
_LOUD = re.compile(r"\b(FATAL|PANIC|CRITICAL|EMERG(ENCY)?|fatal|panic)\b")
_SAD = re.compile(
    r"\b(error|err|failed|failure|cannot|can't|could not|couldn't|unable|refused|denied|invalid|missing|no such"
    r"|not found|timed? ?out|out of memory|unknown host|unhandled)\b",
    re.IGNORECASE,
)
_FRAME = re.compile(r"^\s+(at |File |\.\.\. )|^Traceback |^goroutine ")


def salient_lines(text: str) -> tuple[str, ...]:
    """Return the lines that matter, at most five, oldest first; the very last one where none stands out.

    What ends an exception matters most, then what calls itself fatal, then what speaks of errors.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    plain = [line.strip() for line in lines if not _FRAME.match(line)]
    for pattern in (_FINAL, _LOUD, _SAD):
        found = [line for line in plain if pattern.search(line)]
        if found:
            return tuple(line[:READ] for line in _latest(found))
    return tuple(line[:READ] for line in plain[-1:])


def _latest(lines: list[str]) -> list[str]:
    """Keep each line once, where it came last."""
    return list(dict.fromkeys(reversed(lines)))[:MOST][::-1]
