"""How often to ask, and how long to sleep between reconnections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.backoff import hold_back, pause, recheck, reconnecting, stay_away


def asked(seconds: float) -> list[float]:
    """Return when a condition is looked at that is waited for so long."""
    looks = [0.0]
    while looks[-1] < seconds:
        looks.append(looks[-1] + pause(looks[-1]))
    return looks


@given(st.floats(0, 1e6))
def test_a_pause_is_never_nothing_and_never_long(waited: float) -> None:
    """However long was waited: it neither spins nor falls asleep."""
    assert 0.05 < pause(waited) < 6.0


@pytest.mark.parametrize(("came", "late"), [(0.5, 0.12), (5.0, 0.12), (30.0, 0.7), (240.0, 5.5), (3600.0, 5.5)])
def test_what_is_waited_for_is_noticed_soon(came: float, late: float) -> None:
    """Within a tenth of a second when it is fresh, never more than about 2 % or 5 s late."""
    for _ in range(20):
        assert asked(came)[-1] - came <= late


def test_waiting_long_costs_little() -> None:
    """The first minute takes less than two hundred looks, a whole hour not a thousand."""
    assert len(asked(60.0)) < 200
    assert len(asked(3600.0)) < 1000


def test_what_was_done_at_one_moment_is_not_done_at_one_moment_again() -> None:
    """A hundred that began to wait together do not look together."""
    for sleeps in ({pause(100.0) for _ in range(100)}, {recheck(60.0) for _ in range(100)}):
        assert len(sleeps) > 90


def test_what_fails_again_and_again_is_rechecked_ever_more_seldom() -> None:
    """From a minute to ten; what is to be looked at once an hour is looked at once an hour."""
    first, second, third, *_, last = (recheck(60.0, failures) for failures in (0, 1, 2, 3, 1000))
    assert first < second < third < last
    assert first < 70.0
    assert 500.0 < last < 670.0
    assert recheck(3600.0, 5) == pytest.approx(3600.0, rel=0.11)


def test_two_boots_in_vain_are_bad_luck_more_are_held_back() -> None:
    """By half a minute at first, by half an hour at last, never for ever."""
    assert [hold_back(boots) for boots in (0, 1)] == [0.0, 0.0]
    assert [hold_back(boots) for boots in (2, 3)] == [30.0, 60.0]
    assert hold_back(10) == hold_back(10**6) == 1800.0


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
