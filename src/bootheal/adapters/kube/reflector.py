"""A list of one kind, in one namespace or in several, that a watch keeps up to date.

LIST, then watch from there; after 410 or a break, LIST again. Until the watch has been
answered, and while it is broken, every read is a LIST of its own, so that nothing stale
is taken for live. The responses of our own writes enter at once; what is newer is for
`cache` to say.
"""

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import closing
from typing import Any

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cache import Cache, precedes, snapshots
from bootheal.adapters.kube.errors import ExpiredError, understood
from bootheal.adapters.kube.objects import Raw
from bootheal.adapters.kube.pages import Entries, Extent, fetch, page
from bootheal.adapters.scope import Scope
from bootheal.backoff import reconnecting, stay_away
from bootheal.errors import BoothealError, DeniedError, TransientError, UnreachableError

# The server ends a watch after this long, and it is begun again where it ended; so a connection that has
# been silent for longer is dead, whatever TCP believes: a peer that vanished never says goodbye. Each watch that
# has ended in peace is followed by a longer one: beginning them is most of what a resting daemon costs.
WATCH_SECONDS = 15
LONGEST_WATCH_SECONDS = 60
LATE_SECONDS = 5.0

# What ends sooner than by so much, and has told nothing, is no watch: a page of a proxy's, an answer that was kept.
EARLY_SECONDS = 1.0

# A watch's list is awaited for as long as a request may take; whoever looks then asks for itself.
LIST_SECONDS = 15.0

# The API server is on this machine or near; reads work meanwhile, but nothing wakes a step. One list in this time.
RECONNECT_SECONDS = 1.0


