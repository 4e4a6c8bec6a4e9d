"""Telling systemd what we are about, or whoever else watches over us; does nothing where nobody does."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bootheal.model import Event
from bootheal.narrate import StatusLine

LONGEST_STATUS = 200
SELDOM_SECONDS = 1.0

# No action takes longer from one sign of life to the next. What systemd waits for while we end is counted from each.
LONGEST_ACTION_SECONDS = 60.0

# Where there is no systemd, as in a pod, a file whose time of change tells that the loop turns; seldom enough for a
# probe that allows a minute.
HEARTBEAT = "BOOTHEAL_HEARTBEAT"
HEARTBEAT_SECONDS = 15.0
EXTEND = f"EXTEND_TIMEOUT_USEC={LONGEST_ACTION_SECONDS * 1e6:.0f}"


class Systemd:
    """The notify socket. sdnotify encodes Latin-1 and swallows errors, so STATUS is kept ASCII."""

    def __init__(self) -> None:
        self._notifier: Any = None
        self._turned = float("-inf")
        self._status_line = StatusLine()
        self._complaint = ""
        self._told = ""
        self._stopping = False
        self._heartbeat = os.environ.get(HEARTBEAT, "")
        if os.environ.get("NOTIFY_SOCKET"):
            from sdnotify import SystemdNotifier

            self._notifier = SystemdNotifier()

    def close(self) -> None:
        """Close the socket."""
        if self._notifier and self._notifier.socket:
            self._notifier.socket.close()

    @property
    def longest_sleep(self) -> float:
        """For how many seconds the loop may sleep: a third of WatchdogSec, or a quarter of what a probe allows."""
        beats = HEARTBEAT_SECONDS if self._heartbeat else float("inf")
        return min(beats, _watchdog_seconds() / 3)

    def ready(self) -> None:
        """The configuration is read and the loop runs."""
        self._notify("READY=1")

    def turn(self) -> None:
        """The loop has completed a turn. Turns can be many a second, and one of them is enough."""
        if time.monotonic() - self._turned >= SELDOM_SECONDS:
            self._turned = time.monotonic()
            self._beat()
            self._notify(f"WATCHDOG=1\n{EXTEND}" if self._stopping else "WATCHDOG=1")
            self._tell_status()

    def _beat(self) -> None:
        """A heartbeat that cannot be shown ends in a restart, as one that is not there would."""
        if self._heartbeat:
            with suppress(OSError):
                Path(self._heartbeat).touch()

    def reloading(self) -> None:
        """The configuration is being read anew; `ready` ends it."""
        self._notify(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def tell(self, event: Event) -> None:
        """Something happened: say where the run stands now. Many actions may follow each other in one turn."""
        self._complaint = ""
        self._status_line.hear(event, time.monotonic())
        self.turn()
        self._tell_status()

    def complain(self, text: str) -> None:
        """No run can begin: say why instead of where the last one ended, until something happens."""
        self._complaint = text
        self._tell_status()

    def _tell_status(self) -> None:
        if line := self._complaint or self._status_line.line(time.monotonic()):
            self.status(line)

    def status(self, text: str) -> None:
        """One line for `systemctl status`, if it is another one than before."""
        line = text.encode("ascii", "replace").decode()[:LONGEST_STATUS].replace("\n", " ")
        if line != self._told:
            self._told = line
            self._notify(f"STATUS={line}")

    def stopping(self) -> None:
        """We are asked to end, and do so after what is under way. Called by a signal handler, too."""
        self._stopping = True
        self._notify(f"STOPPING=1\n{EXTEND}")

    def _notify(self, text: str) -> None:
        if self._notifier:
            self._notifier.notify(text)


def _watchdog_seconds() -> float:
    """Return within how many seconds a sign of life is asked for; what is no such time asks for none."""
    with suppress(ValueError):
        if (seconds := float(os.environ.get("WATCHDOG_USEC", "")) / 1e6) > 0:
            return seconds
    return float("inf")
