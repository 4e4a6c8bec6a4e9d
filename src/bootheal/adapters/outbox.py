"""What the targets were told of this boot, and what has not arrived yet: one JSON file, so that it outlives us.

Several processes may use it at once, a daemon that rests and a `run --once` by hand: each change is made under a lock
of its own, which is held for no longer than that takes.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bootheal.adapters.files import open_lock, read_file, remove_leftovers, replace_file
from bootheal.model import Outbox, Told, from_json, to_json

FILE, LOCK = "notify.json", "notify.lock"
LONGEST = 1_000_000

# What is still to be told may quote logs, which are not for everybody's eyes.
MODE = 0o640


class OutboxFile:
    """The file in the state directory."""

    def __init__(self, directory: Path) -> None:
        self._path, self._lock = directory / FILE, directory / LOCK

    def read(self) -> Outbox:
        """Return what it says; what cannot be understood is worth less than going on. OSError where it is not read."""
        try:
            return from_json(Outbox, json.loads(read_file(self._path, LONGEST)))
        except FileNotFoundError:
            return Outbox()
        except (ValueError, RecursionError):
            return Outbox()

    def change(self, target: str, how: Callable[[Told], Told]) -> Told:
        """Change what is known of a target, and return it. OSError where it cannot be kept."""
        with self._alone():
            before = self.read()
            known = before.targets.get(target, Told())
            if (now := how(known)) != known:
                text = json.dumps(to_json(replace(before, targets={**before.targets, target: now})))
                replace_file(self._path, text, durable=False, mode=MODE)
            return now

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = open_lock(self._lock)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            remove_leftovers(self._path)
            yield
        finally:
            os.close(descriptor)
