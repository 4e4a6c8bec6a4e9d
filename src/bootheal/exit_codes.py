"""How a process of ours ends: the one table of exit codes. It imports nothing of ours, so that `--help` is quick."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """An exit code and its `meaning`, in the order in which they are told. 70, 75 and 78 are those of sysexits.h."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """Make a number that knows what it means."""
        self = int.__new__(cls, code)
        self._value_, self.meaning = code, meaning
        return self

    HEALED = 0, "healthy (nothing to do, or healed)"
    NOT_HEALED = 1, "not healed"
    USAGE = 2, "usage"
    PERSON = 3, "a person is needed (data at risk)"
    BUG = 70, "a bug in bootheal"
    LOCKED = 75, "another pass is under way"
    CONFIGURATION = 78, "configuration"
    SIGINT = 130, "stopped by SIGINT (Ctrl-C)"
    SIGPIPE = 141, "whoever read what it prints has gone, as `head` does"
    SIGTERM = 143, "stopped by SIGTERM"
