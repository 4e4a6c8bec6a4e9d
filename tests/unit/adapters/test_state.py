"""The state file: what is on disk outside of a pass, after another boot, of another version, on a full disk."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.files import lock
from bootheal.adapters.state import StateFile, read, withdraw
from bootheal.errors import LockedError, StateError
from bootheal.model import ActionRecord, Event, EventKind, Report
from support.command import environment

DONE = ActionRecord(0, "delete-pod", "pod/shop/a", "Unknown", 5.0, "delete pod/shop/a")


def remembered(directory: Path, boot: str = "machine-1") -> StateFile:
    """Return a state file in which something has happened."""
    state = StateFile(directory, boot)
    with state.hold():
        state.enter("boot-1")
        state.observe("a", frozenset({"dead"}), 100.0)
        state.record("a", DONE)
    return state


@pytest.fixture
def strict_umask() -> Iterator[None]:
    """The service's."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("strict_umask")
def test_a_directory_of_ones_own_is_made_readable_for_all(tmp_path: Path) -> None:
    """As the default one is: `status` and `wait` need no rights, wherever the state is."""
    remembered(tmp_path / "of" / "mine")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "of", *(tmp_path / "of").rglob("*"))}
    assert modes == {"of": 0o755, "mine": 0o755, "state.json": 0o644, "lock": 0o600}


def test_the_mode_of_a_directory_that_is_there_is_its_owners_business(tmp_path: Path) -> None:
    """Who made it for nobody else to read meant it."""
    tmp_path.chmod(0o700)
    remembered(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_nothing_is_written_outside_of_a_pass(tmp_path: Path) -> None:
    """What the engine sees while it rests stays in memory: another pass may be under way."""
    state = remembered(tmp_path)
    before = (tmp_path / "state.json").read_bytes()
    state.observe("a", frozenset({"dead", "more"}), 200.0)
    state.set_baseline("a", {"rows": "5"})
    assert (tmp_path / "state.json").read_bytes() == before


def test_what_is_good_is_written_down_between_passes_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon may rest for months: rows that were deleted meanwhile must not look lost after the next boot."""
    daemon, by_hand = remembered(tmp_path), StateFile(tmp_path, "machine-1")
    with by_hand.hold():
        by_hand.record("b", DONE)
        by_hand.set_baseline("b", {"rows": "7"})
        by_hand.enter("boot-1")
    later = time.monotonic() + 601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with lock(tmp_path):
        daemon.set_baseline("a", {"rows": "4"})  # another pass is under way
    assert written(tmp_path)["kept"] == {"b": {"rows": "7"}}
    daemon.set_baseline("a", {"rows": "3"})  # not yet again
    assert written(tmp_path)["kept"] == {"b": {"rows": "7"}}
    later += 601
    daemon.set_baseline("a", {"rows": "2"})
    assert written(tmp_path)["kept"] == {"a": {"rows": "2"}, "b": {"rows": "7"}}
    assert written(tmp_path)["steps"]["b"]["done"]


def written(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "state.json").read_text())  # type: ignore[no-any-return]


def test_what_another_pass_has_written_is_known_in_the_next(tmp_path: Path) -> None:
    """`run --once` by hand beside a daemon: the daemon's next pass knows what was done."""
    daemon = remembered(tmp_path)
    by_hand = StateFile(tmp_path, "machine-1")
    with by_hand.hold():
        by_hand.record("b", DONE)
    with daemon.hold() as epoch:
        assert (epoch, daemon.done("b")) == ("boot-1", (DONE,))


def test_durations_are_not_believed_in_another_boot_of_this_machine(tmp_path: Path) -> None:
    """A monotonic clock begins anew; what was done in the cluster's epoch is still known."""
    remembered(tmp_path)
    state = StateFile(tmp_path, "machine-2")
    with state.hold() as epoch:
        state.enter(epoch)
        assert state.observe("a", frozenset({"dead"}), 7.0) == {"dead": 7.0}
        assert state.done("a") == (DONE,)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{ broken", "it cannot be understood"),
        ("[]", "it cannot be understood"),
        ('{"version": 99, "epoch": "x"}', "it is of version 99 and this bootheal knows version"),
        ("\0\0\0", "it cannot be understood"),
    ],
)
def test_what_cannot_be_understood_is_set_aside_by_a_pass_only(tmp_path: Path, content: str, why: str) -> None:
    """`plan` and `status` leave it where it is, and say so; a pass keeps it under another name."""
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(StateError, match=why):
        read(tmp_path)
    planning = StateFile(tmp_path)
    assert planning.load() == ""
    assert why in planning.remark
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
    state = StateFile(tmp_path)
    with state.hold() as epoch:
        assert epoch == ""
        state.enter("boot-1")
    assert why in state.remark
    assert [file.read_text() for file in tmp_path.glob("*.aside")] == [content]


