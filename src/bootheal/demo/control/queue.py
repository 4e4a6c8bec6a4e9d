"""What the controllers have to look at. Looking at every object after every change would be slow with hundreds."""

from __future__ import annotations

from collections.abc import Callable

from bootheal.demo.objects.history import Change
from bootheal.demo.objects.kinds import BY_NAME, DAEMON_SET, EVENT, LEASE, NODE, Kind, Object
from bootheal.demo.objects.store import Key, Store

IGNORED = frozenset({EVENT, LEASE})
"""Nothing follows from these."""


class Queue:
    """Objects of some kinds that are to be reconciled: all at first, then what changes, or whose time has come."""

    def __init__(self, store: Store, time: Callable[[], float], kinds: tuple[Kind, ...]) -> None:
        self._store, self._time, self._kinds = store, time, kinds
        self._waiting: set[tuple[Kind, Key]] = set()
        self._due: dict[tuple[Kind, Key], float] = {}
        for kind in kinds:
            self._add_all(kind)

    @property
    def deadline(self) -> float | None:
        """When the first is due although nothing has changed."""
        return min(self._due.values(), default=None)

    def add(self, changes: list[Change]) -> bool:
        """Take in what changed, whoever controls it, and so on upwards; whether anything was worth a look."""
        relevant = [change for change in changes if change.kind not in IGNORED]
        if any(change.kind is NODE for change in relevant):
            self._add_all(DAEMON_SET)
        for change in relevant:
            self._add_upwards(change.kind, change.object)
        return bool(relevant)

    def take(self, kind: Kind) -> list[Object]:
        """Those of a kind that are still there, in the order of their keys."""
        self._waiting |= {item for item, due in self._due.items() if due <= self._time()}
        taken = sorted(key for other, key in self._waiting if other is kind)
        for key in taken:
            self._waiting.discard((kind, key))
            self._due.pop((kind, key), None)
        return [item for key in taken if (item := self._store.find(kind, *key))]

    def again(self, kind: Kind, item: Object, seconds: float) -> None:
        """Look at it in so many seconds, if not before."""
        self._due[kind, _key(item)] = self._time() + seconds

    def _add_all(self, kind: Kind) -> None:
        self._waiting |= {(kind, _key(item)) for item in self._store.all(kind)}

    def _add_upwards(self, kind: Kind, item: Object) -> None:
        if kind in self._kinds:
            self._waiting.add((kind, _key(item)))
        for owner in item["metadata"].get("ownerReferences", []):
            above = BY_NAME.get((owner["apiVersion"], owner["kind"]))
            found = self._store.find(above, item["metadata"].get("namespace", ""), owner["name"]) if above else None
            if above and found:
                self._add_upwards(above, found)


def _key(item: Object) -> Key:
    return item["metadata"]["namespace"], item["metadata"]["name"]
