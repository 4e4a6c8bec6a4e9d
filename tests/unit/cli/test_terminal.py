"""What a person sees at a terminal: lines that fit."""

import pytest

from bootheal.cli.terminal import fitted
from bootheal.model import Event, EventKind, Verdict

ENDED = Event(
    EventKind.ENDED,
    at=0.0,
    elapsed=25.0,
    text=Verdict.NEEDS_PERSON.value,
    cause="database/shop: orders kept: 0, and at least 1000 are expected",
    settled=5,
    total=10,
)


@pytest.mark.parametrize("width", [80, 120])
def test_the_verdict_fits_and_breaks_no_word(width: int) -> None:
    """It has no column for a step; what does not fit goes on below where it began."""
    lines = ["".join(text for text, _ in parts) for parts in fitted(ENDED, width)]
    assert max(map(len, lines)) <= width
    assert "database/shop:" in " ".join(lines).split()
    assert all(line.startswith(" " * 10) for line in lines[1:])
