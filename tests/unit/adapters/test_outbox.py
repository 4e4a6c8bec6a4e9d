"""What the targets were told, on the disk."""

from dataclasses import replace
from pathlib import Path

from bootheal.adapters.outbox import OutboxFile
from bootheal.model import Due, Notice, Occasion, Told

NOTICE = Notice(Occasion.NOT_HEALED, "boot-1", "machine-1", "box", 5.0, "not healed", tail=("a line of a log",))


def test_what_is_still_to_be_told_is_for_its_owner_and_group_alone(tmp_path: Path) -> None:
    """It may quote logs; the directory it lies in may be read by all."""
    outbox = OutboxFile(tmp_path)
    due = Told(due=(Due(NOTICE, 1.0, "machine-1"),))
    assert outbox.change("hook", lambda told: replace(told, due=due.due)) == due
    assert outbox.read().targets == {"hook": due}
    assert (tmp_path / "notify.json").stat().st_mode & 0o777 == 0o640
