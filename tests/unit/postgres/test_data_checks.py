"""What counts as lost data, and what of an answer may be told."""

import pytest

from bootheal.model import Answer
from bootheal.postgres.data_checks import IDENTIFIER, Check, Checked, checked, facts, lost


def answered(value: str, **check: float | None) -> Checked:
    return checked(Check("orders kept", "select 1", **check), Answer(ok=True, spoke=True, value=value))


def shortage(value: str, good: str = "", **check: float | None) -> tuple[str, ...]:
    return lost("7", [answered(value, **check)], {"check orders kept": good} if good else {})


@pytest.mark.parametrize(
    ("value", "good", "check"),
    [
        ("3000", "", {}),
        ("0", "3000", {}),
        ("0", "3000", {"at_least": 0}),
        ("1", "", {"at_least": 1}),
        ("3000", "3000", {"may_shrink": 0}),
        ("3001", "3000", {"may_shrink": 0}),
        ("2990", "3000", {"may_shrink": 10}),
        ("12.5", "12.5", {"may_shrink": 0}),
        ("0", "", {"may_shrink": 0}),
    ],
)
def test_enough_is_enough(value: str, good: str, check: dict[str, float]) -> None:
    """Growth is no loss, what is not declared is not compared, and the first boot has nothing to compare with."""
    assert shortage(value, good, **check) == ()


@pytest.mark.parametrize(
    ("value", "good", "check", "told"),
    [
        ("0", "", {"at_least": 1}, "orders kept: 0, and at least 1 are expected"),
        ("2999", "3000", {"may_shrink": 0}, "orders kept: 2999, and 3000 in the last good boot"),
        ("2989", "3000", {"may_shrink": 10}, "orders kept: 2989, and 3000 in the last good boot"),
        ("NaN", "3000", {"may_shrink": 10}, "orders kept: NaN, and 3000 in the last good boot"),
    ],
)
def test_rows_that_vanished_are_told_with_both_numbers(
    value: str, good: str, check: dict[str, float], told: str
) -> None:
    """The person sees how much is gone."""
    assert shortage(value, good, **check) == (told,)


def test_another_system_identifier_is_another_cluster() -> None:
    """As initdb makes on an empty volume. One that cannot be read proves nothing, nor does the first one."""
    (told,) = lost("8", [], {IDENTIFIER: "7"})
    assert "its system identifier is 8, and was 7 in the last good boot" in told
    assert lost("", [], {IDENTIFIER: "7"}) == lost("7", [], {IDENTIFIER: "7"}) == lost("7", [], {}) == ()


def test_what_was_accepted_may_be_less_than_at_least_but_not_less_than_it_was() -> None:
    """The owner has seen two rows and said yes: not to one."""
    accepted = {"check orders kept": "2", IDENTIFIER: "7"}
    assert len(lost("7", [answered("2", at_least=5, may_shrink=0)], {"check orders kept": "400"}, accepted)) == 1
    for value, losses in (("2", 0), ("3", 0), ("1", 1)):
        found = lost("7", [answered(value, at_least=5, may_shrink=0)], accepted, accepted)
        assert len(found) == losses


@pytest.mark.parametrize("value", ["", "ring 7", "{1,2}"])
def test_an_answer_that_is_no_number_goes_no_further(value: str) -> None:
    """Rows can hold anything; only numbers are kept, compared and told."""
    found = answered(value)
    assert (found.answer.ok, found.answer.value, str(found.answer)) == (False, "", "its answer is not one number")
    assert not found.transient


@pytest.mark.parametrize(
    ("sqlstate", "told"),
    [
        ("42P01", "no canary (42P01)"),
        ("53300", "no canary (53300)"),
        ("22P02", "the query fails (22P02)"),
        ("P0001", "the query fails (P0001)"),
    ],
)
def test_a_message_that_may_quote_a_row_is_not_told(sqlstate: str, told: str) -> None:
    """`invalid input syntax for type integer: "…"` shows a value; "relation does not exist" does not."""
    found = checked(Check("c", "select 1"), Answer(ok=False, spoke=True, sqlstate=sqlstate, text="no canary"))
    assert str(found.answer) == told


def test_only_what_is_known_is_kept() -> None:
    """Numbers as they were told, and the identifier where it could be read."""
    assert facts("7", [answered("3000")]) == {IDENTIFIER: "7", "check orders kept": "3000"}
    assert facts("", []) == {}


@pytest.mark.parametrize("value", ["1" * 41, "0" * 1_000_000 + "1", "x", ""])
def test_what_is_no_number_is_no_answer(value: str) -> None:
    """A megabyte of digits would be written down, and told."""
    answer = checked(Check("orders kept", "select 1"), Answer(ok=True, spoke=True, value=value)).answer
    assert not answer.ok
    assert str(answer) == "its answer is not one number"


@pytest.mark.parametrize("good", ["NaN", "Infinity", "inf", "1e999"])
def test_what_cannot_be_counted_measures_nothing(good: str) -> None:
    """Else one odd answer in a good boot would be data lost in every boot to come."""
    assert shortage("3000", good, may_shrink=0) == ()
