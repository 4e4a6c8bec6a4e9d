"""The objects of the demo cluster and their history: what etcd and the generic half of an API server do.

Not thread-safe: everything happens on the stack's event loop. An object that was handed out is never changed
afterwards; every change stores a new one.
"""

from __future__ import annotations

import copy
import random
import uuid
from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from bootheal.demo.objects.answers import already_exists, conflict, invalid, not_found
from bootheal.demo.objects.history import History, Verb
from bootheal.demo.objects.kinds import KINDS, NODE, POD, Kind, Object
from bootheal.demo.objects.times import now, stamp

Key: TypeAlias = tuple[str, str]
"""Namespace (empty where the kind has none) and name."""
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_FIXED = ("name", "namespace", "uid", "creationTimestamp", "generation")
"""What no update changes, whatever the caller sends."""
DEFAULT_GRACE = 30


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What a delete insists on; empty strings insist on nothing."""

    uid: str = ""
    version: str = ""


class Store:
    """Objects by kind and (namespace, name); `history` keeps the latest `window` changes."""

    def __init__(self, admit: Callable[[Kind, Object], None], seed: int | None = None, window: int = 2000) -> None:
        self._admit = admit
        self.history = History(window)
        self.random = random.Random(seed)  # noqa: S311  (names, no secrets)
        self._objects: dict[Kind, dict[Key, Object]] = {kind: {} for kind in KINDS}
        self._order: dict[Kind, list[Key]] = {kind: [] for kind in KINDS}
        self._owned: dict[tuple[Kind, str], set[Key]] = {}

    @property
    def version(self) -> int:
        """The version of the latest change."""
        return self.history.version

    # -- reading ---------------------------------------------------------------------------------------------

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        return self._objects[kind].get((namespace if kind.namespaced else "", name))

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """The object; a 404 where there is none."""
        found = self.find(kind, namespace, name)
        if found is None:
            raise not_found(kind, name)
        return found

    def all(self, kind: Kind, namespace: str = "") -> list[Object]:
        """The objects of a kind, in every namespace where none is named, in the order of their keys."""
        keys, chosen = self._order[kind], self._objects[kind]
        if namespace:
            keys = keys[bisect_left(keys, (namespace, "")) : bisect_left(keys, (f"{namespace}\0", ""))]
        return [chosen[key] for key in keys]

    def all_at(self, kind: Kind, namespace: str, version: int) -> list[Object]:
        """The objects of a kind as they were at an earlier version; a 410 where that is no longer known."""
        undone = [change for change in self.history.after(version) if change.kind is kind]
        if not undone:
            return self.all(kind, namespace)
        then = dict(self._objects[kind])
        for change in reversed(undone):
            key = _key(kind, change.object)
            if change.before is None:
                then.pop(key, None)
            else:
                then[key] = change.before
        return [then[key] for key in sorted(then) if not namespace or key[0] == namespace]

    def owned(self, kind: Kind, owner: Object) -> list[Object]:
        """The objects of a kind that an object controls."""
        keys = self._owned.get((kind, owner["metadata"]["uid"]), set())
        return [self._objects[kind][key] for key in sorted(keys)]

    # -- writing ---------------------------------------------------------------------------------------------

    def create(self, kind: Kind, manifest: Object, namespace: str = "") -> Object:
        """Store a new object with a new uid; 409 where the name is taken."""
        new = copy.deepcopy(manifest)
        new["apiVersion"], new["kind"] = kind.api_version, kind.name
        metadata = new.setdefault("metadata", {})
        if kind.namespaced:
            metadata["namespace"] = metadata.get("namespace") or namespace or "default"
        if not metadata.get("name"):
            if not metadata.get("generateName"):
                raise invalid(kind, "", "metadata.name: Required value: name or generateName is required")
            metadata["name"] = metadata["generateName"] + self.suffix()
        key = (metadata.get("namespace", "") if kind.namespaced else "", metadata["name"])
        if key in self._objects[kind]:
            raise already_exists(kind, metadata["name"])
        metadata["uid"] = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        metadata["creationTimestamp"] = now()
        if "spec" in new and kind is not NODE:
            metadata["generation"] = 1
        self._admit(kind, new)
        insort(self._order[kind], key)
        return self._record("ADDED", kind, key, new, None)

    def replace(self, kind: Kind, new: Object, *, status: bool = False) -> Object:
        """Store what a caller sent for an existing object, its status only or all but its status."""
        metadata = new.get("metadata", {})
        old = self.get(kind, metadata.get("namespace", ""), metadata.get("name", ""))
        given = metadata.get("resourceVersion")
        if given and given != old["metadata"]["resourceVersion"]:
            raise conflict(kind, metadata["name"])
        if metadata.get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
            raise conflict(kind, metadata["name"], _uid_differs(metadata["uid"], old["metadata"]["uid"]))
        merged = copy.deepcopy(old if status else new)
        if status:
            merged["status"] = copy.deepcopy(new.get("status", {}))
        elif kind.has_status:
            merged.pop("status", None)
            if "status" in old:
                merged["status"] = copy.deepcopy(old["status"])
        return self._save(kind, old, merged)

    def edit(self, kind: Kind, namespace: str, name: str, change: Callable[[Object], object]) -> Object:
        """Let `change` work on a copy, spec and status alike, and store it: for the cluster's own parts."""
        old = self.get(kind, namespace, name)
        new = copy.deepcopy(old)
        change(new)
        return self._save(kind, old, new)

    def swap(self, kind: Kind, new: Object) -> Object:
        """Store what was made of the object that is there, without a copy: for a thousand changes a second."""
        return self._save(kind, self.get(kind, new["metadata"].get("namespace", ""), new["metadata"]["name"]), new)

    def delete(
        self, kind: Kind, namespace: str, name: str, grace: int | None = None, only: Preconditions | None = None
    ) -> Object:
        """Delete, or begin to: finalizers and running pods keep an object until their owner lets go."""
        old = self.get(kind, namespace, name)
        _check(kind, old, only or Preconditions())
        if kind is POD:
            grace = _grace(old, grace)
            if grace:
                return self._mark_deleted(kind, old, grace)
        if old["metadata"].get("finalizers"):
            return self._mark_deleted(kind, old, 0)
        return self.remove(kind, namespace, name)

    def remove(self, kind: Kind, namespace: str, name: str) -> Object:
        """Take the object out at once."""
        old = self.get(kind, namespace, name)
        key = (namespace if kind.namespaced else "", name)
        gone = old | {"metadata": dict(old["metadata"])}
        del self._objects[kind][key]
        del self._order[kind][bisect_left(self._order[kind], key)]
        return self._record("DELETED", kind, key, gone, old)

    def disown(self, uid: str, namespace: str) -> None:
        """Make the dependants of an owner independent of it."""
        for kind in KINDS:
            for item in self.all(kind, namespace):
                kept = [owner for owner in item["metadata"].get("ownerReferences", []) if owner["uid"] != uid]
                if len(kept) < len(item["metadata"].get("ownerReferences", [])):
                    new = copy.deepcopy(item)
                    new["metadata"]["ownerReferences"] = copy.deepcopy(kept)
                    self._save(kind, item, new)

    def suffix(self, length: int = 5) -> str:
        """A random ending for a generated name."""
        return "".join(self.random.choices(_ALPHABET, k=length))

    def _mark_deleted(self, kind: Kind, old: Object, grace: int) -> Object:
        def mark(new: Object) -> None:
            metadata = new["metadata"]
            before = metadata.get("deletionGracePeriodSeconds", grace + 1)
            if grace < before:
                due = datetime.fromisoformat(metadata.get("deletionTimestamp", now(before)))
                metadata["deletionTimestamp"] = stamp(due - timedelta(seconds=before - grace))
                metadata["deletionGracePeriodSeconds"] = grace

        return self.edit(kind, old["metadata"].get("namespace", ""), old["metadata"]["name"], mark)

    def _save(self, kind: Kind, old: Object, new: Object) -> Object:
        metadata, before = new.setdefault("metadata", {}), old["metadata"]
        new["apiVersion"], new["kind"] = kind.api_version, kind.name
        metadata |= {key: before[key] for key in _FIXED if key in before}
        if "deletionTimestamp" in before:
            metadata.setdefault("deletionTimestamp", before["deletionTimestamp"])
        metadata["resourceVersion"] = before["resourceVersion"]
        if new == old:
            return old
        if "generation" in before and new.get("spec") != old.get("spec"):
            metadata["generation"] = before["generation"] + 1
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        stored = self._record("MODIFIED", kind, (namespace if kind.namespaced else "", name), new, old)
        waits = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
        if "deletionTimestamp" in metadata and not waits:
            return self.remove(kind, namespace, name)
        return stored

    def _record(self, verb: Verb, kind: Kind, key: Key, new: Object, before: Object | None) -> Object:
        for uid in _controllers(before or {}):
            self._owned[kind, uid].discard(key)
        if verb != "DELETED":
            self._objects[kind][key] = new
            for uid in _controllers(new):
                self._owned.setdefault((kind, uid), set()).add(key)
        self.history.record(verb, kind, new, before)
        return new


