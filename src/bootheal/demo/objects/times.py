"""Times as objects write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now(later: float = 0.0) -> str:
    """The time as objects write it: UTC, whole seconds."""
    return stamp(datetime.now(UTC) + timedelta(seconds=later))


def stamp(moment: datetime) -> str:
    """A moment as objects write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def now_micro() -> str:
    """The time as Leases write it: UTC, microseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
