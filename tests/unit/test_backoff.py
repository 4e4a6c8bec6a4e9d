"""How often to ask, and how long to sleep between reconnections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.backoff import pause, reconnecting, stay_away


@given(st.floats(0, 1e6))
def test_a_pause_is_two_percent_of_the_time_waited_within_bounds(waited: float) -> None:
    """Between 0.1 and 5 s, give or take the jitter of 10 %."""
    wanted = min(max(0.02 * waited, 0.1), 5.0)
    assert 0.9 * wanted <= pause(waited) <= 1.1 * wanted


def test_who_refuses_us_is_asked_ever_less_often() -> None:
    """From a second to half a minute, give or take the jitter of 10 %."""
    for refusals, seconds in enumerate([1, 2, 4, 8, 16, 30, 30], start=1):
        assert 0.9 * seconds <= stay_away(refusals) <= 1.1 * seconds
    assert stay_away(10**6) <= 33


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
