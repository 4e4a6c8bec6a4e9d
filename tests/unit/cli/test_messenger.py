"""What targets are still to be told, while the disk takes none of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bootheal.adapters.outbox import OutboxFile
from bootheal.cli.healing.messenger import _Box
from bootheal.model import Told


class Full(OutboxFile):
    """On a disk that is full for as long as somebody says so."""

    full = True

    def change(self, target: str, how: Callable[[Told], Told]) -> Told:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().change(target, how)


def tells(what: str) -> Callable[[Told], Told]:
    return lambda known: replace(known, told=(*known.told, what))


def test_what_another_process_has_told_meanwhile_is_not_forgotten(tmp_path: Path) -> None:
    """A daemon on a full disk, and `run --once` beside it once there is room: both have told something."""
    complaints: list[str] = []
    file = Full(tmp_path)
    daemon, by_hand = (
        _Box(file, "m", "phone", complaints.append),
        _Box(OutboxFile(tmp_path), "m", "phone", complaints.append),
    )
    daemon.change(tells("not healed"))
    daemon.change(tells("still not healed"))
    by_hand.change(tells("healed by hand"))
    file.full = False
    daemon.change(tells("healed"))
    known = OutboxFile(tmp_path).read().targets["phone"]
    assert known.told == ("healed by hand", "not healed", "still not healed", "healed")
    assert len(complaints) == 1
    assert "cannot keep what phone was told: No space left on device" in complaints[0]
