"""What is written is a file, or nothing: as root a rename puts a file even in the place of /dev/null."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bootheal.adapters import archive
from bootheal.adapters.files import replace_file, spare_devices
from bootheal.errors import UsageError


def replaced(path: Path) -> None:
    replace_file(path, "text", durable=False)


def archived(path: Path) -> None:
    archive.write(path, archive.pack(path.name, [archive.Part("name", "text")], (), {}, str))


@pytest.mark.parametrize("write", [replaced, archived])
@pytest.mark.parametrize(("place", "why"), [("/dev/null", "it is a device, no file"), ("/", "it is a directory")])
def test_a_link_to_what_is_no_file_stays_one(
    tmp_path: Path, write: Callable[[Path], None], place: str, why: str
) -> None:
    """It stands for the device itself, which a test must not risk. Nothing is left beside it, either."""
    link = tmp_path / "link"
    link.symlink_to(place)
    with pytest.raises((OSError, UsageError), match=why):
        write(link)
    assert link.is_symlink()
    assert list(tmp_path.iterdir()) == [link]


@pytest.mark.parametrize("name", ["stdout", "stderr", "not-there"])
def test_no_name_among_the_devices_becomes_a_file(name: str) -> None:
    """Whatever /dev/stdout leads to: after `> file` that is a file, and a file it would stay for all others.

    It is only asked here: a write that went wrong would be the machine's.
    """
    with pytest.raises(OSError, match="it is among the devices"):
        spare_devices(Path("/dev", name))
    spare_devices(Path("/dev/shm", name))  # noqa: S108  (nothing is written)
