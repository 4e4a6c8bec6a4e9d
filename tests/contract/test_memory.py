"""What the engine remembers: the dict that unit tests use and the file on disk keep the same promises."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bootheal.adapters.state import StateFile
from bootheal.model import ActionRecord
from bootheal.ports import Memory
from support.engine import DictMemory

DONE = ActionRecord(0, "delete-pod", "pod/shop/a", "Unknown", 5.0, "delete pod/shop/a", note={"uid": "x"})


@pytest.fixture(params=["dict", "file"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Memory]:
    """Return what opens the memory as the next process would."""
    kept = DictMemory()

    def open_file() -> Memory:
        file = StateFile(tmp_path)
        file.load()
        return file

    return (lambda: kept) if request.param == "dict" else open_file


def test_an_intent_survives_the_process(reopen: Callable[[], Memory]) -> None:
    """It is there before the action, and its result replaces it."""
    memory = reopen()
    memory.enter("boot-1")
    memory.record("cleanup", DONE)
    assert reopen().done("cleanup") == (DONE,)
    reopen().record("cleanup", replace(DONE, result="done"))
    assert [done.result for done in reopen().done("cleanup")] == ["done"]


def test_actions_are_kept_in_order_and_apart(reopen: Callable[[], Memory]) -> None:
    """Oldest first, per step."""
    memory = reopen()
    memory.enter("boot-1")
    for number in range(3):
        memory.record("a", replace(DONE, number=number))
    assert [done.number for done in memory.done("a")] == [0, 1, 2]
    assert memory.done("b") == ()


def test_a_condition_is_dated_from_its_first_sight_until_it_ends(reopen: Callable[[], Memory]) -> None:
    """A condition that was gone in between begins anew."""
    memory = reopen()
    memory.enter("boot-1")
    seen = frozenset({"dead a"})
    assert memory.observe("cleanup", seen, 10.0) == {"dead a": 10.0}
    assert memory.observe("cleanup", seen | {"dead b"}, 20.0) == {"dead a": 10.0, "dead b": 20.0}
    assert memory.observe("cleanup", frozenset(), 30.0) == {}
    assert memory.observe("cleanup", seen, 40.0) == {"dead a": 40.0}


def test_another_epoch_is_another_memory(reopen: Callable[[], Memory]) -> None:
    """What was done in the last boot does not count in this one; entering the same again changes nothing."""
    memory = reopen()
    memory.enter("boot-1")
    memory.record("a", DONE)
    memory.enter("boot-1")
    assert len(memory.done("a")) == 1
    memory.enter("boot-2")
    assert memory.done("a") == ()


def test_what_was_good_survives_the_epoch(reopen: Callable[[], Memory]) -> None:
    """The last good facts of a step, whole: what it no longer says is forgotten. Nothing is known of other steps."""
    memory = reopen()
    memory.enter("boot-1")
    memory.set_baseline("database/shop", {"system identifier": "1", "old": "x"})
    memory.set_baseline("database/shop", {"system identifier": "2"})
    memory.enter("boot-2")
    assert memory.baseline("database/shop") == {"system identifier": "2"}
    assert reopen().baseline("database/shop") == {"system identifier": "2"}
    assert memory.baseline("other") == {}


def test_a_step_that_was_mended_begins_another_incident(reopen: Callable[[], Memory]) -> None:
    """Counted only where something was done since it was last mended, and anew in another epoch."""
    memory = reopen()
    memory.enter("boot-1")
    memory.close_incident("a")
    assert memory.incident("a") == 0
    memory.record("a", DONE)
    memory.close_incident("a")
    memory.close_incident("a")
    memory.enter("boot-1")
    assert reopen().incident("a") == 1
    memory.record("a", replace(DONE, number=1, incident=1))
    memory.close_incident("a")
    assert memory.incident("a") == 2
    memory.enter("boot-2")
    assert memory.incident("a") == 0


def test_what_did_not_help_is_counted_over_the_epochs(reopen: Callable[[], Memory]) -> None:
    """Until the step is well at the end of a pass; what failed was not done, and one count is for each epoch."""
    for number, epoch in enumerate(("boot-1", "boot-2", "boot-3")):
        memory = reopen()
        memory.enter(epoch)
        assert memory.boots_in_vain("a", "delete-pod") == number
        memory.record("a", replace(DONE, result="done"))
        memory.record("a", replace(DONE, number=1))
        memory.record("b", replace(DONE, result="failed: it changed"))
    memory.enter("boot-4")
    assert (memory.boots_in_vain("a", "delete-pod"), memory.boots_in_vain("b", "delete-pod")) == (3, 0)
    memory.close_incident("a")
    memory.enter("boot-5")
    assert memory.boots_in_vain("a", "delete-pod") == 0


WHOLE = {"version": 2, "epoch": "boot-1", "steps": {"a": {"first_seen": {}, "done": [], "incident": 0}}}


@pytest.mark.parametrize(
    "text",
    [
        "{ broken",
        "[]",
        json.dumps(WHOLE | {"version": 1}),
        json.dumps(WHOLE | {"version": 3}),
        json.dumps(WHOLE | {"steps": {"a": {"first_seen": {}, "done": []}}}),
        json.dumps(WHOLE | {"steps": {"a": {"first_seen": {}, "done": [{"number": 0}], "incident": 0}}}),
        json.dumps(WHOLE | {"steps": {"a": {"first_seen": [], "done": [], "incident": 0}}}),
        json.dumps(WHOLE | {"steps": None}),
    ],
)
def test_a_file_that_is_not_ours_is_set_aside_before_anything_is_judged(tmp_path: Path, text: str) -> None:
    """Whole, with a remark; a pass goes on with an empty memory. Whoever only reads leaves it where it is."""
    (tmp_path / "state.json").write_text(text)
    reader = StateFile(tmp_path)
    reader.load()
    assert "the next run will set it aside" in reader.remark
    memory = StateFile(tmp_path)
    with memory.hold():
        assert "was set aside" in memory.remark
        memory.enter("boot-1")
    assert [path.read_text() for path in tmp_path.glob("*.aside")] == [text]
    assert memory.done("a") == ()
