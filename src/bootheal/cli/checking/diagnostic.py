"""What `check` has to say, one by one."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something about a step; `place` is file:line:column.

    A problem keeps a configuration from being right. A warning is for the file's owner to change in the file, or to
    know better; a note tells what is so, and would be no better for a change.
    """

    gravity: Literal["problem", "warning", "note"]
    step: str
    place: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        about = f"{self.step}: " if self.step else ""
        mark = "" if self.gravity == "problem" else f"{self.gravity}: "
        return f"{self.place}{': ' if self.place else ''}{mark}{about}{self.text}" + (
            f"\n  {self.hint}" if self.hint else ""
        )
