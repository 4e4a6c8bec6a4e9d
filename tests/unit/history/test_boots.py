"""The last boots together."""

import json
from dataclasses import replace

import pytest

from bootheal.history.boots import (
    LONGEST_BYTES,
    MOST_BOOTS,
    MOST_PASSES,
    compared,
    fitted,
    habits,
    recoveries,
    recovery_seconds,
    repaired,
    with_pass,
)
from bootheal.model import History, Verdict, from_json, to_json
from support.boots import boot, crowded, drifted, many, one_boot, quick_pass


def test_this_boot_is_compared_with_those_before_it() -> None:
    """In one line: how long it took, and what is usual."""
    history = many(*(quick_pass(seconds) for seconds in (20.0, 30.0, 28.0)), quick_pass(26.1, "restart"))
    assert compared(history) == "healed in 26.1 s, the median of the last three is 28.0 s"
    ten = many(*(quick_pass(float(seconds)) for seconds in range(1, 13)), quick_pass(26.1))
    assert compared(ten) == "well after 26.1 s, the median of the last ten is 7.5 s"


def test_with_too_few_boots_nothing_is_called_usual() -> None:
    """Two are no habit; and a boot that never healed took no time that could be compared."""
    assert compared(many(quick_pass(20.0), quick_pass(26.1))) == "well after 26.1 s"
    assert compared(many(quick_pass(20.0), quick_pass(9.0, verdict=Verdict.NOT_HEALED))) == ""
    assert compared(History()) == ""


def test_a_boot_that_was_healed_at_the_second_try_took_as_long_as_both() -> None:
    """From the beginning of its first pass."""
    history = with_pass(History(), boot(), quick_pass(10.0, verdict=Verdict.NOT_HEALED, began=22.0))
    history = with_pass(history, boot(), quick_pass(5.0, began=52.0))
    assert len(history.boots) == 1
    assert recovery_seconds(history.boots[0]) == 35.0


def test_what_is_repaired_at_every_boot_is_told() -> None:
    """Something breaks it each time; once is no habit."""
    history = many(*(quick_pass(20.0, "reset-password") for _ in range(4)), quick_pass(20.0, "reconnect"))
    assert list(habits(history)) == [
        "pooler/shop: reset-password was needed in 4 of the last 5 boots: what breaks it each time?"
    ]
    assert list(repaired(history.boots[0])) == ["pooler/shop: reset-password"]


def test_how_long_databases_were_starting_up_is_remembered() -> None:
    """Of the last boots the longest, by step; whatever else was waited for is not counted."""
    history = many(drifted(), quick_pass(20.0))
    assert recoveries(history) == {"database/shop": pytest.approx(10.9)}
    assert recoveries(many(quick_pass(20.0))) == {}


def test_twenty_boots_are_kept() -> None:
    """The latest; of each its first passes and its last."""
    history = many(*(quick_pass(float(number)) for number in range(30)))
    assert [each.epoch for each in history.boots] == [f"boot-{number}" for number in range(10, 10 + MOST_BOOTS)]
    for number in range(20):
        history = with_pass(history, history.boots[-1], quick_pass(100.0 + number, began=1000.0 * number))
    seconds = [record.seconds for record in history.boots[-1].passes]
    assert len(seconds) == MOST_PASSES
    assert (seconds[0], seconds[-1]) == (29.0, 119.0)


def test_the_history_stays_small() -> None:
    """However many steps there are: the oldest boots go first, the newest stays."""
    heavy = crowded(2_000)
    history = History()
    for number in range(4):
        history = fitted(with_pass(history, replace(heavy, epoch=f"{number}", passes=()), heavy.passes[0]))
    assert history.boots[-1].epoch == "3"
    assert 1 < len(history.boots) < 4
    assert len(json.dumps(to_json(history))) <= LONGEST_BYTES
    huge = crowded(6_000, name="deployment/shop/{:060}")
    assert len(json.dumps(to_json(huge))) > LONGEST_BYTES
    (only,) = fitted(with_pass(history, replace(huge, passes=()), huge.passes[0])).boots
    assert only.passes[0].verdict is Verdict.HEALED
    assert len(json.dumps(to_json(only))) <= LONGEST_BYTES


def test_what_is_read_back_is_what_was_kept() -> None:
    """As JSON."""
    history = with_pass(many(quick_pass(3.0, "restart")), boot(), drifted())
    assert from_json(History, json.loads(json.dumps(to_json(history)))) == history
    assert history.boots[-1] == one_boot()
