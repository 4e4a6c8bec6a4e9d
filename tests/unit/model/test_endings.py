"""Every way to end has its row in the table, and its explanation where people look for one."""

import re
from pathlib import Path

from bootheal.model import ENDINGS, VERDICTS, Ending, EventKind, Verdict
from bootheal.narrate import MESSAGE_IDS

SYSTEMD = Path(__file__).parents[3] / "systemd"


def test_every_ending_and_every_verdict_has_its_row() -> None:
    """None is forgotten when one is added."""
    assert (list(ENDINGS), list(VERDICTS)) == (list(Ending), list(Verdict))


def test_no_two_ends_look_the_same() -> None:
    """By a mark, or by words, it is known which one it was."""
    assert len({row.mark for row in ENDINGS.values()}) == len(Ending)
    assert len({row.words for row in VERDICTS.values()}) == len(Verdict)


def test_the_manual_names_what_the_journal_can_be_searched_for() -> None:
    """Each value of BOOTHEAL_ENDING; what has no entry of its own is none."""
    page = (SYSTEMD / "bootheal.8").read_text()
    steps, runs = re.findall(r"^\.Pq (.*?) [.,]$", page.partition(".It Ev BOOTHEAL_ENDING\n")[2], re.MULTILINE)[:2]
    assert steps.split(", ") == [ending for ending, row in ENDINGS.items() if row.level is not None]
    assert runs.split(", ") == list(Verdict)


def test_the_catalogue_explains_every_verdict() -> None:
    """`journalctl -x` says what each means, and what is to be done."""
    catalogue = (SYSTEMD / "bootheal.catalog").read_text()
    entry = catalogue.partition(f"-- {MESSAGE_IDS[EventKind.ENDED]}\n")[2].partition("\n-- ")[0]
    begun = re.findall(r"^([a-z-]+)(?: or ([a-z-]+))?: ", entry, re.MULTILINE)
    assert [word for words in begun for word in words if word] == list(Verdict)
