"""`bootheal report`, by the command as a user runs it; the history is what a pass has left."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bootheal.adapters.history import HistoryFile
from support.boots import boot, drifted, quick_pass
from support.command import bootheal


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Three boots are kept, the newest drifted."""
    kept = HistoryFile(tmp_path, pytest.fail)
    kept.add(boot("3a-first"), quick_pass(20.0, "reconnect"))
    kept.add(boot("3b-second"), quick_pass(22.0))
    kept.add(boot(), drifted())
    path = tmp_path / "bootheal.yaml"
    path.write_text(f"state_directory: {tmp_path}\n")
    return path


def test_the_newest_boot_is_shown_in_eighty_columns(config: Path) -> None:
    """Without colours, since nobody looks at a terminal."""
    said = bootheal("report", "--config", config).stdout
    assert said.startswith("boot 1f5c8b1e-boot, ")
    assert "2.9 s were lost to back-off" in said
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) <= 80


def test_another_boot_is_chosen_by_number_or_name(config: Path) -> None:
    """As the list shows them; what is not there, or not clear, is wrong usage."""
    listed = bootheal("report", "--list", "--config", config).stdout
    assert [line.split()[-1] for line in listed.splitlines()[::2]] == ["1f5c8b1e-boot", "3b-second", "3a-first"]
    assert "pooler/shop: reconnect" in listed
    for wanted, names in (
        (["--list"], "1f5c8b1e-boot 3b-second 3a-first"),
        (["--compare", "3", "2"], "3a-first 3b-second"),
    ):
        data = json.loads(bootheal("report", *wanted, "--json", "--config", config).stdout)
        assert [each["epoch"] for each in data] == names.split()
    for arguments in (["-n", "3"], ["3"], ["3a"]):
        assert bootheal("report", *arguments, "--config", config).stdout.startswith("boot 3a-first")
    for wrong in ("3", "boot"):
        said = bootheal("report", f"{wrong}x", "--config", config, expect=2).stderr
        assert "no boot is kept that begins like that" in said
    HistoryFile(config.parent, pytest.fail).add(boot("3a-third"), quick_pass(20.0))
    assert "more than one boot begins like that" in bootheal("report", "3a", "--config", config, expect=2).stderr
    assert bootheal("report", "--compare", "3", "2", "--config", config).stdout.startswith("A: boot 3b-second")


def test_files_are_written_for_whom_they_are_for(config: Path, tmp_path: Path) -> None:
    """A page, a picture and a trace at once; JSON and - for programs."""
    page, picture, traced = tmp_path / "a.html", tmp_path / "a.svg", tmp_path / "a.json"
    said = bootheal("report", "--html", page, "--svg", picture, "--perfetto", traced, "--config", config).stdout
    assert said == ""
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert ET.parse(picture).getroot().tag.endswith("svg")  # noqa: S314 - our own
    assert json.loads(traced.read_text())["traceEvents"]
    assert bootheal("report", "--svg", "-", "--config", config).stdout == picture.read_text()
    assert json.loads(bootheal("report", "--json", "--config", config).stdout)["recovery_seconds"] is None
    gone = bootheal("report", "--svg", tmp_path / "no" / "a.svg", "--config", config, expect=1).stderr
    assert gone == f"bootheal: cannot write {tmp_path}/no/a.svg: No such file or directory\n"


def test_before_the_first_pass_there_is_nothing_to_show(tmp_path: Path) -> None:
    """Which is said."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(f"state_directory: {tmp_path}\n")
    said = bootheal("report", "--config", path, expect=1).stderr
    assert said == "bootheal: cannot show a boot: none is kept yet\n  a pass that ends writes it down\n"
