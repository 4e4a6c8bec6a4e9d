"""What is written is a file, or nothing: as root a rename puts a file even in the place of /dev/null."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bootheal.adapters.archive import Part, write_archive
from bootheal.adapters.files import replace_file, spare_what_is_no_file
from bootheal.errors import UsageError


def replaced(path: Path) -> None:
    replace_file(path, "text", durable=False)


def archived(path: Path) -> None:
    write_archive(path, [Part("name", "text")], (), {}, str)


@pytest.mark.parametrize("write", [replaced, archived])
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_file_stays_what_it_is(tmp_path: Path, write: Callable[[Path], None], linked: bool) -> None:
    """A pipe stands for any device; /dev/stdout is a link to one. Nothing is left beside it, either."""
    pipe, directory, link = tmp_path / "pipe", tmp_path / "directory", tmp_path / "link"
    os.mkfifo(pipe)
    directory.mkdir()
    for place, why in ((pipe, "it is a device, no file"), (directory, "it is a directory")):
        link.unlink(missing_ok=True)
        link.symlink_to(place)
        with pytest.raises((OSError, UsageError), match=why):
            write(link if linked else place)
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["directory", "link", "pipe"]


@pytest.mark.parametrize("name", ["stdout", "stderr", "not-there"])
def test_no_name_among_the_devices_becomes_a_file(name: str) -> None:
    """Whatever /dev/stdout leads to: after `> file` that is a file, and a file it would stay for all others.

    It is only asked here: a write that went wrong would be the machine's.
    """
    with pytest.raises(OSError, match="it is among the devices"):
        spare_what_is_no_file(Path("/dev", name))
    spare_what_is_no_file(Path("/dev/shm", name))  # noqa: S108  (nothing is written)
