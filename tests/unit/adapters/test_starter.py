"""`k3d cluster start`, by small programs that fail as it does."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bootheal.adapters.docker.starter import Starter
from bootheal.errors import UnreachableError


def a_starter(directory: Path, text: str, longest: float = 60.0) -> Starter:
    program = directory / "k3d"
    program.write_text(text)
    program.chmod(0o755)
    return Starter(str(program), "shop", "unix:///nowhere.sock", longest=longest)


def ended(starter: Starter) -> str:
    starter.begin()
    until(lambda: not starter.busy())
    return starter.failed


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 0", ""),
        ("echo 'FATA[0000] no such image' >&2; exit 1", "`k3d cluster start` ended with 1: no such image"),
        ("exit 2", "`k3d cluster start` ended with 2: it said nothing"),
        ("kill -KILL $$", "`k3d cluster start` was killed by signal 9: it said nothing"),
    ],
)
def test_how_it_ended_is_told(tmp_path: Path, script: str, why: str) -> None:
    """Once it has failed it is not begun again."""
    starter = a_starter(tmp_path, f"#!/bin/sh\n{script}\n")
    assert starter.can
    assert ended(starter) == why
    assert starter.can == (not why)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\x7fELF of another architecture", "exec format error"),
        ("#!/nowhere/sh\n", "no such file or directory"),
    ],
)
def test_a_program_that_cannot_be_run_has_failed(tmp_path: Path, text: str, why: str) -> None:
    """It once was taken for a bug of ours; the containers can be started without it."""
    starter = a_starter(tmp_path, text)
    with pytest.raises(UnreachableError, match=f"cannot start k3d cluster shop: `k3d cluster start` cannot .*: {why}"):
        starter.begin()
    assert not starter.can
    (remark,) = starter.remarks(aware=False)
    assert why in remark


def test_one_that_was_removed_has_failed() -> None:
    """Between the look and the deed."""
    starter = Starter("/nowhere/k3d", "shop", "unix:///nowhere.sock")
    with pytest.raises(UnreachableError, match="no such file"):
        starter.begin()


def test_one_that_never_ends_is_ended(tmp_path: Path) -> None:
    """It waits for its servers for as long as they take, and the load balancer would wait for it."""
    starter = a_starter(tmp_path, "#!/bin/sh\necho 'INFO[0000] waiting' >&2; exec sleep 1000\n", longest=0.3)
    assert ended(starter).startswith("`k3d cluster start` had not ended after 0 s: ")


def test_a_failure_is_told_until_somebody_has_started_the_cluster_by_k3d(tmp_path: Path) -> None:
    """As the remark advises; what we have started without it is no such start, nor is Docker's."""
    starter = a_starter(tmp_path, "#!/bin/sh\nexit 1\n")
    assert ended(starter)
    for started, aware in ((None, True), (100.0, False), (100.0, True), (None, True), (200.0, False)):
        starter.seen(started, aware=aware)
        assert starter.failed
    (remark,) = starter.remarks(aware=False)
    assert remark.endswith(
        "do not know host.k3d.internal: mend that, then k3d cluster stop shop && k3d cluster start shop"
    )
    (remark,) = starter.remarks(aware=True)
    assert "host.k3d.internal" not in remark
    starter.seen(300.0, aware=True)
    assert (starter.failed, tuple(starter.remarks(aware=True)), starter.can) == ("", (), True)
