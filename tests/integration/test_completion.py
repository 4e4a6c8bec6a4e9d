"""Shell completion, made from the command line's own description as scripts/install makes it."""

import subprocess
from pathlib import Path

import pytest
import shtab

from bootheal.cli import make_parser

ASK = "source /dev/stdin; COMP_WORDS=({line} {word}); COMP_CWORD={place}; _shtab_bootheal bootheal {word} {last}"


def completed(directory: Path, line: str, word: str) -> list[str]:
    """Return what bash offers for a word that was begun in `directory`, after the line's other words."""
    words = line.split()
    ask = ASK.format(line=line, word=word, place=len(words), last=words[-1])
    command = ["bash", "-c", f"{ask}; printf '%s\\n' \"${{COMPREPLY[@]}}\""]
    script = shtab.complete(make_parser(), "bash")
    done = subprocess.run(command, cwd=directory, input=script, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("command", ["run", "plan", "status", "wait", "check"])
def test_a_configuration_is_completed_to_a_file(tmp_path: Path, command: str) -> None:
    """Whoever has more than one of them types the most of their names."""
    (tmp_path / "bootheal-of-the-shop.yaml").touch()
    assert completed(tmp_path, f"bootheal {command} --config", "./boot") == ["./bootheal-of-the-shop.yaml"]


def test_commands_and_options_are_completed(tmp_path: Path) -> None:
    """The plain cases."""
    assert completed(tmp_path, "bootheal", "st") == ["status"]
    assert completed(tmp_path, "bootheal run", "--o") == ["--once"]


@pytest.mark.parametrize(
    ("shell", "files", "times"), [("zsh", ":FILE:_files", 19), ("fish", "__fish_complete_path", 20)]
)
def test_other_shells_are_told_that_it_is_a_file(shell: str, files: str, times: int) -> None:
    """Once for each command that has the option; fish makes no difference between a file and a directory."""
    assert shtab.complete(make_parser(), shell).count(files) == times
