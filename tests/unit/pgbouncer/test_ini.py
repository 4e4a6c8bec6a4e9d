"""Editing a pgbouncer.ini: what is declared comes into force, and nothing else changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.pgbouncer.ini import equal, settings_of, unparsed, unsure, with_settings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[pgbouncer]\na = 1\n", "[pgbouncer]\na = 2\n"),
        ("[pgbouncer]\nb = 1\n\n[databases]\na = x\n", "[pgbouncer]\nb = 1\na = 2\n\n[databases]\na = x\n"),
        ("[databases]\na = x\n", "[databases]\na = x\n[pgbouncer]\na = 2\n"),
        (";a = 9\n[pgbouncer]\na = 1\na = 3\n", ";a = 9\n[pgbouncer]\na = 1\na = 2\n"),
        ("[pgbouncer]\n; a = 7\na=2\n", "[pgbouncer]\n; a = 7\na=2\n"),
        ("[pgbouncer]\n# a = 7\n", "[pgbouncer]\n# a = 7\na = 2\n"),
        ("", "[pgbouncer]\na = 2\n"),
        ("[pgbouncer]\r\na = 2\r\n", "[pgbouncer]\r\na = 2\r\n"),
        ("[pgbouncer]\r\na = 1\r\n", "[pgbouncer]\r\na = 2\r\n"),
        ("[pgbouncer]\na = 1", "[pgbouncer]\na = 2"),
        ("[pgbouncer]\n'a' = 1\n", "[pgbouncer]\na = 2\n"),
        ("[pgbouncer]\na = 1\n[pgbouncer]\nb = 1\n", "[pgbouncer]\na = 1\n[pgbouncer]\nb = 1\na = 2\n"),
        ("[pgbouncer] a = 1\n", "[pgbouncer] a = 1\na = 2\n"),
        ("[pgbouncer]\na = 2 ; a comment?\n", "[pgbouncer]\na = 2\n"),
        ("[pgbouncer]\nb = 1\n%include x\n", "[pgbouncer]\nb = 1\na = 2\n%include x\n"),
        ("[pgbouncer]\n%include x\na = 1\n", "[pgbouncer]\n%include x\na = 2\n"),
        ("%include x\n[pgbouncer]\nb = 1\n", "%include x\n[pgbouncer]\nb = 1\na = 2\n"),
        ("%include x\n", "%include x\n"),
    ],
)
def test_an_ini_file_is_changed_where_it_must_be_and_nowhere_else(before: str, after: str) -> None:
    """Comments, other sections and their keys stay; the last occurrence is the one PgBouncer uses."""
    assert after == with_settings(before, {"a": "2"})
    assert after == with_settings(after, {"a": "2"})


LINES = st.sampled_from(
    [
        "[pgbouncer]",
        "[databases]",
        "a = 1",
        "a=2",
        "  b = 3",
        "; a = 9",
        "# b",
        "",
        "%include /x",
        "a = 2\r",
        "[x] a = 5",
    ]
)


@given(st.lists(LINES), st.booleans())
def test_whatever_the_file_holds_the_setting_is_in_force_and_the_rest_is_kept(lines: list[str], end: bool) -> None:
    """At most one line is replaced or two are added; a second edit finds nothing to do."""
    text = "\n".join(lines) + "\n" * end
    edited = with_settings(text, {"a": "2"})
    assert with_settings(edited, {"a": "2"}) == edited
    kept = [line for line in edited.split("\n") if line in lines]
    assert len(kept) >= len([line for line in lines if line]) - 1
    if not unsure(edited):
        assert in_force(edited) == "2"


def in_force(text: str) -> str:
    """Read as PgBouncer does: a heading begins its section anew."""
    section, value = "", ""
    for raw in text.split("\n"):
        line = raw.strip()
        if line.startswith("["):
            section, _, line = line[1:].partition("]")
            value = "" if section == "pgbouncer" else value
            line = line.strip()
        if section == "pgbouncer" and line.split("=")[0].strip() == "a":
            value = line.split("=")[1].strip()
    return value


@pytest.mark.parametrize(
    ("text", "includes"),
    [("[pgbouncer]\n%include x", True), ("%include x\n[pgbouncer]", False), ("%include x", True), ("", False)],
)
def test_an_include_leaves_doubts(text: str, *, includes: bool) -> None:
    """After the section's heading it may set anything; without a heading it may hold the section."""
    assert unsure(text) is includes


@pytest.mark.parametrize(("one", "other", "same"), [("5", "5.0", True), ("5", "6", False), ("a", "a", True)])
def test_values_are_compared_as_pgbouncer_understands_them(one: str, other: str, *, same: bool) -> None:
    """Numbers as numbers, all else as text."""
    assert equal(one, other) is same


READ = [
    ("", {}),
    ("[databases]\nshop = host=db\n", {}),
    ("[databases]\nshop = host=db\n[pgbouncer]\n; a = 1\na = 1\na=2\n\n[users]\nb = 3\n", {"a": "2"}),
    ("[pgbouncer]\na = 1\n[pgbouncer]\nb = x y \n", {"b": "x y"}),
]


@pytest.mark.parametrize(("text", "settings"), READ)
def test_what_a_file_would_bring_into_force(text: str, settings: dict[str, str]) -> None:
    """Of one key the last value, of the section the last one; nothing of the databases and their passwords."""
    assert settings_of(text) == settings


def test_lines_that_keep_a_file_from_loading() -> None:
    """What is no heading, setting, comment or include; by their numbers."""
    assert list(unparsed("[pgbouncer]\na = 1\n\n# b\n%include x\nc\n")) == [6]
    assert list(unparsed("[pgbouncer]\n; c\r\na = 1\r\n")) == []
