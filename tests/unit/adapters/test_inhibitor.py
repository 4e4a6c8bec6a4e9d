"""The lock by which systemd refuses a planned reboot: held for as long as we hold the input of systemd's program."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootheal.adapters.inhibitor import Inhibitor
from bootheal.errors import PermanentError

# It notes that it was granted, runs its command, and takes the note away: as systemd-inhibit(1).
GRANTS = """#!/bin/sh
echo "$*" > "{place}/granted.$$"
for word; do shift; case $word in --*) ;; *) "$word"; break ;; esac; done
rm "{place}/granted.$$"
"""
REFUSES = "#!/bin/sh\necho 'Failed to inhibit: Access denied' >&2\nexit 1\n"

HOLDS = """
import sys, time
from bootheal.adapters.inhibitor import Inhibitor
Inhibitor(sys.argv[1]).hold("it would not come back")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """One that grants."""
    return a_program(tmp_path, GRANTS)


def a_program(place: Path, text: str) -> Path:
    path = place / "systemd-inhibit"
    path.write_text(text.format(place=place))
    path.chmod(0o755)
    return path


def granted(place: Path) -> list[str]:
    """Return what was granted, and is held."""
    return [path.read_text() for path in sorted(place.glob("granted.*"))]


def becomes(place: Path, count: int) -> None:
    until = time.monotonic() + 20
    while len(granted(place)) != count:
        assert time.monotonic() < until, granted(place)
        time.sleep(0.02)


@pytest.fixture
def lock(program: Path) -> Iterator[Inhibitor]:
    lock = Inhibitor(str(program))
    yield lock
    lock.release()


def test_the_lock_is_held_with_its_reason_and_released(lock: Inhibitor, tmp_path: Path) -> None:
    """One lock, in the mode that refuses, whatever is asked for again; another reason takes its place."""
    assert not lock.held
    lock.hold("it would not come back; $(reboot)")
    (said,) = granted(tmp_path)
    assert "--what=shutdown --mode=block --who=bootheal --why=it would not come back; $(reboot)" in said
    lock.hold("it would not come back; $(reboot)")
    assert granted(tmp_path) == [said]
    lock.hold("another")
    becomes(tmp_path, 1)
    assert "--why=another" in granted(tmp_path)[0]
    assert lock.held
    lock.release()
    assert (lock.held, granted(tmp_path)) == (False, [])
    lock.release()


def test_it_goes_with_whoever_held_it(program: Path, tmp_path: Path) -> None:
    """Killed without a word: nobody is left who would refuse a reboot for ever."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(program)], stdout=subprocess.PIPE, env=os.environ)
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        becomes(tmp_path, 1)
        holder.kill()
    becomes(tmp_path, 0)


REFUSALS = [
    (REFUSES, "cannot refuse a planned reboot: Failed to inhibit: Access denied"),
    ("", "cannot refuse a planned"),
]


@pytest.mark.parametrize(("text", "said"), REFUSALS)
def test_a_lock_that_is_not_granted_is_told(tmp_path: Path, text: str, said: str) -> None:
    """In systemd's words, or because it is not there."""
    path = a_program(tmp_path, text) if text else tmp_path / "none"
    with pytest.raises(PermanentError, match=said):
        Inhibitor(str(path)).hold("why")
