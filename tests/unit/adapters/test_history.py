"""The history on the disk."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bootheal.adapters.boot_phases import of_containers, of_the_machine
from bootheal.adapters.history import FILE, HistoryFile, read
from bootheal.errors import StateError
from bootheal.history.boots import LONGEST_BYTES
from bootheal.model import Component, ComponentState
from bootheal.picture import draw
from bootheal.picture.html import html
from bootheal.picture.svg import svg
from bootheal.picture.text import lines
from support.boots import boot, crowded, drifted, quick_pass
from support.misshapen import holders


def test_a_pass_is_added_and_readable_by_all(tmp_path: Path) -> None:
    """Beside the state file; what a killed writer has left is removed."""
    (tmp_path / f".{FILE}.x1y2").touch()
    kept = HistoryFile(tmp_path, pytest.fail)
    kept.add(boot("a"), quick_pass(3.0))
    history = kept.add(boot("b"), drifted())
    assert history == read(tmp_path)
    assert history is not None
    assert [each.epoch for each in history.boots] == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o644


def test_what_another_process_has_added_meanwhile_is_kept(tmp_path: Path) -> None:
    """What was just read is believed only while the file is the same one."""
    ours, theirs = HistoryFile(tmp_path, pytest.fail), HistoryFile(tmp_path, pytest.fail)
    ours.add(boot("a"), quick_pass(3.0))
    known = ours.known("a", "a")
    assert known is not None
    assert known.passes == (quick_pass(3.0),)
    theirs.add(boot("b"), quick_pass(4.0))
    ours.add(boot("c"), quick_pass(5.0))
    assert [each.epoch for each in read(tmp_path).boots] == ["a", "b", "c"]


def test_a_history_that_is_too_long_loses_its_oldest_boots(tmp_path: Path) -> None:
    """What is on the disk is what is returned."""
    kept, heavy = HistoryFile(tmp_path, pytest.fail), crowded(3_000)
    for number in range(4):
        history = kept.add(replace(heavy, epoch=f"{number}", passes=()), heavy.passes[0])
    assert history == read(tmp_path)
    assert history is not None
    assert [each.epoch for each in history.boots][-1] == "3"
    assert len(history.boots) < 4
    assert (tmp_path / FILE).stat().st_size <= LONGEST_BYTES


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no JSON"),
        ("[" * 5000, "it is no JSON"),
        ('{"version": 9}', "it is of version 9 and this bootheal knows version 1"),
        ('{"version": 1, "boots": [{"epoch": 7}]}', "is missing"),
        ('{"version": 1, "boots": 7}', "boots is no list"),
        ('{"version": 1, "boots": [{"epoch": "a", "boot": "b", "zero": 1.0, "passes": []}]}', "has no pass"),
    ],
)
def test_what_cannot_be_understood_is_set_aside_and_told(tmp_path: Path, text: str, why: str) -> None:
    """Who reads it says why; the next pass begins anew and fails by nothing."""
    (tmp_path / FILE).write_text(text)
    with pytest.raises(StateError, match=why):
        read(tmp_path)
    said: list[str] = []
    history = HistoryFile(tmp_path, said.append).add(boot(), quick_pass(3.0))
    assert history == read(tmp_path)
    assert "was set aside as" in said[0]
    assert (tmp_path / "history.aside").read_text() == text


def test_a_history_that_cannot_be_written_is_complained_of_once(tmp_path: Path) -> None:
    """The pass goes on; when there is room again, so is the history."""
    said: list[str] = []
    kept = HistoryFile(tmp_path / "gone", said.append)
    for _ in range(2):
        assert kept.add(boot(), quick_pass(3.0)) is None
    (tmp_path / "gone").mkdir()
    assert kept.add(boot(), quick_pass(3.0))
    assert len(said) == 1
    assert "cannot keep the history of boots" in said[0]


def test_the_file_holds_what_json_can_hold(tmp_path: Path) -> None:
    """For programs, too."""
    HistoryFile(tmp_path, pytest.fail).add(boot(), drifted())
    said = json.loads((tmp_path / FILE).read_text())
    assert said["boots"][0]["passes"][0]["verdict"] == "not-healed"


def test_the_machines_phases_are_systemds() -> None:
    """Firmware and loader are told as how long before the kernel they began."""
    stamps = {"Firmware": 8.0, "Loader": 1.8, "Kernel": 0.0, "InitRD": 1.5, "Userspace": 2.5, "Finish": 20.0}
    found = [(span.text, span.began, span.ended) for span in of_the_machine(stamps, until=14.0)]
    assert found == [
        ("firmware", -8.0, -1.8),
        ("loader", -1.8, 0.0),
        ("kernel", 0.0, 1.5),
        ("initrd", 1.5, 2.5),
        ("user space", 2.5, 14.0),
    ]


def test_a_container_has_no_kernel_of_its_own() -> None:
    """Its user space began when its host had been up for long; without systemd there is nothing to tell."""
    found = [(span.text, span.began) for span in of_the_machine({"Userspace": 90_000.0}, until=90_010.0)]
    assert found == [("user space", 90_000.0)]
    assert list(of_the_machine({}, until=5.0)) == []


def test_containers_tell_when_they_were_started() -> None:
    """Those that run, and since this boot of the machine."""
    components = (
        Component("k3d-shop-server-0", "server", ComponentState.RUNNING, 1_012.0),
        Component("k3d-shop-serverlb", "loadbalancer", ComponentState.STOPPED, 1_013.0),
        Component("registry", "registry", ComponentState.RUNNING, 900.0),
    )
    found = [(span.text, span.began) for span in of_containers(components, 1_000.0)]
    assert found == [("container k3d-shop-server-0", 12.0)]


HOSTILE = "\x1b]0;owned\x07\n\u202e\x00<b>&"


def test_what_stands_in_the_history_acts_on_no_reader(tmp_path: Path) -> None:
    """The service's user may write it, and root has it drawn: no terminal obeys it, and the SVG stays one."""
    HistoryFile(tmp_path, pytest.fail).add(boot("a"), drifted())
    said = json.loads((tmp_path / FILE).read_text())
    for holder, key in [*holders(said)]:
        if isinstance(holder[key], str) and key not in ("ending", "kind", "verdict"):
            holder[key] = HOSTILE
    (tmp_path / FILE).write_text(json.dumps(said))
    (kept,) = read(tmp_path).boots
    picture = draw(kept)
    assert HOSTILE.splitlines()[0] not in "".join((html(picture), svg(picture), *lines(picture, 80, colour=False)))
    ET.fromstring(svg(picture))  # noqa: S314 - it is our own
    assert r"\x1b]0;owned\x07\n" in html(picture)
