"""How long something takes, and when it was, as a person says it."""

from datetime import UTC, datetime

# In seconds.
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def spoken(seconds: float) -> str:
    """Return "25 s", "90 s", "30 min", "2 h": the largest unit that needs no fraction."""
    for unit, name in ((HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def day(seconds: float) -> str:
    """Return a time of day with its date: "2026-11-30 03:45 UTC"."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
