"""What a person sees at a terminal: lines that fit."""

import io

import pytest

from bootheal.cli.healing.terminal import LiveTerminal, fitted
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


def test_each_pass_tells_anew_what_it_waits_for() -> None:
    """Weeks later it is news again; within a pass a reason whose numbers grow is told once."""
    stream = io.StringIO()
    terminal = LiveTerminal(stream)
    started = Event(EventKind.STARTED, at=0.0, elapsed=0.0, total=1)
    for number in (1, 2):
        waits = Event(EventKind.WAITING, at=1.0, elapsed=1.0, step="gate", text=f"no answer for {number} s")
        for event in (
            started,
            waits,
            Event(EventKind.WAITING, at=2.0, elapsed=2.0, step="gate", text="no answer for 9 s"),
        ):
            terminal.tell(event)
    assert stream.getvalue().count("no answer for") == 2
