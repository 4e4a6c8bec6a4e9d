"""What has changed, and who is told of it."""

from __future__ import annotations

from asyncio import Event
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from bootheal.demo.objects.answers import expired
from bootheal.demo.objects.kinds import Kind, Object

Verb = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the history; `before` is what watchers with a selector need."""

    version: int
    verb: Verb
    kind: Kind
    object: Object
    before: Object | None


@dataclass(eq=False, slots=True)
class Subscription:
    """The changes that its owner has not read yet."""

    pending: deque[Change] = field(default_factory=deque)
    arrived: Event = field(default_factory=Event)
    closed: bool = False

    def push(self, change: Change) -> None:
        """Add a change and wake the owner."""
        self.pending.append(change)
        self.arrived.set()

    def close(self) -> None:
        """No change will come any more."""
        self.closed = True
        self.arrived.set()

    async def take(self) -> list[Change]:
        """Wait for changes; empty when the subscription was closed."""
        while not self.pending and not self.closed:
            self.arrived.clear()
            await self.arrived.wait()
        return self.arrived_by_now()

    def arrived_by_now(self) -> list[Change]:
        """The changes that need not be waited for."""
        taken = list(self.pending)
        self.pending.clear()
        return taken


class History:
    """The latest `window` changes, and one counter of versions for all kinds.

    `lag` is by how many seconds watchers of the API hear of each change late.
    """

    def __init__(self, window: int) -> None:
        self.version = 1
        self._changes: deque[Change] = deque()
        self._window = window
        self._oldest = 1
        self.lag = 0.0
        self._subscriptions: set[Subscription] = set()

    def record(self, verb: Verb, kind: Kind, new: Object, before: Object | None) -> None:
        """Give the object the next version, keep the change, and tell all who have subscribed."""
        self.version += 1
        new["metadata"]["resourceVersion"] = str(self.version)
        change = Change(self.version, verb, kind, new, before)
        self._changes.append(change)
        while len(self._changes) > self._window:
            self._oldest = self._changes.popleft().version
        for subscription in self._subscriptions:
            subscription.push(change)

    def after(self, version: int) -> list[Change]:
        """What changed after a version; a 410 where that is no longer known."""
        if version < self._oldest:
            raise expired(version, self._oldest)
        return [change for change in self._changes if change.version > version]

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Every change from now on."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def forget(self) -> None:
        """Watchers that come with an old version get 410, as after a restart of the API server."""
        self._changes.clear()
        self._oldest = self.version
