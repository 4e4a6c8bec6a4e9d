"""What `check` has to say, one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bootheal.errors import ConfigurationError


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


def as_json(said: Diagnostic) -> dict[str, str]:
    """Return it as data."""
    return {"gravity": said.gravity, "step": said.step, "place": said.place, "text": said.text, "hint": said.hint}


def wrong(error: ConfigurationError) -> Iterator[dict[str, str]]:
    """Yield the problems of a file that is not right, as data."""
    for each in error.problems:
        place = f"{each.file or error.source}:{each.line}:{each.column}"
        yield as_json(Diagnostic("problem", each.path, place, each.text))
