"""Where the memory is kept: the fake that unit tests use and the file on disk keep the same promises."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bootheal.adapters.state import StateFile
from bootheal.errors import LockedError
from bootheal.model import ActionRecord, Ending, EventKind, Outcome, Progress, Remembered, Report, StepMemory
from bootheal.ports import Store
from support.engine import Disk, FakeStore

DONE = ActionRecord(
    3, "delete-pod", "pod/shop/a", "Unknown", 5.0, "delete pod/shop/a", note={"uid": "x"}, earlier=(1.5,)
)
REPORT = Report("boot-1", 1.0, 2.0, (Outcome("a", Ending.SETTLED, "up", began=0.0, after=("b",), actions=(DONE,)),))
ALL = Remembered(
    epoch="boot-1",
    boot="machine-1",
    steps={"a": StepMemory({"dead a": 10.0}, (DONE, replace(DONE, number=4, count=2, objects=7)), incident=1)},
    recovering_since=4.0,
    progress={"a": Progress(EventKind.WAITING, "erklärt nichts", 4.5)},
    report=REPORT,
    previous=replace(REPORT, began=0.5),
    last_boot=replace(REPORT, epoch="boot-0", interrupted=True),
    baseline={"database/shop": {"system identifier": "1"}},
    boots_in_vain={"a": {"delete-pod": 2}},
)


@pytest.fixture(params=["fake", "file"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Return what opens it as another process would."""
    disk = Disk()
    return (lambda: FakeStore(disk)) if request.param == "fake" else (lambda: StateFile(tmp_path))


def save(store: Store, remembered: Remembered) -> None:
    with store.hold():
        store.save(remembered, durable=True)


def test_before_anything_was_saved_there_is_nothing(opened: Callable[[], Store]) -> None:
    """And nothing to remark on."""
    store = opened()
    assert store.load() is None
    with store.hold():
        assert store.load() is None
    assert store.remark == ""


def test_all_that_is_saved_is_what_another_process_loads(opened: Callable[[], Store]) -> None:
    """Each field of it; the last that was saved, and no more than that."""
    save(opened(), Remembered(epoch="boot-0"))
    save(opened(), ALL)
    assert opened().load() == ALL
    save(opened(), Remembered(boot="machine-1"))
    assert opened().load() == Remembered(boot="machine-1")


def test_what_is_known_already_is_not_loaded_again(opened: Callable[[], Store]) -> None:
    """What was saved or loaded here last may have been changed since, in memory; what another process saved counts."""
    store, other = opened(), opened()
    save(store, ALL)
    assert store.load() is None
    assert other.load() == ALL
    assert other.load() is None
    save(other, replace(ALL, epoch="boot-2"))
    assert other.load() is None
    assert store.load() == replace(ALL, epoch="boot-2")


def test_one_at_a_time_holds_the_lock(opened: Callable[[], Store]) -> None:
    """The other one is told so at once; the lock goes with its holder, however it ends."""
    store, other = opened(), opened()
    with store.hold(), pytest.raises(LockedError, match="another pass is under way"), other.hold():
        pass
    with pytest.raises(KeyError), store.hold():
        raise KeyError
    with other.hold():
        pass
