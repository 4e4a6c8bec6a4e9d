"""How a process of ours begins and ends: quietly, whoever interrupts it and whoever has stopped reading."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import environment

INTERRUPTED = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
AT_THE_END = "import atexit, os, signal\natexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"


@pytest.mark.parametrize(
    ("module", "text"), [("argparse", INTERRUPTED), ("sitecustomize", AT_THE_END)], ids=["import", "exit"]
)
def test_ctrl_c_shows_no_traceback_at_any_moment(tmp_path: Path, module: str, text: str) -> None:
    """Neither while our parts are imported, the first tenth of a second, nor when all is done."""
    (tmp_path / f"{module}.py").write_text(text)
    assert _run(tmp_path, "SIG_DFL") == (-signal.SIGINT, "")


def test_who_is_started_with_ctrl_c_ignored_ignores_it(tmp_path: Path) -> None:
    """As a script does with what it starts in the background."""
    (tmp_path / "sitecustomize.py").write_text(AT_THE_END)
    assert _run(tmp_path, "SIG_IGN") == (0, "")


def _run(path: Path, interrupts: str) -> tuple[int, str]:
    """Run `bootheal --version` with modules of `path`; return its exit code, and what it says on standard error.

    SIGINT is handled by SIG_DFL or SIG_IGN as it starts, whatever these tests were started with themselves.
    """
    where = environment()
    set_handler = f"signal.signal(signal.SIGINT, signal.{interrupts})"
    program = f"import os, signal, sys; {set_handler}; os.execv(sys.executable, sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, sys.executable, "-m", "bootheal", "--version"],
        env={**where, "PYTHONPATH": f"{path}:{where['PYTHONPATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["check", "--schema"], ["doctor", "--list", "--json"], ["explain", "disk-full"], ["demo", "--list"]],
    ids=" ".join,
)
def test_who_reads_no_further_ends_it_as_other_tools_end(arguments: list[str]) -> None:
    """With the code that a shell tells of SIGPIPE, and without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        command = [sys.executable, "-m", "bootheal", *arguments]
        done = subprocess.run(command, env=environment(), stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize("columns", ["0", "1", "2", "3", "13", "-5", "x", "100000"])
@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"]], ids=" ".join)
def test_help_is_told_on_any_terminal(columns: str, arguments: list[str]) -> None:
    """However narrow it says to be."""
    command = [sys.executable, "-m", "bootheal", *arguments]
    where = {**environment(), "COLUMNS": columns}
    done = subprocess.run(command, env=where, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "configuration" in done.stdout.replace("\n", "")