def _key(kind: Kind, item: Object) -> Key:
    return (item["metadata"].get("namespace", "") if kind.namespaced else "", item["metadata"]["name"])


def _controllers(item: Object) -> list[str]:
    owners = item.get("metadata", {}).get("ownerReferences") or ()
    return [owner["uid"] for owner in owners if owner.get("controller")]


def _grace(pod: Object, asked: int | None) -> int:
    """How long a pod may take to stop; none where nothing of it can be running."""
    if not pod["spec"].get("nodeName") or pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
        return 0
    return int(pod["spec"].get("terminationGracePeriodSeconds", DEFAULT_GRACE) if asked is None else asked)


def _uid_differs(asked: str, found: str) -> str:
    return f"Precondition failed: UID in precondition: {asked}, UID in object meta: {found}"


def _check(kind: Kind, old: Object, only: Preconditions) -> None:
    metadata = old["metadata"]
    if only.uid and only.uid != metadata["uid"]:
        raise conflict(kind, metadata["name"], _uid_differs(only.uid, metadata["uid"]))
    if only.version and only.version != metadata["resourceVersion"]:
        why = (
            f"Precondition failed: ResourceVersion in precondition: {only.version}, "
            f"ResourceVersion in object meta: {metadata['resourceVersion']}"
        )
        raise conflict(kind, metadata["name"], why)
