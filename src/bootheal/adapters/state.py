"""What survives: one JSON file, replaced atomically, keyed by epoch.

    {"version": 2, "author": "…", "epoch": "…", "boot": "…",
     "steps": {name: {"first_seen": {…}, "done": […], "incident": 0}},
     "recovering_since": … | null, "progress": {step: {"kind": …, "text": …, "at": …}}, "report": {…} | null,
     "previous": {…} | null, "last_boot": {…} | null,
     "kept": {name: {fact: …}}, "fruitless": {name: {action: epochs}}}

Records of actions are on disk before the action is; the rest is written at most once a second, and between passes
nothing but what is `kept`, seldom.
`author` is the process that wrote it last.
`previous` is the report before `report`, `last_boot` the last one of another epoch.
What is `kept` or was `fruitless` survives the change of epoch. `boot` is this machine's boot: the times in
`first_seen` are of its monotonic clock, and mean nothing in another one.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bootheal.adapters.files import lock, replace_file
from bootheal.adapters.process_identity import sign
from bootheal.errors import LockedError, StateError
from bootheal.model import ActionRecord, Event, EventKind, Report, to_json

VERSION = 2
FILE = "state.json"
SELDOM_SECONDS = 1.0
SELDOM_AT_REST_SECONDS = 600.0


class StateFile:
    """The Memory port, and what `bootheal status` reads."""

    def __init__(self, directory: Path, boot: str = "") -> None:
        self._directory, self._path, self._boot = directory, directory / FILE, boot
        self._data = _empty("", boot)
        self._known: tuple[int, ...] = ()
        self._written = float("-inf")
        self._held = False
        self._late = False
        self.remark = ""

    @property
    def epoch(self) -> str:
        """The epoch that is remembered, "" for none."""
        return str(self._data["epoch"])

    @property
    def recovering_since(self) -> float | None:
        """Since when a pass has been under way, a former process' included; None if none is."""
        return None if (since := self._data["recovering_since"]) is None else float(since)

    @contextmanager
    def hold(self) -> Iterator[str]:
        """Hold the lock of a healing pass, and yield the epoch that is remembered by then. Errors as of `lock`.

        Nothing is written without it: another pass may be under way.
        """
        with lock(self._directory):
            self._held = True
            try:
                yield self.load()
            finally:
                self._held = False

    def load(self) -> str:
        """Read the file, unless it is as we know it, and return the epoch it belongs to, "" for none.

        A file that cannot be understood is set aside by a pass, never overwritten; `remark` says so.
        """
        try:
            if self._known == (known := _identity(self._path)):
                return self.epoch
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise StateError(f"cannot read {self._path}: {error.strerror}") from None
        try:
            self._data, self._known = _understand(text), known
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._set_aside(error)
        if self._data["boot"] != self._boot:
            for memory in self._data["steps"].values():
                memory["first_seen"] = {}
        return self.epoch

    def _set_aside(self, problem: Exception) -> None:
        why = str(problem) if isinstance(problem, VersionError) else "it cannot be understood"
        if not self._held:
            self.remark = f"cannot use the state file {self._path}: {why}; the next run will set it aside"
            return
        aside = self._path.with_suffix(f".{time.time():.0f}.aside")
        try:
            self._path.rename(aside)
        except OSError as error:
            raise StateError(f"cannot understand {self._path}, nor set it aside: {error.strerror}") from None
        self.remark = f"the state file was set aside as {aside}: {why}"

    def enter(self, epoch: str) -> None:
        """Begin the memory of `epoch`, or go on with it, durably."""
        self.turn_to(epoch)
        self._write(durable=True)

    def turn_to(self, epoch: str) -> None:
        """Do as `enter`, but in memory only. A report of another boot of this machine is not one of this."""
        data = self._data
        if data["epoch"] != epoch or data["boot"] != self._boot:
            steps = data["steps"] if data["epoch"] == epoch else {}
            last = data["report"] or data["previous"]
            lasting = {"previous": last, "last_boot": last or data["last_boot"], "kept": data["kept"]}
            lasting["fruitless"] = data["fruitless"] if steps else _boots_in_vain(data)
            lasting["recovering_since"] = data["recovering_since"] if data["boot"] == self._boot else None
            self._data = _empty(epoch, self._boot) | lasting | {"steps": steps}

    def observe(self, step: str, conditions: frozenset[str], now: float) -> Mapping[str, float]:
        """Remember since when each condition holds."""
        memory = self._step(step)
        before: dict[str, float] = memory["first_seen"]
        memory["first_seen"] = {condition: before.get(condition, now) for condition in sorted(conditions)}
        if memory["first_seen"] != before or self._late:
            self._write_soon()
        return dict(memory["first_seen"])

    def done(self, step: str) -> tuple[ActionRecord, ...]:
        """Return what was done, oldest first."""
        return tuple(ActionRecord(**item) for item in self._step(step)["done"])

    def record(self, step: str, done: ActionRecord) -> None:
        """Write an action down, in place of what had its number.

        The intent outlives a power cut. Its result need not: after one it is as good to know
        that the action may have happened, and waiting for the disk twice delays the healing.
        """
        records = self._step(step)["done"]
        records[done.number : done.number + 1] = [to_json(done)]
        self._write(durable=done.result == "intended")

    def incident(self, step: str) -> int:
        """Return how often this step has been mended in this epoch."""
        return int(self._step(step)["incident"])

    def close_incident(self, step: str) -> None:
        """Close an incident, if there was one; it is on disk with the report."""
        memory = self._step(step)
        if any(done["incident"] == memory["incident"] for done in memory["done"]):
            memory["incident"] += 1
        self._data["fruitless"].pop(step, None)

    def boots_in_vain(self, step: str, action: str) -> int:
        """Return in how many epochs in a row this was done in vain."""
        return int(self._data["fruitless"].get(step, {}).get(action, 0))

    def set_baseline(self, step: str, facts: Mapping[str, str]) -> None:
        """Remember what was good. Not durably: what was good before will do, should the power fail now.

        Between passes, too, which may be months apart: what has shrunk by and by since then is not a loss.
        """
        if self._data["kept"].get(step) == facts:
            return
        self._data["kept"][step] = dict(facts)
        self._write_soon()
        if not self._held and time.monotonic() - self._written >= SELDOM_AT_REST_SECONDS:
            self._write_kept(self._data["kept"])

    def _write_kept(self, kept: dict[str, Any]) -> None:
        """Add it to what another process may have written meanwhile, unless one is at work right now."""
        self._written = time.monotonic()
        with suppress(LockedError, StateError), self.hold():
            self._data["kept"] |= kept
            self._write(durable=False)

    def baseline(self, step: str) -> Mapping[str, str]:
        """Return what was last good."""
        return dict(self._data["kept"].get(step, {}))

    def progress(self, event: Event) -> None:
        """Remember the latest of each step, for `bootheal status`; errors don't matter here."""
        if event.kind is EventKind.STARTED:
            self._data |= {"progress": {}, "report": None, "previous": self._data["report"] or self._data["previous"]}
            self._data["recovering_since"] = self._data["recovering_since"] or event.at  # also if we were killed since
            self._written = float("-inf")
            self._write_soon()
        if event.step:
            self._data["progress"][event.step] = {"kind": event.kind.value, "text": event.text, "at": event.at}
            self._write_soon()

    def finish(self, report: Report) -> None:
        """Write the report down, durably."""
        self._data["report"] = to_json(report) | {"verdict": report.verdict.value}
        self._data |= {"progress": {}, "recovering_since": None}
        self._write(durable=True)

    def _step(self, name: str) -> Any:
        return self._data["steps"].setdefault(name, {"first_seen": {}, "done": [], "incident": 0})

    def _write_soon(self) -> None:
        """Write at most once a second; what came too soon is written at one of the next looks."""
        self._late = True
        if self._held and time.monotonic() - self._written >= SELDOM_SECONDS:
            with suppress(StateError):
                self._write(durable=False)

    def _write(self, *, durable: bool) -> None:
        try:
            replace_file(self._path, json.dumps(self._data | {"author": sign()}), durable=durable)
        except OSError as error:
            raise StateError(
                f"cannot write {self._path}: {error.strerror}; nothing is changed without a record",
                hint=f"make {self._path.parent} writable and free some space on its disk",
            ) from None
        self._written, self._known, self._late = time.monotonic(), _identity(self._path), False


