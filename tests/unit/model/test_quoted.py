"""What others say, as we quote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.model.quoted import LONGEST, quoted, visible


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("the database system is starting up", "the database system is starting up"),
        ("Пароль не подошёл: 密码", "Пароль не подошёл: 密码"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("no\r\n  ok  database/shop", "no\\r\\n  ok  database/shop"),
        ("a\u202etxt.exe", "a\\u202etxt.exe"),
        ("a\u2028b\u200bc\ufeffd\x85e", "a\\u2028b\\u200bc\\ufeffd\\x85e"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("  spaces around  ", "spaces around"),
        ("", ""),
    ],
)
def test_nothing_in_it_acts_on_a_reader(said: str, shown: str) -> None:
    """Escapes stand for what would; letters of any script stay."""
    assert quoted(said) == shown
    assert visible(said).strip() == shown


def test_what_is_too_long_is_cut_and_that_is_shown() -> None:
    """Where escapes make it longer, too."""
    assert quoted("x" * LONGEST) == "x" * LONGEST
    assert quoted("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"
    assert len(quoted("\x1b" * LONGEST)) == LONGEST
    assert quoted("abcdef", longest=4) == "abc…"


@given(st.text())
def test_whatever_is_said_it_is_one_printable_line(said: str) -> None:
    """Of bounded length, and quoting it twice changes nothing."""
    shown = quoted(said)
    assert len(shown) <= LONGEST
    assert len(shown.splitlines()) <= 1
    assert quoted(shown) == shown
    shown.encode()
