"""The manual pages know what the program knows."""

import argparse
import re
from pathlib import Path

import pytest

from bootheal.cli import make_parser
from bootheal.config.file import File
from bootheal.config.manual import manual
from bootheal.config.sections.cluster import Cluster
from bootheal.config.sections.poolers import Pooler
from bootheal.config.sections.probe import Probe
from bootheal.model import EventKind
from bootheal.narrate import MESSAGE_IDS

SYSTEMD = Path(__file__).parents[3] / "systemd"
COMMAND_PAGE = (SYSTEMD / "bootheal.8").read_text()


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


@pytest.mark.parametrize("name", commands())
def test_every_command_and_option_is_in_the_manual(name: str) -> None:
    """Under its command; --config is told once, and --help of all of them."""
    _, found, rest = COMMAND_PAGE.partition(f"\n.It Cm {name}\n")
    assert found, f"systemd/bootheal.8 has no .It Cm {name}"
    section = rest.partition("\n.It Cm ")[0].partition("\n.Sh ")[0]
    options = {option for action in commands()[name]._actions for option in action.option_strings}
    for option in sorted(options - {"-h", "--help", "-c", "--config"}):
        entry = ".It Fl" if option.startswith("--") else "Fl"  # a short form stands with its long one
        assert f"{entry} {option[1:]}" in section, f"systemd/bootheal.8: {name} lacks {option}"


@pytest.mark.parametrize("name", ["bootheal.8", "bootheal.catalog"])
def test_what_is_started_again_by_a_person_includes_what_waits_for_it(name: str) -> None:
    """The target fails with exit code 3, and nothing but its start brings back what requires it."""
    assert "systemctl start bootheal bootheal-healed.target" in (SYSTEMD / name).read_text()


def test_every_key_of_the_configuration_has_its_place() -> None:
    """With its description, its default, and what it refers to."""
    page = manual()
    for model in (File, Cluster, Pooler, Probe):
        for key in model.model_fields:
            assert f"\n.It Sy {key}\n" in page
    assert "one of if-wrong, always, never; default if-wrong." in page
    assert "how many workloads are restarted at a time; default 4." in page
    assert '.Sx "Settings In" .' in page


def test_every_key_of_the_configuration_is_explained() -> None:
    """In words of its own, or by the section that it refers to; what a duration is, is said once."""
    bare = r"^\.It Sy (\S+)\n(?=\.It|\.El|required\.\n(?!See)|default |one of|seconds, or)"
    assert re.findall(bare, manual(), re.MULTILINE) == []


def test_the_manual_shows_how_to_find_what_was_changed() -> None:
    """By the identity that every change has, not by the name of one of them."""
    assert f"MESSAGE_ID={MESSAGE_IDS[EventKind.ACTING]}" in COMMAND_PAGE


def test_no_text_becomes_a_request() -> None:
    """A line that begins with a dot would be a macro to man, and a backslash an escape."""
    lines = manual().splitlines()
    known = (".Dd", ".Dt", ".Os", ".Sh", ".Ss", ".Nm", ".Nd", ".Xr", ".Pa", ".Fl", ".Pp", ".Sq", ".Bl", ".It", ".El")
    requests = [line for line in lines if line.startswith((".", "'"))]
    assert [line for line in requests if not line.startswith((*known, ".Bd", ".Ed", ".Sx"))] == []
