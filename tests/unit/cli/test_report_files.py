"""What `report` writes for somebody is there as a whole, or not at all."""

import subprocess
import sys
from pathlib import Path

from support.command import environment

PROGRAM = """
import resource, sys
from pathlib import Path
from bootheal.cli.report import _write
from bootheal.errors import BoothealError
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    _write(Path(sys.argv[1]), "x" * 100)
except BoothealError as error:
    print(error)
"""


def written(path: Path) -> str:
    """Try to write a hundred bytes where there is room for ten, and return what is said."""
    run = [sys.executable, "-c", PROGRAM, str(path)]
    return subprocess.run(run, capture_output=True, text=True, env=environment(), check=True).stdout


def test_a_picture_that_has_no_room_takes_nothing_away(tmp_path: Path) -> None:
    """Neither the one before it, through whatever link it is reached, nor the name that it would have had."""
    old, link, new = tmp_path / "old.svg", tmp_path / "link.svg", tmp_path / "new.svg"
    old.write_text("before")
    link.symlink_to(old)
    for path in (old, link, new):
        assert written(path) == f"cannot write {path}: File too large\n"
    assert (old.read_text(), link.is_symlink(), new.exists()) == ("before", True, False)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.svg", "old.svg"]
