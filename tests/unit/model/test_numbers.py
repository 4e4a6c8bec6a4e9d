"""Digits that others say."""

import pytest

from bootheal.model.numbers import port, whole


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("100", 100),
        ("101", None),
        ("0" * 5_000 + "7", 7),
        ("9" * 5_000, None),
        ("", None),
        ("-1", None),
        ("1.0", None),
        ("٣", None),
        (" 7", None),
        ("1_0", None),
    ],
)
def test_a_text_is_a_number_within_bounds_or_none(text: str, number: int | None) -> None:
    """int() raises an error for more than 4,300 digits, and takes more for a number than people do."""
    assert whole(text, 100) == number


@pytest.mark.parametrize(("text", "number"), [("5432", 5432), ("65535", 65535), ("65536", 0), ("0", 0), ("x", 0)])
def test_a_port_is_one_that_there_can_be(text: str, number: int) -> None:
    """0 is none."""
    assert port(text) == number
