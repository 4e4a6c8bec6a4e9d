"""How much is tried: what is quick for every change, more of it at night (`scripts/test --thorough`)."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import pytest
from hypothesis import settings

P = ParamSpec("P")
R = TypeVar("R")

EXAMPLES = {"quick": 30, "thorough": 1_000}
"""How many of each law, by profile, see tests/conftest.py; a test whose examples are cheap or dear says its own."""


def thorough() -> bool:
    """Return whether this is a night's run; known once pytest has been configured."""
    return settings.get_current_profile_name() == "thorough"


def times(quick: int) -> int:
    """Return so many, and ten times as many at night."""
    return quick * 10 if thorough() else quick


def every(quick: int) -> int:
    """Return a stride: so many steps at a time, and ten times fewer at night, one at least."""
    return max(1, quick // times(1))


def by_night(item: Callable[P, R]) -> Callable[P, R]:
    """Mark a test that is too dear for every change."""
    return _night()(item)


def rows_by_night(*rows: object) -> list[Any]:
    """Return rows of a table that say much the same as those by day, and are too dear for every change."""
    return [pytest.param(row, marks=_night()) for row in rows]


def _night() -> pytest.MarkDecorator:
    return pytest.mark.skipif(not thorough(), reason="only scripts/test --thorough has the time")
