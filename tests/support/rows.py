"""A table of which all rows state one promise: one test walks it, and names each row that does not keep it.

A row costs no more than itself, so a table may have hundreds. Where rows are few, or each has a sense of its own,
pytest's parametrize is better: there each is a test.
"""

import inspect
import traceback
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

LONGEST = 300


def each_row(rows: Iterable[Any], *names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a test be called with each of the rows, by the names of their columns; with one name a row is its value.

    What else the test asks for are fixtures, which all rows share.
    """
    table = [(row,) if len(names) == 1 else tuple(row) for row in rows]
    if not table:
        raise ValueError("cannot walk a table without rows: its test could not fail")

    def walked(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def walk(**fixtures: Any) -> None:
            failed = list[str]()
            for number, row in enumerate(table):
                columns = dict(zip(names, row, strict=True))
                try:
                    test(**columns, **fixtures)
                except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:  # noqa: BLE001  (all are told)
                    failed.append(_told(number, columns, error, test.__code__.co_filename))
            if failed:
                pytest.fail(f"{len(failed)} of {len(table)} rows:\n\n" + "\n\n".join(failed), pytrace=False)

        asked = inspect.signature(test)
        fixtures = [each for each in asked.parameters.values() if each.name not in names]
        walk.__signature__ = asked.replace(parameters=fixtures)  # type: ignore[attr-defined]
        return walk

    return walked


def _told(number: int, columns: dict[str, Any], error: BaseException, file: str) -> str:
    """Return the row, what was wrong with it, and where in the test's file."""
    row = ", ".join(f"{name}={_short(repr(value))}" for name, value in columns.items())
    why = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
    places = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    lines = (*why.splitlines(), f"{file}:{places[-1]}")
    return "\n".join((f"row {number}: {row}", *(f"    {line}" for line in lines)))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
