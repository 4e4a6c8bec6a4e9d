"""A command of bootheal's in a process of its own: a real one."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from bootheal.adapters import own_process
from bootheal.adapters.scope import Scope
from bootheal.errors import UnreachableError


@pytest.fixture
def scope() -> Scope:
    """A scope that nobody leaves behind."""
    return Scope(pytest.fail)


def instead(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> None:
    """Have a script run in Python's place."""
    program = directory / "python"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def test_it_answers_and_what_is_wrong_comes_apart_from_it(scope: Scope, tmp_path: Path) -> None:
    """Neither is mixed with the other."""
    code, said, warned = own_process.ask(scope, ["--version"], 30)
    assert (code, warned) == (0, "")
    assert said.startswith("bootheal ")
    code, said, warned = own_process.ask(scope, ["preflight", "--json", "--config", str(tmp_path / "none")], 30)
    assert code
    assert json.loads(said)["error"] == warned.strip()
    assert "none" in warned


def test_it_does_not_speak_to_systemd_in_the_name_of_the_daemon(
    scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything else of the environment it has, and no module of the directory that it begins in."""
    instead(monkeypatch, tmp_path, '#!/bin/sh\necho "$1 $2 $3 $4"; env\n')
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("BOOTHEAL_KUBECONFIG", "/kept")
    _, said, _ = own_process.ask(scope, ["preflight"], 30)
    lines = said.splitlines()
    assert lines[0] == "-P -m bootheal preflight"
    assert "BOOTHEAL_KUBECONFIG=/kept" in lines
    assert "NOTIFY_SOCKET" not in said


def test_what_cannot_be_begun_is_named(scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade may have taken the Python away that this process runs by."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with pytest.raises(UnreachableError, match=r"cannot begin .*/gone: No such file or directory"):
        own_process.ask(scope, [], 1)


def test_it_takes_no_longer_than_it_may(scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hangs is ended."""
    instead(monkeypatch, tmp_path, f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    with pytest.raises(UnreachableError, match=r"did not end within 0\.5 s"):
        own_process.ask(scope, [], 0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_who_leaves_the_scope_does_not_wait_for_it(
    scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ended with us; a scope that has been left begins nothing."""
    instead(monkeypatch, tmp_path, f"#!/bin/sh\ntouch {tmp_path}/begun\nexec sleep 60\n")
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            own_process.ask(scope, [], 60)
        except UnreachableError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    began = time.monotonic()
    scope.close()
    thread.join(10)
    assert time.monotonic() - began < 5
    assert [str(error) for error in raised] == ["cannot go on: bootheal has closed its connections"]
    with pytest.raises(UnreachableError):
        own_process.ask(scope, [], 60)


def test_a_program_that_is_not_there_any_more_is_named(
    scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while bootheal is being upgraded: nothing of the disk is blamed for it."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with pytest.raises(UnreachableError, match=r"cannot begin .*/gone: No such file or directory"):
        own_process.ask(scope, [], 60)


def test_who_was_ended_by_a_signal_is_known(scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd ends all processes of a service at once."""
    instead(monkeypatch, tmp_path, "#!/bin/sh\nkill -TERM $$\n")
    assert own_process.ask(scope, [], 60)[0] == -signal.SIGTERM
