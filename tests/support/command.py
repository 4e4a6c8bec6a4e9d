"""Running the `bootheal` command as its user does: another process, its output, its exit code."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bootheal.demo.stack import Stack
from support.entitled import Command, began
from support.forked import COMMANDS, Forked

SOURCE = Path(__file__).parents[2] / "src"
SERVERS = ("BOOTHEAL_POSTGRES_BIN", "BOOTHEAL_PGBOUNCER", "BOOTHEAL_SERVER_LIBRARIES")
LONGEST = 180.0
"""For what hangs: on a machine that is busy with other work a run may take a minute."""
DEADLINES = (1, 6, 36)

Process = subprocess.Popen[str] | Forked


def environment() -> dict[str, str]:
    """Return an environment in which `python -m bootheal` finds this checkout and the servers, and little else."""
    kept = ("PATH", "HOME", "TMPDIR", "PYTHONPYCACHEPREFIX", *SERVERS)
    return {"PYTHONPATH": str(SOURCE)} | {name: os.environ[name] for name in kept if name in os.environ}


def start(*arguments: str | Path, **variables: str) -> Process:
    """Start `bootheal …` with its output in pipes, and with `variables` in its environment."""
    return _start(arguments, variables)[0]


def start_anew(*arguments: str | Path, **variables: str) -> subprocess.Popen[str]:
    """The same by a Python of its own: for what its start is looked at, or its memory."""
    return subprocess.Popen(
        [sys.executable, "-m", "bootheal", *map(str, arguments)],
        env={**environment(), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _start(arguments: Sequence[str | Path], variables: Mapping[str, str]) -> tuple[Process, Command]:
    words = [*map(str, arguments)]
    command = began(words)
    if words[:1] and words[0] in COMMANDS:
        return Forked(words, {**environment(), **variables}), command
    return start_anew(*words, **variables), command


def bootheal(
    *arguments: str | Path, expect: int | Sequence[int] = 0, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `bootheal …` to its end; the exit code must be the expected one, and there is never a traceback."""
    process, command = _start(arguments, variables)
    try:
        out, err = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"bootheal {arguments} took longer than {LONGEST} s:\n{out}\n{err}") from None
    command.ended = time.time()
    expected = [expect] if isinstance(expect, int) else expect
    assert process.returncode in expected, f"exit code {process.returncode}:\n{out}\n{err}"
    assert "Traceback" not in out + err, f"{out}\n{err}"
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def heal(config: Path, expect: int | Sequence[int] = 0, **variables: str) -> dict[str, Any]:
    """`bootheal run --once --json`; return the report."""
    run = bootheal("run", "--once", "--json", "--config", config, expect=expect, **variables)
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def not_healed(stack: Stack, said: str) -> subprocess.CompletedProcess[str]:
    """Run until the deadline, which is a longer one where this machine was too busy to come to say so in a short one.

    What is on standard output is the report, as JSON; what was `said` meanwhile is on standard error, or in it.
    """
    for deadline in DEADLINES:
        stack.configure({"deadline": deadline})
        run = bootheal("run", "--once", "--json", "--config", stack.config, expect=(0, 1))  # 0: it was not ill yet
        if run.returncode and said in run.stdout + run.stderr:
            return run
    raise AssertionError(f"it never said {said!r} but\n{run.stdout}\n{run.stderr}")


def actions(report: dict[str, Any]) -> list[str]:
    """Return the sentences of everything a run did."""
    return [done["sentence"] for outcome in report["outcomes"] for done in outcome["actions"]]


def outcome(report: dict[str, Any], step: str) -> dict[str, Any]:
    """Return how one step ended."""
    return next(item for item in report["outcomes"] if item["step"] == step)


def interrupt_at(config: Path, pattern: str, number: int = signal.SIGKILL) -> str:
    """Start a run and send it a signal the moment it says something like `pattern`; return its output."""
    process = start("run", "--once", "--config", config)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if re.search(pattern, line):
            process.send_signal(number)
            break
    out, err = process.communicate(timeout=LONGEST)
    text = "".join(said) + out
    assert re.search(pattern, text), f"it never said {pattern!r}:\n{text}\n{err}"
    return text
