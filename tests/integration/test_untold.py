"""Telling is never a condition of doing: nobody may be there to read."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from bootheal.demo.stack import Stack
from support.command import LONGEST, environment, outcome

STREAMS = {
    "closed": ">&-",
    "all closed": "<&- >&- 2>&-",
    "all full": "> /dev/full 2> /dev/full",
    "one line": "| head -n 1",
    "never read": "| sleep 3",
}


def run(line: str, *, stdout: int | IO[str] | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `bootheal` is this checkout's, and its exit code the line's."""
    script = f'set -o pipefail; bootheal() {{ "{sys.executable}" -m bootheal "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", script],
        check=False,
        env=environment() | {"PYTHONUNBUFFERED": ""},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=LONGEST,
    )


@pytest.mark.parametrize("streams", STREAMS.values(), ids=STREAMS.keys())
def test_a_run_that_nobody_reads_does_and_remembers_the_same(healthy: Stack, streams: str) -> None:
    """A closed or full stdout changes neither what is done nor the state file nor the exit code."""
    healthy.leave_dead(1)
    ended = run(f"{{ bootheal run --once --config {healthy.config}; echo $? >&9; }} 9> {healthy.config}.code {streams}")
    assert Path(f"{healthy.config}.code").read_text().strip() == "0", ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    status = subprocess.run(
        [sys.executable, "-m", "bootheal", "status", "--json", "--config", healthy.config],
        env=environment(),
        capture_output=True,
        check=True,
    )
    report = json.loads(status.stdout)["report"]
    assert report["verdict"] == "healed"
    assert [done["action"] for done in outcome(report, "cleanup")["actions"]] == ["delete-pod"]


@pytest.mark.parametrize("command", ["check --schema", "--help"])
def test_what_cannot_be_written_where_it_was_asked_for_is_said(command: str) -> None:
    """On a full disk: exit 1 and one line, since the output is all that was wanted."""
    ended = run(f"bootheal {command} > /dev/full")
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr == "bootheal: cannot write what was asked for: No space left on device\n"


def test_a_closed_stdout_is_nobody_elses(tmp_path: Path) -> None:
    """What is opened next does not get its number: no child writes into the state file."""
    shown = tmp_path / "descriptors"
    program = (
        "import os; from bootheal.cli.streams import open_missing; open_missing(); "
        f"open({str(shown)!r}, 'w').write(str([os.readlink(f'/proc/self/fd/{{n}}') for n in range(3)]))"
    )
    line = f"exec '{sys.executable}' -c \"{program}\" <&- >&- 2>&-"
    subprocess.run(["sh", "-c", line], env=environment(), check=True)
    assert shown.read_text() == str([os.devnull] * 3)
