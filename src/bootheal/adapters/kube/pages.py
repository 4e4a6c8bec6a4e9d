"""Lists of one kind: where they are asked for, page by page, and how each object becomes a snapshot of ours."""

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from bootheal.adapters.kube.api import Api, Query
from bootheal.adapters.kube.cache import Entry
from bootheal.adapters.kube.errors import ExpiredError, LongError, understood
from bootheal.adapters.kube.objects import Raw
from bootheal.adapters.kube.typed import checked
from bootheal.errors import UnreachableError

# So many at once; few where each of them is very large.
PAGE, FEW = 500, 20

# No single-node cluster holds as much; who goes on for longer has no end.
MOST_PAGES, MOST_OBJECTS, LONGEST_SECONDS = 500, 100_000, 60.0

# A list that is changed faster than it can be read is not read page by page for ever.
RESTARTS = 3


@dataclass(frozen=True, slots=True)
class Resource:
    """Where a kind lives in the API, how it becomes a snapshot, and how those are kept: see `cache.Cache`."""

    kind: str
    group: str
    plural: str
    parse: Callable[[Raw], Any]
    keys: Callable[[Any], Iterable[Hashable]] = lambda _: ()
    complete: bool = False

    def having(self, snapshots: Iterable[Any], keys: Iterable[Hashable]) -> list[Any]:
        """Return those of them that have all of these keys."""
        wanted = {*keys}
        return [each for each in snapshots if wanted <= {*self.keys(each)}]

    def path(self, namespace: str, name: str = "") -> str:
        """Return the path of a namespace's list, or of one object."""
        inside = f"/namespaces/{namespace}" if namespace else ""
        return f"{self.group}{inside}/{self.plural}" + (f"/{name}" if name else "")

    def about(self, namespace: str) -> str:
        """Name the list for a message."""
        return f"{self.plural} of namespace {namespace}" if namespace else self.plural

    def entry(self, raw: Raw) -> Entry:
        """Make a snapshot of one object. One of MISFITS where it is none."""
        metadata = raw["metadata"]
        uid, version = metadata.get("uid") or "", metadata.get("resourceVersion") or ""
        if not (isinstance(uid, str) and isinstance(version, str) and isinstance(metadata["name"], str)):
            raise TypeError("metadata")
        return Entry(uid, version, checked(self.parse(raw)))


Entries = dict[str, dict[str, Entry]]
"""Objects by namespace and name."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What is listed and watched: the namespaces that are `wanted`, by one request for all of the cluster, or just one.

    "" is where the objects are that have no namespace. Of all of the cluster, what is not wanted is not kept.
    """

    resource: Resource
    wanted: tuple[str, ...]

    @property
    def namespace(self) -> str:
        """What is asked for, "" for all of the cluster."""
        return self.wanted[0] if len(self.wanted) == 1 else ""

    @property
    def path(self) -> str:
        """Where it is asked for."""
        return self.resource.path(self.namespace)

    @property
    def about(self) -> str:
        """Name it for a message."""
        return self.resource.about(self.namespace)

    def place(self, raw: Raw) -> str | None:
        """Return the namespace of an object, None where that is not wanted. ValueError where it was not asked for."""
        namespace = raw["metadata"].get("namespace") or ""
        if self.namespace and namespace != self.namespace:
            raise ValueError("of another namespace")
        if self.wanted == ("",):
            return ""
        return namespace if namespace in self.wanted else None


def fetch(api: Api, extent: Extent) -> tuple[Entries, str]:
    """LIST, page by page, all of one moment. Return the objects, and the resourceVersion to watch from.

    The server forgets that moment after some minutes; a list that is not done by then is begun anew. Who says so of
    a first page is not asked again at once.
    """
    limit = PAGE
    for _ in range(RESTARTS):
        try:
            return _pages(api, extent, limit)
        except LongError:
            limit = FEW
        except ExpiredError:
            continue
    return _pages(api, extent, limit)


def _pages(api: Api, extent: Extent, limit: int) -> tuple[Entries, str]:
    items: Entries = {namespace: {} for namespace in extent.wanted}
    metadata: Raw = {}
    until = time.monotonic() + LONGEST_SECONDS
    for _ in range(MOST_PAGES):
        token, paged = metadata.get("continue"), [("limit", str(limit))]
        try:
            metadata = page(api, extent, [*paged, ("continue", token)] if token else paged, items)
        except ExpiredError as error:
            if token:
                raise
            raise UnreachableError(str(error)) from None
        if not metadata.get("continue"):
            return items, metadata.get("resourceVersion", "")
        if sum(map(len, items.values())) > MOST_OBJECTS or time.monotonic() > until:
            break
    raise UnreachableError(f"cannot use {extent.about}: its pages have no end")


def page(api: Api, extent: Extent, query: Query, items: Entries) -> Raw:
    """Add the objects of one page to `items`; return the list's metadata, and keep nothing else of it."""
    raw = api.get(extent.path, query, about=extent.about)
    with understood(f"the {extent.about}"):
        for item in raw["items"] or ():
            if (namespace := extent.place(item)) is not None:
                items[namespace][item["metadata"]["name"]] = extent.resource.entry(item)
        metadata: Raw = raw.get("metadata") or {}
        if not all(isinstance(metadata.get(key, ""), str) for key in ("continue", "resourceVersion")):
            raise TypeError("metadata")
    return metadata
