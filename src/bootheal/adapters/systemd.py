"""Telling systemd: READY, STATUS, STOPPING. Does nothing where systemd did not start us."""

import os
from typing import Any

LONGEST_STATUS = 200


class Systemd:
    """The notify socket. sdnotify encodes Latin-1 and swallows errors, so STATUS is kept ASCII."""

    def __init__(self) -> None:
        self._notifier: Any = None
        if os.environ.get("NOTIFY_SOCKET"):
            from sdnotify import SystemdNotifier

            self._notifier = SystemdNotifier()

    def ready(self) -> None:
        """The configuration is read and the loop runs."""
        self._notify("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        ascii_only = text.encode("ascii", "replace").decode()
        self._notify(f"STATUS={ascii_only[:LONGEST_STATUS]}")

    def stopping(self) -> None:
        """We are about to end."""
        self._notify("STOPPING=1")

    def _notify(self, text: str) -> None:
        if self._notifier:
            self._notifier.notify(text)
