"""How often to ask, and how long to sleep between reconnections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.backoff import pause, reconnecting, stay_away


@pytest.mark.parametrize(
    ("waited", "least", "most"),
    [
        (0, 0.09, 0.11),
        (1, 0.09, 0.11),
        (5, 0.09, 0.11),
        (10, 0.18, 0.22),
        (60, 1.08, 1.32),
        (250, 4.5, 5.5),
        (3600, 4.5, 5.5),
    ],
)
def test_a_pause_is_two_percent_of_the_time_waited_within_bounds(waited: float, least: float, most: float) -> None:
    """Between 0.1 and 5 s, give or take the jitter of 10 %."""
    assert all(least <= pause(waited) <= most for _ in range(100))


@given(st.floats(0, 1e6))
def test_no_pause_is_a_busy_loop_or_a_nap(waited: float) -> None:
    """However long one has waited."""
    assert 0.09 <= pause(waited) <= 5.5


def test_who_refuses_us_is_asked_ever_less_often() -> None:
    """From a second to half a minute, give or take the jitter of 10 %."""
    bounds = [(0.9, 1.1), (1.8, 2.2), (3.6, 4.4), (7.2, 8.8), (14.4, 17.6), (27, 33), (27, 33)]
    for refusals, (least, most) in enumerate(bounds, start=1):
        assert least <= stay_away(refusals) <= most
    assert 27 <= stay_away(10**6) <= 33


def test_reconnecting_goes_on_until_it_works() -> None:
    """It sleeps between attempts, longer each time on average, never longer than the longest."""
    sleeps: list[float] = []
    attempts = 0
    for attempt in reconnecting(ConnectionError, sleeps.append, longest=5):
        with attempt:
            attempts += 1
            if attempts < 10:
                raise ConnectionError
    assert (attempts, len(sleeps)) == (10, 9)
    assert max(sleeps) <= 5


def test_reconnecting_does_not_hide_other_errors() -> None:
    """What it was not told to expect passes through at once."""

    def fail() -> None:
        for attempt in reconnecting(ConnectionError, lambda _: None):
            with attempt:
                raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
