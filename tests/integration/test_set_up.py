"""The scripts' own set-up, on a copy of the checkout in which nothing is made yet."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("scripts", "src", "pyproject.toml", "README.md", "LICENSE")
NOWHERE = "http://127.0.0.1:9/simple"  # nobody listens on the port for discarding
LONGEST = 120.0


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a newcomer has before the first command."""
    for name in COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    return tmp_path


def run(checkout: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the checkout; pip heeds no configuration of this machine's."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(checkout), "PIP_CONFIG_FILE": os.devnull} | variables
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_without_an_index_the_demo_ends_soon_and_says_so_in_two_lines(checkout: Path) -> None:
    """After the part that could not be done; and nothing half-made is taken for whole the next time."""
    started = time.monotonic()
    for _ in range(2):
        done = run(checkout, "scripts/demo", PIP_INDEX_URL=NOWHERE)
        part, cause, advice = done.stderr.splitlines()[-3:]
        assert done.returncode == 1
        assert part == "Installing bootheal and the Python packages for the demo … failed"
        assert cause == "cannot install Python packages: their index does not answer: [Errno 111] Connection refused"
        assert advice.startswith("connect this machine to the network")
    assert time.monotonic() - started < LONGEST


def test_the_usage_is_told_without_making_anything(checkout: Path) -> None:
    """Who asks for help does not wait for an installation."""
    done = run(checkout, "scripts/environment", "--help")
    assert done.returncode == 0
    assert "usage: scripts/environment [--for demo] COMMAND" in done.stdout
    assert list(checkout.glob(".cache/venv-*")) == []
