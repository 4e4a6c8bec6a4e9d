"""How much is tried: what is quick for every change, more of it at night (`scripts/test --thorough`)."""

from hypothesis import settings

_QUICK = 100
"""What the profile "quick" has, see tests/conftest.py; a test whose examples are cheap or dear says its own number."""


def times(quick: int) -> int:
    """Return so many, or as many times more as the chosen profile has more examples than "quick"."""
    return quick * settings().max_examples // _QUICK


def every(quick: int) -> int:
    """Return a stride: so many steps at a time, or in the chosen profile as many times fewer, one at least."""
    return max(1, quick // times(1))