class Reflector:
    """One kept list. `changed` is told on the watch's thread the namespace and name of what changed, "" for any name.

    A list, and a watch, are begun again `reconnect` seconds after they began, no sooner.
    The thread is one of `scope`; ExhaustedError where it cannot be had.
    """

    def __init__(
        self,
        api: Api,
        extent: Extent,
        changed: Callable[[str, str], None],
        scope: Scope,
        reconnect: float = RECONNECT_SECONDS,
    ) -> None:
        self._api, self._extent, self._tell, self._reconnect = api, extent, changed, reconnect
        keys, complete = extent.resource.keys, extent.resource.complete
        self._caches = {namespace: Cache(keys, complete=complete) for namespace in extent.wanted}
        self._version = ""
        self._live = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._tried = threading.Event()
        self._failed: BoothealError | None = None  # why there is no list, if the last one failed
        self._pause_asked = (0.0, "")
        self._refusals = 0  # in a row, of the list or of the watch
        scope.start(self._run, f"watch {extent.about}")
        scope.on_close(self._close)

    @property
    def live(self) -> bool:
        """Whether the watch tells of changes just now."""
        with self._lock:
            return self._live

    def items(self, namespace: str) -> Mapping[str, Any]:
        """Return the snapshots of a namespace by name: kept ones while the watch is live, else fresh ones.

        The list with which a watch begins, or begins again, is awaited: looks come by the hundred after a break,
        and each would list for itself. Who has waited for one that failed hears why, and does not ask once more.
        """
        self._await()
        with self._lock:
            if self._live:
                return self._caches[namespace].snapshots()
        return snapshots(self._fetch(Extent(self._extent.resource, (namespace,)))[0][namespace])

    def having(self, namespace: str, keys: Collection[Hashable]) -> list[Any]:
        """Return the snapshots of a namespace that have all of these keys, likewise."""
        self._await()
        with self._lock:
            if self._live:
                return self._caches[namespace].having(keys)
        return self._extent.resource.having(self.items(namespace).values(), keys)

    def kept(self, namespace: str, name: str) -> Any:
        """Return the snapshot of that name that a live watch has told of, None where there is none; asks nobody."""
        with self._lock:
            return self._caches[namespace].snapshot(name) if self._live else None

    def enter(self, namespace: str, raw: Raw) -> None:
        """Take in the response of a write, if nothing newer is known."""
        with self._lock:
            self._caches[namespace].wrote(raw["metadata"]["name"], self._extent.resource.entry(raw))

    def drop(self, namespace: str, name: str, uid: str) -> None:
        """Forget an object that a write of ours has removed; a successor of that name stays."""
        with self._lock:
            self._caches[namespace].deleted(name, uid)

    def renew(self, namespace: str, name: str) -> None:
        """Ask for one object, by the right to list them, and keep what is said if nothing newer is known."""
        items: Entries = {namespace: {}}
        one = Extent(self._extent.resource, (namespace,))
        page(self._api, one, [("fieldSelector", f"metadata.name={name}")], items)
        with self._lock:
            if entry := items[namespace].get(name):
                self._caches[namespace].wrote(name, entry)
            else:
                self._caches[namespace].gone(name)

    def _await(self) -> None:
        """Wait for the list and the watch under way, if there is none yet."""
        if self._tried.is_set():
            return
        self._tried.wait(LIST_SECONDS)
        if failed := self._failed:
            raise failed

    def _changed(self) -> None:
        """Anything may have."""
        for namespace in self._extent.wanted:
            self._tell(namespace, "")

    def _close(self) -> None:
        self._stop.set()
        self._tried.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            for attempt in reconnecting(BoothealError, self._pause, longest=self._reconnect):
                with attempt:
                    if self._stop.is_set():
                        return
                    self._heed(self._list)
            again = time.monotonic() + self._reconnect
            try:
                self._heed(self._watch)
            except TransientError as error:
                again = max(again, time.monotonic() + (error.again or 0.0))
                self._ended(await_next=not error.again)  # else whoever looks is not to wait for so long
            except BoothealError:
                self._ended(await_next=True)
            if self._stop.is_set():
                return
            self._changed()
            self._pause(again - time.monotonic())

    def _ended(self, *, await_next: bool) -> None:
        """The watch is broken. The next list is awaited where there was a watch, not where there never is one."""
        with self._lock:
            if self._live and await_next:
                self._tried.clear()
            else:
                self._tried.set()
            self._live = False
        if self._stop.is_set():  # no other list comes
            self._tried.set()

    def _heed(self, ask: Callable[[], None]) -> None:
        """Ask; a refusal passes seldom, and each request of a wrong credential is a line in the server's log."""
        try:
            ask()
        except DeniedError as error:
            self._refusals += 1
            raise TransientError(str(error), again=stay_away(self._refusals)) from None

    def _watch(self) -> None:
        for seconds in durations():
            if self._stop.is_set():
                return
            began = time.monotonic()
            self._follow(seconds)
            self._refusals = 0
            if time.monotonic() - began < self._reconnect:
                self._pause(self._reconnect)  # a server that ends watches at once must not be stormed

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _list(self) -> None:
        with self._lock:
            for cache in self._caches.values():
                cache.list_asked()
        try:
            entries, version = self._fetch(self._extent)
            with self._lock:
                for namespace, cache in self._caches.items():
                    cache.listed(entries[namespace], version)
                self._version, self._failed = version, None
        except BoothealError as error:
            self._failed = error
            self._tried.set()
            raise

    def _answered(self) -> None:
        """A watch has begun: what happens from now on is told."""
        with self._lock:
            again, self._live = self._live, True
        self._tried.set()
        if not again:
            self._changed()

    def _fetch(self, extent: Extent) -> tuple[Entries, str]:
        """List, unless the server has asked for a pause: whoever looks meanwhile is told so without a request."""
        with self._lock:
            until, why = self._pause_asked
        if (left := until - time.monotonic()) > 0:
            raise UnreachableError(why, again=left)
        try:
            return fetch(self._api, extent)
        except TransientError as error:
            if error.again:
                with self._lock:
                    self._pause_asked = time.monotonic() + error.again, str(error)
            raise

    def _follow(self, seconds: int) -> None:
        query = [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", self._version),
            ("timeoutSeconds", str(seconds)),
        ]
        path, about, began, told = self._extent.path, self._extent.about, time.monotonic(), False
        asked = self._api.stream(path, query, quiet=seconds + LATE_SECONDS, about=about, answered=self._answered)
        with closing(asked) as events:
            for event in events:
                told = True
                with understood(f"a change of {about}"):
                    self._take(event["type"], event["object"])
                if self._stop.is_set():
                    return
        if not told and time.monotonic() - began < seconds - EARLY_SECONDS:
            with self._lock:
                self._live = False
            raise UnreachableError(f"cannot watch {about}: what answers ends at once, and tells nothing")

    def _take(self, kind: str, raw: Raw) -> None:
        if kind == "ERROR":
            if raw.get("code") == 410:  # noqa: PLR2004 - Gone
                raise ExpiredError(f"cannot go on watching {self._extent.about}")
            raise UnreachableError(f"cannot watch {self._extent.about}")
        if kind not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
            raise ValueError("no kind of change")
        if not isinstance(raw["metadata"]["resourceVersion"], str):
            raise TypeError("resourceVersion")
        self._go_on_from(raw["metadata"]["resourceVersion"], kind)
        if kind == "BOOKMARK":
            return
        if (namespace := self._extent.place(raw)) is None:
            return
        name, entry, cache = raw["metadata"]["name"], self._extent.resource.entry(raw), self._caches[namespace]
        with self._lock:
            news = cache.removed(name, entry) if kind == "DELETED" else cache.changed(name, entry)
        if news:
            self._tell(namespace, name)

    def _go_on_from(self, version: str, kind: str) -> None:
        """Note how far the watch has come. It tells of what comes after that; else the counter has been set back."""
        if not precedes(version, self._version):
            self._version = version
        elif kind != "DELETED":  # some servers tell of that with the version that the object had
            raise ExpiredError(f"cannot go on watching {self._extent.about}: its versions went back")


def durations() -> Iterator[int]:
    """Yield for how many seconds to watch, from a list on."""
    seconds = WATCH_SECONDS
    while True:
        yield seconds
        seconds = min(2 * seconds, LONGEST_WATCH_SECONDS)
