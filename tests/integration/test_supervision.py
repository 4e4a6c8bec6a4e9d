"""What `scripts/test` does for who starts it: nothing that the tests have started is left, however they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from cache import ROOT
from support.command import LONGEST, environment

# It starts somebody who leaves his family, and then does as it is told; it says who that is once it may be interrupted.
WORK = """
import os, signal, subprocess, sys, time
from supervise import supervised

def work():
    orphan = subprocess.run(["sh", "-c", "setsid sleep 1000 >&2 & echo $!"], stdout=subprocess.PIPE, text=True)
    say = lambda: print(orphan.stdout, end="", flush=True)
    {then}

sys.exit(supervised(work))
"""


def supervised(then: str) -> subprocess.Popen[str]:
    """Start it."""
    paths = os.pathsep.join([str(ROOT / "scripts"), environment()["PYTHONPATH"]])
    return subprocess.Popen(
        [sys.executable, "-c", WORK.format(then=then)],
        env=environment() | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def orphan_of(process: subprocess.Popen[str]) -> Path:
    """Return where the kernel shows the one that was left."""
    assert process.stdout is not None
    orphan = Path("/proc", process.stdout.readline().strip())
    assert (orphan / "stat").exists()
    return orphan


def test_who_was_left_is_ended_and_the_exit_code_is_that_of_the_tests() -> None:
    """Also who has a session of his own, and no parent any more; that there was one is said."""
    with supervised("say()\n    return 5") as process:
        orphan = orphan_of(process)
        _, err = process.communicate(timeout=LONGEST)
    assert (process.returncode, err) == (5, "ended what tests have left: 1 processes\n")
    assert not orphan.exists()


def test_ctrl_c_is_passed_on_once_and_then_everybody_is_ended() -> None:
    """The tests clean up first, and say how they ended."""
    wait = "try:\n        say(); time.sleep(1000)\n    except KeyboardInterrupt:\n        time.sleep(0.2); return 7"
    with supervised(wait) as process:
        orphan = orphan_of(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LONGEST)
    assert process.returncode == 7
    assert not orphan.exists()


def test_a_second_ctrl_c_waits_for_nobody() -> None:
    """Whatever hangs in its cleaning up."""
    # Not by print(), which may be under way in what is interrupted.
    wait = "signal.signal(signal.SIGINT, lambda *_: os.write(1, b'asked\\n'))\n    say()\n    time.sleep(1000)"
    with supervised(wait) as process:
        orphan = orphan_of(process)
        assert process.stdout is not None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LONGEST)
    assert process.returncode == 128 + signal.SIGKILL
    assert not orphan.exists()
