"""What is known of one kind in one namespace, in which nothing old takes the place of what is newer.

A list tells of all objects at one moment, a watch of each change since, and the responses of our own writes of the
same changes earlier. They come in any order. What tells them apart is the resourceVersion: within one kind of one
cluster it is a number that grows with each write, which Kubernetes 1.35 made official (KEP-5504) and which it always
was where etcd or kine keep the objects. Where it is none, what comes later is taken for newer.

Such a counter can go back, where a datastore is restored from a backup. A list is read from the datastore as it is when
it is asked for. So it is believed, however old it says to be, but for what was written after it had been asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One object as it was at `version`: our snapshot of it, and by what it is told from a successor of its name."""

    uid: str
    version: str
    snapshot: Any

    def precedes(self, other: "Entry") -> bool:
        """Whether it is older, as far as that can be known."""
        return precedes(self.version, other.version)


def precedes(version: str, other: str) -> bool:
    """Whether a resourceVersion is older than another; False where they cannot be compared."""
    return version.isdecimal() and other.isdecimal() and int(version) < int(other)


class Cache:
    """Objects by name. Not for two threads at once."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._deleted: set[str] = set()  # UIDs that a delete of ours has removed, and the watch has not told of yet
        self._written: dict[str, Entry] | None = None  # since the list under way was asked for

    def snapshots(self) -> dict[str, Any]:
        """Return our snapshots by name."""
        return snapshots(self._entries)

    def list_asked(self) -> None:
        """A list is asked for now: all that was written so far is in it."""
        self._written = {}
        self._deleted.clear()

    def listed(self, entries: Mapping[str, Entry], version: str) -> None:
        """Take in the list that was asked for last, which is of the moment `version`."""
        written = (self._written or {}).items()
        later = {name: entry for name, entry in written if precedes(version, entry.version)}
        both = {**entries, **later}
        self._entries = {name: entry for name, entry in both.items() if entry.uid not in self._deleted}
        self._written = None

    def changed(self, name: str, entry: Entry) -> bool:
        """Take in what a watch says of an object; tell whether it was news."""
        current = self._entries.get(name)
        if entry.uid in self._deleted or (current and entry.precedes(current)):
            return False
        self._entries[name] = entry
        return True

    def removed(self, name: str, entry: Entry) -> bool:
        """A watch says that an object is gone; tell whether it was news. A successor of its name stays."""
        self._deleted.discard(entry.uid)
        current = self._entries.get(name)
        if current is None or (current.uid != entry.uid and not current.precedes(entry)):
            return False
        del self._entries[name]
        return True

    def wrote(self, name: str, entry: Entry) -> None:
        """Take in the response of a write of ours. What the watch has removed meanwhile stays away."""
        current = self._entries.get(name)
        if current and not entry.precedes(current):
            self._entries[name] = entry
        if self._written is not None and not ((known := self._written.get(name)) and entry.precedes(known)):
            self._written[name] = entry

    def deleted(self, name: str, uid: str) -> None:
        """A delete of ours has removed an object; a successor of its name stays."""
        current = self._entries.get(name)
        known = current is not None and current.uid == uid
        if known:
            del self._entries[name]
        if known or self._written is not None:
            self._deleted.add(uid)

    def gone(self, name: str) -> None:
        """There is no object of that name, as a list has just told."""
        if current := self._entries.get(name):
            self.deleted(name, current.uid)


def snapshots(entries: Mapping[str, Entry]) -> dict[str, Any]:
    """Return our snapshots by name."""
    return {name: entry.snapshot for name, entry in entries.items()}