def passed(directory: Path, boot: str, began: float) -> dict[str, Any]:
    """Make a pass that finds everything well; return what is on disk then."""
    state = StateFile(directory, boot)
    with state.hold():
        state.enter(boot)
        state.progress(Event(EventKind.STARTED, at=began, elapsed=0.0))
        state.finish(Report(boot, began, 1.0, ()))
    return read(directory) or {}


def test_the_last_report_of_another_boot_stays(tmp_path: Path) -> None:
    """However many passes this boot has had."""
    for began in (1.0, 2.0, 3.0):
        passed(tmp_path, "boot-1", began)
    for began in (11.0, 12.0, 13.0):
        data = passed(tmp_path, "boot-2", began)
        assert (data["report"]["began"], data["last_boot"]["began"]) == (began, 3.0)
    assert data["previous"]["began"] == 12.0


def test_a_report_that_is_withdrawn_is_one_of_the_past(tmp_path: Path) -> None:
    """Nothing is lost, nothing is made where there was none, and nothing is touched while a pass is under way."""
    withdraw(tmp_path)
    assert read(tmp_path) is None
    before = passed(tmp_path, "boot-1", 1.0)
    with lock(tmp_path), pytest.raises(LockedError):
        withdraw(tmp_path)
    assert before == read(tmp_path)
    withdraw(tmp_path)
    assert before | {"report": None, "previous": before["report"]} == read(tmp_path)


def test_the_holder_of_the_lock_is_named(tmp_path: Path) -> None:
    """With its process and since when; the lock goes with the holder, however it ends."""
    named = r"\(process \d+ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)"
    with lock(tmp_path), pytest.raises(LockedError, match=named), lock(tmp_path):
        pass
    with lock(tmp_path):
        pass


def test_a_directory_that_cannot_be_written_is_named() -> None:
    """With the next thing to do."""
    named = "cannot use the state directory /proc/sys/kernel: "
    with pytest.raises(StateError, match=named) as error, StateFile(Path("/proc/sys/kernel")).hold():
        pass
    assert "state_directory" in error.value.hint


FULL = """
import resource, sys
from pathlib import Path
from bootheal.adapters.state import StateFile
from bootheal.errors import StateError
from bootheal.model import ActionRecord, Event, EventKind, Report
state = StateFile(Path(sys.argv[1]), "machine-1")
with state.hold():
    number, limit = len(state.done("a")), (Path(sys.argv[1]) / "state.json").stat().st_size + 100
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        state.record("a", ActionRecord(number, "x" * 200, "x", "x", 5.0, "x"))
    except StateError as error:
        print(error, error.hint, sep="\\n")
"""


def test_a_full_disk_corrupts_nothing(tmp_path: Path) -> None:
    """The record is refused with clear words, and the file is what it was; no scrap is left beside it."""
    remembered(tmp_path)
    before = (tmp_path / "state.json").read_bytes()
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    said = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"cannot write {tmp_path}/state.json: File too large; nothing is changed without a record")
    assert "free some space" in said
    assert (tmp_path / "state.json").read_bytes() == before
    assert json.loads(before)["epoch"] == "boot-1"
    assert {file.name for file in tmp_path.iterdir()} == {"state.json", "lock"}
