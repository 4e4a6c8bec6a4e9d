"""Which Leases move: the proof of life that needs no clock in common with the cluster.

What is compared are two sights of one Lease, each at a time of our own clock. So a Lease is seen moving only while
somebody looks, or a watch tells: after a pause it must be seen moving anew, since it may have moved before an outage.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bootheal.model import Lease


@dataclass(frozen=True, slots=True)
class _Sight:
    renewed: float
    at: float
    moved: float | None


class Heartbeats:
    """Any thread may tell of a Lease. `clock` is monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, _Sight] = {}
        self._lock = threading.Lock()

    def seen(self, node: str, lease: Lease) -> Lease:
        """Take note of a Lease as it is now, and return it with what is known: did it move within its duration?"""
        with self._lock:
            now, known = self._clock(), self._seen.get(node)
            watched = known is not None and now - known.at <= lease.duration
            moved = known.moved if known and watched else None
            if known and watched and lease.renewed > known.renewed:
                moved = now
            self._seen[node] = _Sight(lease.renewed, now, moved)
        return replace(lease, advanced=moved is not None and now - moved <= lease.duration)
