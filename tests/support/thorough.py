"""How much is tried: what is quick for every change, more of it at night (`scripts/test --thorough`)."""

from hypothesis import settings

_QUICK = 100
"""What the profile "quick" has, see tests/conftest.py; a test whose examples are cheap or dear says its own number."""


def times(quick: int) -> int:
    """Return so many, or as many times more as the chosen profile has more examples than "quick"."""
    return quick * settings().max_examples // _QUICK
