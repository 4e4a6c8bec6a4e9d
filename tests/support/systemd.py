"""A systemd that tests direct: two small programs that answer as `systemctl show` and `journalctl` do."""

import json
import time
from pathlib import Path

from bootheal.adapters.systemctl import Commands

SYSTEMCTL = """#!/bin/sh
echo "$*" >> "{directory}/calls"
case $1 in
show) case $* in *.service) cat "{directory}/unit" ;; *) cat "{directory}/manager" ;; esac ;;
restart) cat "{directory}/says" >&2; exit "$(cat "{directory}/refuses")" ;;
esac
"""

JOURNALCTL = """#!/bin/sh
echo "$*" >> "{directory}/calls"
for word; do case $word in _SYSTEMD_INVOCATION_ID=*) cat "{directory}/journal-${{word#*=}}" || exit 1 ;; esac; done
"""

# As a real systemd 252 shows a unit that runs.
RUNNING = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "Result": "success",
    "ExecMainStatus": "0",
    "NRestarts": "0",
    "InvocationID": "1e5b8d5f6c0d4c0f9d2f6f3a4b7c8d9e",
    "StateChangeTimestampMonotonic": "4200000",
}


class Systemd:
    """The programs, in a directory of their own, and what they answer."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name, text in (("systemctl", SYSTEMCTL), ("journalctl", JOURNALCTL)):
            program = directory / name
            program.write_text(text.format(directory=directory))
            program.chmod(0o755)
        self.commands = Commands(str(directory / "systemctl"), str(directory / "journalctl"))
        self.refuses(0)
        self.notes()
        self.unit()
        self.journal()

    def unit(self, **properties: str) -> None:
        """Let the unit be as RUNNING, but for these properties."""
        shown = RUNNING | properties
        (self.directory / "unit").write_text("".join(f"{key}={value}\n" for key, value in shown.items()))

    def notes(self, text: str = "") -> None:
        """Let the manager's own properties be these."""
        (self.directory / "manager").write_text(text)

    def journal(self, *messages: object, invocation: str = RUNNING["InvocationID"], age: float = 1.0) -> None:
        """Let a start of the unit have written these, `age` seconds ago."""
        stamp = str(int((time.clock_gettime(time.CLOCK_MONOTONIC) - age) * 1e6))
        entries = ({"MESSAGE": message, "__MONOTONIC_TIMESTAMP": stamp} for message in messages)
        text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        (self.directory / f"journal-{invocation}").write_text(text)

    def hide_the_journal(self) -> None:
        """Let `journalctl` refuse, as it refuses whoever is not in the group systemd-journal."""
        for journal in self.directory.glob("journal-*"):
            journal.unlink()

    def refuses(self, status: int, said: str = "") -> None:
        """Let `systemctl restart` end with this status, saying this."""
        (self.directory / "says").write_text(said)
        (self.directory / "refuses").write_text(str(status))

    @property
    def calls(self) -> list[str]:
        """What was asked, oldest first."""
        return (self.directory / "calls").read_text().splitlines()
