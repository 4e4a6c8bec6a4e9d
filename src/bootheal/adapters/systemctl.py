"""A systemd unit as `systemctl show` and the journal tell of it: the same commands that a person would type.

Both work for any user, the journal for members of the group systemd-journal. Where there is
no systemd, or it does not answer in time, there is nothing to tell; that is not an error.
"""

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from bootheal.adapters import unit_words
from bootheal.adapters.wallclock import Sample
from bootheal.errors import BoothealError, PermanentError, TransientError, scarce
from bootheal.model import Component, ComponentState
from bootheal.model.quoted import quoted

TIMEOUT_SECONDS = 5.0

# A start of k3s writes some hundred lines; what troubles it is written again and again.
LINES = 1000

# Why systemd does not restart a unit, in systemctl's words: whoever asks may not, and there is none that could be.
_NOT_OURS = re.compile(r"(?i)authenticat|access denied|permission denied|not permitted|not authorized")
_GONE = re.compile(r"(?i)not found|masked|bad unit file|not been booted with systemd|not loaded")

# What must be up for it, in the words of its unit.
REQUIRED = ("Requires", "Requisite", "BindsTo")

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "ExecMainStatus",
    "NRestarts",
    "InvocationID",
    "StateChangeTimestampMonotonic",
    "Job",
    "UnitFileState",
    "ConditionResult",
    "ConditionTimestampMonotonic",
    "AssertResult",
    "AssertTimestampMonotonic",
    *REQUIRED,
)
STAMPS = ("UserspaceTimestamp", "InactiveExitTimestamp", "ActiveEnterTimestamp")
STATES = {
    "active": ComponentState.RUNNING,
    "reloading": ComponentState.RUNNING,
    "activating": ComponentState.STARTING,
    "deactivating": ComponentState.STOPPED,
    "inactive": ComponentState.STOPPED,
}


class Commands(NamedTuple):
    """The two programs; a path, or a name that is looked for in PATH."""

    systemctl: str = "systemctl"
    journalctl: str = "journalctl"


class Unit:
    """One unit of this machine's systemd."""

    def __init__(self, name: str, commands: Commands) -> None:
        self.name = name
        self._commands = commands

    def properties(self) -> dict[str, str]:
        """Return what `systemctl show` says of it; {} without systemd or without such a unit."""
        shown = self._show([f"--property={','.join(PROPERTIES)}", self.name])
        return shown if shown.get("LoadState") in unit_words.KNOWN else {}

    def required(self, shown: Mapping[str, str]) -> dict[str, str]:
        """Return the ActiveState of each unit that it requires; {} where it names none, or nobody tells."""
        names = sorted({name for word in REQUIRED for name in shown.get(word, "").split()})
        if not names:
            return {}
        blocks = answer([self._commands.systemctl, "show", "--property=Id,ActiveState", "--", *names]).split("\n\n")
        found = [dict(line.split("=", 1) for line in block.split("\n") if "=" in line) for block in blocks]
        return {each["Id"]: each.get("ActiveState", "") for each in found if each.get("Id")}

    def enabled(self) -> str:
        """Return systemd's word on whether a boot starts it ("enabled", "disabled", …); "" without such a unit."""
        return self._show(["--property=UnitFileState", self.name]).get("UnitFileState", "")

    def starts(self) -> frozenset[str]:
        """Return the units that are started with it, by whoever says so; nothing without such a unit."""
        return self._units("Wants,Requires")

    def needed_by(self) -> frozenset[str]:
        """Return the units that are not started without it, of those that systemd has read."""
        return self._units("RequiredBy,BoundBy")

    def _units(self, properties: str) -> frozenset[str]:
        shown = self._show([f"--property={properties}", self.name])
        return frozenset(" ".join(shown.values()).split())

    def lines(self, invocation: str, youngest: float) -> list[str] | None:
        """Return what its present or last start has told the journal in the last `youngest` seconds.

        None where the journal cannot be read.
        """
        command = [self._commands.journalctl, "--quiet", "--no-pager", "--output=json"]
        options = ["--output-fields=MESSAGE", f"--lines={LINES}", f"_SYSTEMD_INVOCATION_ID={invocation}"]
        done = _run([*command, *options])
        if done is None or done.returncode:
            return None
        # The monotonic time of an entry is not touched when the clock is set.
        since = time.clock_gettime(time.CLOCK_MONOTONIC) - youngest
        # Not splitlines(): what k3s has said may hold other ends of lines, such as U+2028.
        entries = map(json.loads, filter(None, done.stdout.decode(errors="replace").split("\n")))
        recent = (entry for entry in entries if float(entry["__MONOTONIC_TIMESTAMP"]) / 1e6 >= since)
        # A message is a list of bytes where it is not text.
        return [entry["MESSAGE"] for entry in recent if isinstance(entry.get("MESSAGE"), str)]

    def tail(self, lines: int) -> str | None:
        """Return the last lines that the journal has of it, of whatever boot; None where it cannot be read."""
        command = [self._commands.journalctl, "--quiet", "--no-pager", f"--unit={self.name}", f"--lines={lines}"]
        done = _run([*command, "--output=short-iso"])
        return None if done is None or done.returncode else done.stdout.decode(errors="replace")

    def clock_samples(self) -> list[Sample]:
        """Return when, by both clocks, user space and the unit were started: systemd notes both."""
        if time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC) > 1:
            return []  # asleep for a while: systemd's clock stood still, and its notes don't tell when
        properties = ",".join(f"{stamp},{stamp}Monotonic" for stamp in STAMPS)
        options = ["--timestamp=us+utc", f"--property={properties}"]
        shown = self._show(options) | self._show([*options, self.name])
        samples = ((int(shown.get(f"{stamp}Monotonic") or 0) / 1e6, _seconds(shown.get(stamp, ""))) for stamp in STAMPS)
        return [(moment, wall) for moment, wall in samples if moment and wall]

    def stamps(self, names: Sequence[str]) -> dict[str, float]:
        """Return when things of these names were, in seconds of the monotonic clock; what never was is left out.

        Of the manager itself where the unit has no name.
        """
        properties = ",".join(f"{name}Timestamp,{name}TimestampMonotonic" for name in names)
        shown = self._show([f"--property={properties}", *([self.name] if self.name else [])])
        return {
            name: int(shown.get(f"{name}TimestampMonotonic") or 0) / 1e6
            for name in names
            if shown.get(f"{name}Timestamp") or shown.get(f"{name}TimestampMonotonic", "0") != "0"
        }

    def restart(self) -> None:
        """Queue a restart. PermanentError where it is not ours to ask for, or there is nothing to ask."""
        doing, command = f"restart {self.name}", self._commands.systemctl
        try:
            with scarce(doing):
                done = _ran([command, "restart", "--no-block", "--no-ask-password", self.name])
        except subprocess.TimeoutExpired:
            raise TransientError(f"cannot {doing}: {command} does not answer") from None
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            raise PermanentError(f"cannot {doing}: cannot run {command}: {why}") from None
        if done.returncode:
            raise _refused(self.name, done.stderr.decode(errors="replace"))

    def _show(self, options: Sequence[str]) -> dict[str, str]:
        text = answer([self._commands.systemctl, "show", *options])
        return dict(line.split("=", 1) for line in text.split("\n") if "=" in line)


