"""Text in a given width, and durations in words."""

import itertools

import pytest

from bootheal.model.durations import spoken
from bootheal.model.layout import shortened, wrapped


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(25.0, "25 s"), (0.5, "0.5 s"), (60.0, "1 min"), (90.0, "90 s"), (1800.0, "30 min"), (7200.0, "2 h")],
)
def test_a_duration_is_told_as_it_would_be_written(seconds: float, words: str) -> None:
    """25 s are 25 s, and no 0.416667 min."""
    assert spoken(seconds) == words


def test_lines_break_between_words() -> None:
    """What follows is indented; only a word that fits no line is cut."""
    assert list(wrapped("  one two three", 10, 4)) == ["  one two", "    three"]
    assert list(wrapped("a" * 12, 10, 2)) == ["a" * 10, "  aa"]
    assert list(wrapped("", 10)) == [""]


@pytest.mark.parametrize("width", [-3, 0, 1, 5, 10, 12])
def test_text_ends_on_any_terminal(width: int) -> None:
    """However narrow it is, and however far its lines are indented; and nothing is lost."""
    lines = list(itertools.islice(wrapped("    one twentythree 30 s", width, 14), 50))
    assert "".join("".join(lines).split()) == "onetwentythree30s"


@pytest.mark.parametrize("width", [2, 3, 10, 33, 34])
def test_a_shortened_name_has_the_width(width: int) -> None:
    """Whatever the width."""
    name = "deployment/shop/django-worker-high"
    assert len(shortened(name, width)) == width
