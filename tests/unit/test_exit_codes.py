"""The exit codes are the same wherever they are told."""

import re
from pathlib import Path

import pytest

from bootheal.cli import make_parser
from bootheal.exit_codes import ExitCode

ROOT = Path(__file__).parents[2]
CODES = [0, 1, 2, 3, 70, 75, 78, 130, 141, 143]


def section(page: str, begins: str, ends: str) -> str:
    """Return a part of a text; it must be there."""
    _, found, rest = page.partition(begins)
    assert found, f"there is no {begins!r}"
    return rest.partition(ends)[0]


def in_help() -> list[tuple[int, str]]:
    lines = section(make_parser().format_help(), "exit codes:\n", "\n\n").splitlines()
    return [(int(code), meaning) for code, meaning in (line.split(maxsplit=1) for line in lines)]


def in_manual() -> list[int]:
    """Of bootheal(8): several that mean the same share an item."""
    items = section((ROOT / "systemd/bootheal.8").read_text(), ".Sh EXIT STATUS\n", "\n.Sh ")
    return [int(code) for item in re.findall(r"^\.It (.+)$", items, re.MULTILINE) for code in item.split(" , ")]


def in_readme() -> list[int]:
    table = section((ROOT / "README.md").read_text(), "\n## Exit codes\n", "\n## ")
    return [int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for code in row.split(", ")]


def test_the_codes_are_those_that_scripts_know() -> None:
    """Whoever tests for one must not be surprised by a new version."""
    assert sorted(ExitCode) == CODES


def test_help_the_manual_and_the_readme_tell_the_same_codes() -> None:
    """None is forgotten where one is added."""
    assert [code for code, _ in in_help()] == sorted(in_manual()) == sorted(in_readme()) == CODES


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (0, "healthy"),
        (1, "not healed"),
        (2, "usage"),
        (3, "person"),
        (70, "bug"),
        (75, "another pass"),
        (78, "configuration"),
        (130, "SIGINT"),
        (141, "has gone"),
        (143, "SIGTERM"),
    ],
)
def test_help_explains_each_code(code: int, word: str) -> None:
    """In the words of the manual and the README."""
    assert word in dict(in_help())[code]


def test_the_service_is_not_started_again_where_that_would_not_help() -> None:
    """A person is needed, or the configuration is wrong; everything else may be better a moment later."""
    unit = (ROOT / "systemd/bootheal.service").read_text()
    (codes,) = re.findall(r"^RestartPreventExitStatus=(.*)$", unit, re.MULTILINE)
    assert codes == f"{ExitCode.PERSON:d} {ExitCode.CONFIGURATION:d}"
