"""A disk that is full to its last byte: nothing is changed without a record, and whoever reads is told why."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from support.command import bootheal, start

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
LONGEST = 30.0
NOBODY = """\
current-context: box
contexts: [{name: box, context: {cluster: box, user: box}}]
clusters: [{name: box, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: box, user: {token: none}}]
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB of its own."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", path], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk here: {mounted.stderr.decode().strip()}")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture
def config(disk: Path, tmp_path: Path) -> Path:
    """A cluster that cannot be reached, and a state directory and metrics on the small disk."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(
        f"cluster: {{kind: kubernetes, kubeconfig: {tmp_path}/kubeconfig, boot_id_file: {tmp_path}/boot_id}}\n"
        f"state_directory: {disk}/state\nmetrics_file: {disk}/bootheal.prom\ndeadline: 5\n"
    )
    (tmp_path / "boot_id").write_text("boot-1")
    (tmp_path / "kubeconfig").write_text(NOBODY)
    (disk / "state").mkdir()
    return path


def fill(disk: Path) -> Path:
    """Fill it to its last byte; return the file that has to go for it to be empty again."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while os.statvfs(disk).f_bavail:
            file.write(bytes(512))
        file.write(bytes(4096))  # the rest of the last page
    return filler


@needs_root
@pytest.mark.parametrize(("before", "what"), [(False, "lock"), (True, "state.json")])
def test_one_run_on_a_full_disk_says_what_to_do(before: bool, what: str, config: Path, disk: Path) -> None:
    """Whether it was full from the first run on or has become so; the metrics are complained of, too."""
    if before:
        bootheal("run", "--once", "--config", config, expect=1)
    kept = {path: path.read_bytes() for path in (disk / "state").glob("state.json")}
    fill(disk)
    done = bootheal("run", "--once", "--config", config, expect=1)
    assert f"bootheal: cannot write {disk}/state/{what}: No space left on device" in done.stderr
    assert done.stderr.endswith("\n  free some space on its disk\n")
    assert {path: path.read_bytes() for path in (disk / "state").glob("state.json")} == kept
    assert not list((disk / "state").glob(".*"))
    said = bootheal("status", "--config", config, expect=1).stdout
    assert ("run of " in said) if before else (said == "no run yet\n")


@needs_root
def test_the_daemon_stays_and_tries_again(config: Path, disk: Path) -> None:
    """It says so once, and goes on as soon as there is space."""
    filler = fill(disk)
    daemon = start("run", "--config", config)
    assert daemon.stdout
    said = [said_until(daemon.stdout, "cannot write")]
    assert bootheal("status", "--config", config, expect=1).stdout == "no run yet\n"
    assert daemon.poll() is None
    filler.unlink()
    said.append(said_until(daemon.stdout, "gate"))
    daemon.send_signal(signal.SIGTERM)
    rest, errors = daemon.communicate(timeout=LONGEST)
    text = "".join((*said, rest))
    assert text.count("No space left on device; tries again\n  free some space on its disk\n") == 1
    assert (daemon.returncode, errors) == (0, "")


def said_until(output: IO[str], what: str) -> str:
    """Read on until it says that, or to the end."""
    said = []
    for line in output:
        said.append(line)
        if what in line:
            break
    return "".join(said)
