"""A configuration that cannot be used, as who runs a command sees it: exit code 78, and words with their place."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command import bootheal

Make = Callable[[Path], object]


def holding(text: str) -> Make:
    return lambda path: path.write_bytes(text.encode("utf-8", "surrogatepass"))


COMMANDS = [("check", "--offline"), ("run", "--once"), ("plan",)]
QUICK = [("status",), ("wait", "--timeout", "0")]


@pytest.mark.parametrize("command", [*COMMANDS, *QUICK], ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Path.mkdir, "1:1: the file: cannot be read: it is a directory"),
        (os.mkfifo, "1:1: the file: cannot be read: it is a pipe"),
        (holding("[" * 2000), "1:22: the file: cannot be read as YAML: it is nested more than 20 deep"),
        (holding('cluster: {context: "\\UFFFFFFFF"}'), "1:23: the file: cannot be read as YAML: there is no such"),
        (holding('state_directory: "a\\0b"\n'), "1:1: state_directory: cannot be 'a\\x00b': a path cannot hold NUL"),
        (holding("state_directory: state\n"), "1:1: state_directory: cannot be 'state': it should be an absolute path"),
    ],
    ids=["directory", "pipe", "nested", "no character", "nul", "relative"],
)
def test_no_command_breaks_over_a_file(command: tuple[str, ...], make: Make, said: str, tmp_path: Path) -> None:
    """`status` and `wait`, too, which read two paths of it only: who names a file means that one."""
    path = tmp_path / "bootheal.yaml"
    make(path)
    told = bootheal(*command, "--config", path, expect=78)
    assert told.stderr.startswith(f"{path}:{said}")
    assert len(told.stderr.splitlines()) == 1
    assert told.stdout == ""


def test_check_says_what_the_disk_has_against_a_path(tmp_path: Path) -> None:
    """Before the service finds out."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(f"deadline: 5m\nstate_directory: {path}.old\n")
    Path(f"{path}.old").touch()
    said = bootheal("check", "--offline", "--config", path, expect=78).stderr
    assert said == f"{path}:2:1: state_directory: cannot be a directory: {path}.old is a file\n"


def test_a_password_in_the_file_reaches_no_terminal(tmp_path: Path) -> None:
    """It is told where it belongs."""
    path = tmp_path / "bootheal.yaml"
    path.write_text("cluster: {docker: 'tcp://me:hunter2@localhost:2376'}\n")
    said = bootheal("check", "--offline", "--config", path, expect=78).stderr
    assert "passwords belong in Secrets of Kubernetes" in said
    assert "hunter2" not in said
    asked = bootheal("check", "--offline", "--json", "--config", path, expect=78)
    (found,) = json.loads(asked.stdout)["found"]
    assert (found["gravity"], found["step"], found["place"]) == ("problem", "cluster.docker", f"{path}:1:11")
    assert "hunter2" not in asked.stdout


def test_the_default_file_may_be_unreadable_for_who_asks_for_the_state() -> None:
    """Nobody named it: the state is looked for in its usual place."""
    assert "cannot be read" not in bootheal("status", expect=(0, 1, 3)).stderr
