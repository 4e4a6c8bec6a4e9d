"""How much is tried: what is quick for every change, more of it at night (`scripts/test --thorough`)."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest
from hypothesis import settings

P = ParamSpec("P")
R = TypeVar("R")

_QUICK = 100
"""What the profile "quick" has, see tests/conftest.py; a test whose examples are cheap or dear says its own number."""


def times(quick: int) -> int:
    """Return so many, or as many times more as the chosen profile has more examples than "quick"."""
    return quick * settings().max_examples // _QUICK


def every(quick: int) -> int:
    """Return a stride: so many steps at a time, or in the chosen profile as many times fewer, one at least."""
    return max(1, quick // times(1))


def by_night(item: Callable[P, R]) -> Callable[P, R]:
    """Mark a test that is too dear for every change."""
    return pytest.mark.skipif(times(1) == 1, reason="only scripts/test --thorough has the time")(item)
