"""What systemd hears on its notify socket, and when."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootheal.adapters.systemd import SELDOM_SECONDS, Systemd
from bootheal.model import Event, EventKind

# sdnotify keeps its socket for as long as the process lives.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def notified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Somebody who listens where systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


def heard(listener: socket.socket) -> list[str]:
    """Return what was sent so far."""
    sent = []
    while True:
        try:
            sent += listener.recv(4096).decode().splitlines()
        except BlockingIOError:
            return sent


def acting(number: int) -> Event:
    return Event(EventKind.ACTING, at=time.time(), elapsed=1.0, step="cleanup", text=f"delete {number}", total=4)


def test_each_action_is_a_sign_of_life(notified: socket.socket) -> None:
    """Hundreds may follow each other in one turn of the loop; the watchdog must not take that for a hang."""
    systemd = Systemd()
    systemd.tell(acting(1))
    assert heard(notified).count("WATCHDOG=1") == 1
    systemd.tell(acting(2))
    assert "WATCHDOG=1" not in heard(notified)
    time.sleep(SELDOM_SECONDS)
    systemd.tell(acting(3))
    assert heard(notified).count("WATCHDOG=1") == 1


def test_an_end_that_takes_long_asks_for_time_again_and_again(notified: socket.socket) -> None:
    """As long as there are signs of life systemd waits; after the last one for a minute."""
    systemd = Systemd()
    systemd.turn()
    assert not [line for line in heard(notified) if line.startswith("EXTEND")]
    systemd.stopping()
    assert heard(notified) == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=60000000"]
    time.sleep(SELDOM_SECONDS)
    systemd.turn()
    assert heard(notified)[:2] == ["WATCHDOG=1", "EXTEND_TIMEOUT_USEC=60000000"]


def test_what_keeps_a_run_from_beginning_is_told_until_one_begins(notified: socket.socket) -> None:
    """That the last one has healed is no answer any more, however often the loop turns."""
    systemd = Systemd()
    systemd.tell(Event(EventKind.ENDED, at=0.0, elapsed=4.2, text="healed", settled=4, total=4))
    systemd.complain("cannot use the kubeconfig")
    time.sleep(SELDOM_SECONDS)
    systemd.turn()
    told = ["STATUS=healed, 4 of 4 steps, 4.2 s", "STATUS=cannot use the kubeconfig"]
    assert [line for line in heard(notified) if line != "WATCHDOG=1"] == told
    systemd.tell(Event(EventKind.STARTED, at=0.0, elapsed=0.0, total=4))
    assert heard(notified)[-1] == "STATUS=looks at 4 steps"


def test_how_long_it_waits_is_told_by_a_clock_that_nobody_sets(notified: socket.socket) -> None:
    """A machine that wakes up years ago and is then told the time has not waited for years."""
    Systemd().tell(Event(EventKind.WAITING, at=0.0, elapsed=0.0, step="gate", text="starting up", total=4))
    assert heard(notified)[-1] == "STATUS=0/4 gate: starting up, 0 s"


def test_without_systemd_a_file_tells_that_the_loop_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod's probe looks at its age, so the loop turns in good time; where it cannot be written nothing else fails."""
    alive = tmp_path / "alive"
    monkeypatch.setenv("BOOTHEAL_HEARTBEAT", str(alive))
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    systemd = Systemd()
    assert systemd.longest_sleep == 15.0
    systemd.turn()
    assert time.time() - alive.stat().st_mtime < 5
    monkeypatch.setenv("BOOTHEAL_HEARTBEAT", "/proc/nowhere/alive")
    Systemd().turn()
