"""A measured row, its verdict, and the table that people read."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

HEADINGS = ("", "bootheal", "compared with", "ratio", "goal", "")


class CannotMeasureError(Exception):
    """There is no number to show; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: `ours` and `other` are in `unit`; `against` says what `other` is.

    `most` bounds `ours`, `most_ratio` bounds ours over other; a row with neither has no goal.
    """

    part: str
    what: str
    ours: float
    unit: str
    other: float | None = None
    against: str = ""
    most: float | None = None
    most_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over the other; None where there is nothing to divide by."""
        return self.ours / self.other if self.other else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.most_ratio is not None and self.ratio is not None:
            return self.ratio <= self.most_ratio
        return None if self.most is None else self.ours <= self.most

    @property
    def goal(self) -> str:
        """The goal as people write it."""
        if self.most_ratio is not None:
            return f"ratio <= {self.most_ratio:g}"
        return "" if self.most is None else f"<= {_amount(self.most, self.unit)}"

    def to_json(self) -> dict[str, Any]:
        """All of it, for machines."""
        return asdict(self) | {"ratio": self.ratio, "met": self.met}


def table(rows: Iterable[Row]) -> list[str]:
    """Lines for people: a block a part, columns under each other."""
    rows = list(rows)
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    printed = [_line(HEADINGS, widths)]
    part = ""
    for row in rows:
        if row.part != part:
            part = row.part
            printed += ["", part]
        printed.append(_line(_cells(row), widths))
    return printed


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(["", *(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))]).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    other = "" if row.other is None else f"{_amount(row.other, row.unit)} {row.against}"
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
    verdict = {None: "", True: "ok", False: "MISSED"}[row.met]
    return row.what, _amount(row.ours, row.unit), other.strip(), ratio, row.goal, verdict


def _amount(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}" if unit else f"{value:.0f}"
