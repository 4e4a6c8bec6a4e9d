"""What is known of one kind in one namespace, in which nothing old takes the place of what is newer.

A list tells of all objects at one moment, a watch of each change since, and the responses of our own writes of the
same changes earlier. They come in any order. What tells them apart is the resourceVersion: within one kind of one
cluster it is a number that grows with each write, which Kubernetes 1.35 made official (KEP-5504) and which it always
was where etcd or kine keep the objects. Where it is none, what comes later is taken for newer.

Such a counter can go back, where a datastore is restored from a backup. A list is read from the datastore as it is when
it is asked for. So it is believed, however old it says to be, but for what was written after it had been asked for.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One object as it was at `version`: our snapshot of it, and by what it is told from a successor of its name."""

    uid: str
    version: str
    snapshot: Any

    def says_as(self, other: "Entry") -> bool:
        """Whether our snapshots are the same, but for the version."""
        ours, theirs = self.snapshot, other.snapshot
        kind: Any = type(ours)
        if self.uid != other.uid or kind is not type(theirs):
            return False
        if not (is_dataclass(kind) and hasattr(ours, "version")):
            return bool(ours == theirs)
        read = _but_version(kind)
        return bool(read(ours) == read(theirs))

    def precedes(self, other: "Entry") -> bool:
        """Whether it is older, as far as that can be known."""
        return precedes(self.version, other.version)


@lru_cache
def _but_version(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads all fields of a snapshot but its version: a third of the time that a copy takes."""
    return attrgetter(*(field.name for field in fields(kind) if field.compare and field.name != "version"))


def precedes(version: str, other: str) -> bool:
    """Whether a resourceVersion is older than another; False where they cannot be compared."""
    if not (version.isdecimal() and other.isdecimal()):
        return False
    one, two = version.lstrip("0"), other.lstrip("0")
    return (len(one), one) < (len(two), two)  # as numbers, however long


def _no_keys(_: Any) -> Iterable[Hashable]:
    return ()


class Cache:
    """Objects by name, and by the `keys` of their snapshots. Not for two threads at once.

    Among ten thousand pods nobody looks for his twenty one by one, and a thousand times a second. `complete`: nobody
    reads more of an object than what is in its snapshot, so that a change to the rest of it is no news.
    """

    def __init__(self, keys: Callable[[Any], Iterable[Hashable]] = _no_keys, *, complete: bool = False) -> None:
        self._entries: dict[str, Entry] = {}
        self._keys, self._complete = keys, complete
        self._by_key = dict[Hashable, dict[str, Any]]()
        self._snapshots: Mapping[str, Any] | None = None  # as it was last asked for, until something changes
        self._deleted: set[str] = set()  # UIDs that a delete of ours has removed, and the watch has not told of yet
        self._written: dict[str, Entry] | None = None  # since the list under way was asked for

    def snapshots(self) -> Mapping[str, Any]:
        """Return our snapshots by name; they stay as they are, whatever changes afterwards."""
        if self._snapshots is None:
            self._snapshots = snapshots(self._entries)
        return self._snapshots

    def snapshot(self, name: str) -> Any:
        """Return the one of that name, None where there is none."""
        entry = self._entries.get(name)
        return entry and entry.snapshot

    def having(self, keys: Iterable[Hashable]) -> list[Any]:
        """Return the snapshots that have all of these keys, one at least."""
        found = sorted((self._by_key.get(key, {}) for key in keys), key=len)
        fewest, others = found[0], found[1:]
        return [snapshot for name, snapshot in fewest.items() if all(name in other for other in others)]

    def list_asked(self) -> None:
        """A list is asked for now: all that was written so far is in it."""
        self._written = {}
        self._deleted.clear()

    def listed(self, entries: Mapping[str, Entry], version: str) -> None:
        """Take in the list that was asked for last, which is of the moment `version`."""
        written = (self._written or {}).items()
        later = {name: entry for name, entry in written if precedes(version, entry.version)}
        both = {**entries, **later}
        self._entries, self._by_key, self._written = {}, {}, None
        for name, entry in both.items():
            if entry.uid not in self._deleted:
                self._put(name, entry)

    def changed(self, name: str, entry: Entry) -> bool:
        """Take in what a watch says of an object; tell whether it was news."""
        current = self._entries.get(name)
        if entry.uid in self._deleted or (current and entry.precedes(current)):
            return False
        self._put(name, entry)
        return not (self._complete and current and entry.says_as(current))

    def removed(self, name: str, entry: Entry) -> bool:
        """A watch says that an object is gone; tell whether it was news. A successor of its name stays."""
        self._deleted.discard(entry.uid)
        current = self._entries.get(name)
        if current is None or (current.uid != entry.uid and not current.precedes(entry)):
            return False
        self._drop(name)
        return True

    def wrote(self, name: str, entry: Entry) -> None:
        """Take in the response of a write of ours. What the watch has removed meanwhile stays away."""
        current = self._entries.get(name)
        if current and not entry.precedes(current):
            self._put(name, entry)
        if self._written is not None and not ((known := self._written.get(name)) and entry.precedes(known)):
            self._written[name] = entry

    def deleted(self, name: str, uid: str) -> None:
        """A delete of ours has removed an object; a successor of its name stays."""
        current = self._entries.get(name)
        known = current is not None and current.uid == uid
        if known:
            self._drop(name)
        if known or self._written is not None:
            self._deleted.add(uid)

    def gone(self, name: str) -> None:
        """There is no object of that name, as a list has just told."""
        if current := self._entries.get(name):
            self.deleted(name, current.uid)

    def _put(self, name: str, entry: Entry) -> None:
        if current := self._entries.get(name):
            self._forget(name, current)
        self._entries[name], self._snapshots = entry, None
        for key in self._keys(entry.snapshot):
            self._by_key.setdefault(key, {})[name] = entry.snapshot

    def _drop(self, name: str) -> None:
        self._forget(name, self._entries.pop(name))
        self._snapshots = None

    def _forget(self, name: str, entry: Entry) -> None:
        for key in self._keys(entry.snapshot):
            having = self._by_key[key]
            having.pop(name, None)
            if not having:
                del self._by_key[key]


def snapshots(entries: Mapping[str, Entry]) -> dict[str, Any]:
    """Return our snapshots by name."""
    return {name: entry.snapshot for name, entry in entries.items()}
