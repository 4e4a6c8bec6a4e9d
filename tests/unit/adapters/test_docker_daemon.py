"""Docker does not answer, and its unit and journal say why; the programs are small ones that answer as systemd's do."""

from pathlib import Path

import pytest

from bootheal.adapters.docker.daemon import Daemon
from bootheal.adapters.docker.engine import DockerEngine
from bootheal.adapters.docker.k3d import K3dHost
from bootheal.adapters.host import Machine
from bootheal.adapters.systemctl import Commands
from bootheal.errors import UnreachableError
from support.systemd import Systemd

FAILED = {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code", "ExecMainStatus": "1"}
TWICE = (
    'failed to start daemon: Error initializing network controller: error creating default "bridge" network: cannot '
    "create network 2d0c (docker0): conflicts with network b5c0 (docker0): networks have same bridge name"
)


@pytest.fixture
def systemd(tmp_path: Path) -> Systemd:
    """A systemd whose docker.service has failed."""
    systemd = Systemd(tmp_path)
    systemd.unit(**FAILED)
    return systemd


def asked(systemd: Systemd, tmp_path: Path) -> UnreachableError:
    host = K3dHost(
        DockerEngine(f"unix://{tmp_path}/docker.sock"), "shop", Machine(), daemon=Daemon(systemd.commands), keeps=0
    )
    with pytest.raises(UnreachableError) as error:
        host.facts()
    return error.value


def test_what_it_ended_with_is_told_however_long_ago(systemd: Systemd, tmp_path: Path) -> None:
    """systemd gives a unit up after a few attempts, which may be long before anybody asks."""
    systemd.journal("Starting up", TWICE, age=90000.0)
    error = asked(systemd, tmp_path)
    assert "docker.service is failed (exit status 1): failed to start daemon: " in str(error)
    assert str(error).endswith("networks have same bridge name")
    assert "local-kv.db" in error.hint


def test_a_last_word_that_nobody_knows_is_told_as_such(systemd: Systemd, tmp_path: Path) -> None:
    """It ends with a panic of its own."""
    systemd.journal("panic: something new")
    assert str(asked(systemd, tmp_path)).endswith("docker.service is failed (exit status 1): something new")


def test_a_line_that_is_not_marked_as_its_end_is_quoted(systemd: Systemd, tmp_path: Path) -> None:
    """The daemon's own last words have no level, and the ones that nobody knows are told as they are."""
    systemd.journal("Starting up", "failed to start daemon: something new")
    assert str(asked(systemd, tmp_path)).endswith('its last line: "failed to start daemon: something new"')


def test_while_it_starts_only_that_is_told(systemd: Systemd, tmp_path: Path) -> None:
    """Each of its lines would be news to whoever waits for it."""
    systemd.unit(ActiveState="activating", SubState="start", Result="success")
    systemd.journal("Loading containers: start.")
    assert str(asked(systemd, tmp_path)).endswith("docker.service is starting")


@pytest.mark.parametrize("hidden", [True, False])
def test_without_its_words_its_state_is_told(systemd: Systemd, tmp_path: Path, *, hidden: bool) -> None:
    """A journal that may not be read, and an empty one."""
    if hidden:
        systemd.hide_the_journal()
    error = asked(systemd, tmp_path)
    assert str(error).endswith("docker.sock: docker.service is failed (exit status 1)")


@pytest.mark.parametrize("unit", [{"LoadState": "not-found"}, {"ActiveState": "active"}])
def test_one_that_is_not_there_or_runs_has_nothing_to_say(
    systemd: Systemd, tmp_path: Path, unit: dict[str, str]
) -> None:
    """Rootless Docker, Docker Desktop, or a socket that is not this unit's."""
    systemd.unit(**unit)
    assert "docker.service" not in str(asked(systemd, tmp_path))


def test_it_is_not_asked_again_at_once(systemd: Systemd) -> None:
    """Who waits for it asks in short intervals."""
    daemon = Daemon(systemd.commands)
    assert daemon.silence() == daemon.silence()
    assert len([call for call in systemd.calls if call.startswith("show")]) == 1


def test_without_systemd_nothing_is_told() -> None:
    """As in a container."""
    assert Daemon(Commands("/no/systemctl", "/no/journalctl")).silence().why == ""