class VersionError(ValueError):
    """The file is of another version of bootheal."""


def _identity(path: Path) -> tuple[int, ...]:
    """Tell one content of a file that is only ever replaced from another."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _empty(epoch: str, boot: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"steps": {}, "progress": {}, "recovering_since": None, "kept": {}, "fruitless": {}}
    nothing |= {"report": None, "previous": None, "last_boot": None}
    return {"version": VERSION, "author": "", "epoch": epoch, "boot": boot} | nothing


def _boots_in_vain(data: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Count what was done in the epoch that ends now, and did not help while it lasted."""
    counts: dict[str, dict[str, int]] = {step: dict(actions) for step, actions in data["fruitless"].items()}
    for step, memory in data["steps"].items():
        of_now = (ActionRecord(**done) for done in memory["done"] if done["incident"] == memory["incident"])
        for action in {done.action for done in of_now if not done.failed}:
            actions = counts.setdefault(step, {})
            actions[action] = actions.get(action, 0) + 1
    return counts


def _understand(text: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(text)
    if data["version"] != VERSION:
        raise VersionError(f"it is of version {data['version']} and this bootheal knows version {VERSION}")
    for memory in data["steps"].values():
        _check(memory)
    return _empty(data["epoch"], "") | data


def _check(memory: dict[str, Any]) -> None:
    """Raise what `_understand` may raise, now and not in the middle of a pass."""
    if not isinstance(memory["first_seen"], dict) or not isinstance(memory["incident"], int):
        raise TypeError("a step's memory has another shape")
    for done in memory["done"]:
        ActionRecord(**done)


def withdraw(directory: Path) -> None:
    """Let the last report be one of the past: who waits shall wait for the next run. Errors as of `lock`, `read`."""
    with lock(directory):
        data = read(directory)
        if data and data["report"]:
            past = data | {"report": None, "previous": data["report"]}
            replace_file(directory / FILE, json.dumps(past), durable=False)


def read(directory: Path) -> dict[str, Any] | None:
    """Return what is remembered, None where nothing is; StateError where it cannot be read."""
    path = directory / FILE
    try:
        return _understand(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from None
    except VersionError as error:
        raise StateError(f"cannot read {path}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StateError(f"cannot read {path}: it cannot be understood") from None
