"""How much is tried: what is quick for every change, more of it at night (`scripts/test --thorough`)."""

from hypothesis import settings

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
