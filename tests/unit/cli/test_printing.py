"""Lines for people, as wide as their terminal."""

from bootheal.cli.printing import fitted

LINES = (
    "may break at the next boot:",
    "  clock: its clock follows nobody, and may be wrong after a boot: it is not synchronised",
    "      evidence: seen by systemd, which says that it is not synchronised, for 3 min",
    "      next:     timedatectl set-ntp true (it needs systemd-timesyncd or chrony); timedatectl",
)


def test_lines_break_between_words_and_go_on_below_what_they_say() -> None:
    """No number is parted from its unit; and a command stays in one line, since it is copied."""
    assert list(fitted(LINES, 74)) == [
        "may break at the next boot:",
        "  clock: its clock follows nobody, and may be wrong after a boot: it is",
        "      not synchronised",
        "      evidence: seen by systemd, which says that it is not synchronised,",
        "                for 3 min",
        LINES[3],
    ]
    assert "3 min" in list(fitted(["it has waited for 3 min"], 21))[1]


def test_a_pipe_gets_them_whole() -> None:
    """Whoever reads it may look for words that stand beside each other."""
    assert tuple(fitted(LINES, None)) == LINES


def test_no_line_acts_on_the_terminal() -> None:
    """Whatever stands in the files that `status` reads, which are not root's."""
    assert list(fitted(["\x1b]0;owned\x07 all is well\nhealed"], None)) == [r"\x1b]0;owned\x07 all is well\nhealed"]