def as_component(name: str, role: str, shown: dict[str, str]) -> Component:
    """Turn a unit's properties into a component."""
    restarts = int(shown.get("NRestarts") or 0)
    state = STATES.get(shown.get("ActiveState", ""), ComponentState.FAILED)
    # Between two starts it is "auto-restart"; a start after one that failed is more of the same.
    if state is ComponentState.STARTING and (restarts or shown.get("SubState") == "auto-restart"):
        state = ComponentState.RESTARTING
    # Its start is queued: k3s comes after network-online.target, which may take minutes of a boot.
    queued = shown.get("ActiveState") in ("inactive", "failed") and shown.get("Job", "0") not in ("", "0")
    if queued:
        state = ComponentState.STARTING
    why = "its start waits for other units" if queued else unit_words.why(name, shown)
    changed = int(shown.get("StateChangeTimestampMonotonic") or 0) / 1e6
    since = time.time() - (time.clock_gettime(time.CLOCK_MONOTONIC) - changed) if changed else None
    log = f"journalctl -u {name} -e"
    return Component(name, role, state, since, why, log, at_boot=shown.get("UnitFileState", ""))


def _seconds(stamp: str) -> float | None:
    """Parse "Sat 2026-11-21 12:00:00.123456 UTC"."""
    try:
        return datetime.strptime(stamp[4:], "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def answer(command: Sequence[str]) -> str:
    """Return what a command of ours says; "" where it cannot be run, fails, or does not end in time."""
    done = _run(command)
    return done.stdout.decode(errors="replace") if done and not done.returncode else ""


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[bytes] | None:
    """Do as `_ran`; None where it cannot be run or does not end."""
    try:
        return _ran(command)
    except (OSError, subprocess.TimeoutExpired):
        return None


def _ran(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command of ours, without a shell. OSError where it cannot be run, TimeoutExpired where it does not end."""
    return subprocess.run(  # noqa: S603 - the words are ours, and the unit's name is checked by the schema
        command, check=False, capture_output=True, timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL
    )


def _refused(name: str, said: str) -> BoothealError:
    """Say why, as systemctl does: what is not allowed, or is not there, no asking again mends; a busy bus it may."""
    lines = [line for line in said.splitlines() if line.strip()]
    why = quoted(lines[0].partition(f"{name}: ")[2] or lines[0]) if lines else ""
    told = f"cannot restart {name}: systemd refused" + (f": {why.removesuffix('.')}" if why else "")
    if not why or _NOT_OURS.search(why):
        return PermanentError(told, hint=f"allow it by a polkit rule, or do it: systemctl restart {name}")
    return PermanentError(told, hint=f"systemctl status {name}") if _GONE.search(why) else TransientError(told)
