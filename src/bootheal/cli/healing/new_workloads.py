"""Watches for workloads that are added to the cluster, where the configuration has a `discover`."""

import threading
import time
from collections.abc import Callable

from bootheal.adapters.scope import Scope
from bootheal.errors import BoothealError
from bootheal.model import WORKLOADS
from bootheal.ports import ClusterWatcher, Interest

# What is applied together shall be found together.
SETTLES_IN_SECONDS = 2.0


class NewWorkloads:
    """Calls `look` on a thread of its own: once at first, and whenever workloads of these namespaces have changed.

    It waits `settles` seconds for what else changes, and is called no sooner than `pause` seconds after the last time:
    a workload's status changes, too. `look` returns whether it was time to look; if not, it is called again, and after
    a BoothealError, too, though no sooner than after the pause.
    """

    def __init__(
        self,
        namespaces: tuple[str, ...],
        look: Callable[[], bool],
        pause: float,
        settles: float = SETTLES_IN_SECONDS,
    ) -> None:
        self._namespaces, self._look, self._pause, self._settles = namespaces, look, pause, settles
        self._changed, self._ended = threading.Event(), threading.Event()

    def begin(self, watcher: ClusterWatcher, scope: Scope, also: Callable[[Interest], None]) -> None:
        """Watch from now on, until the scope is left. To be called before others watch: `also` hears all, for them.

        ExhaustedError where there is no thread for it.
        """

        def heard(what: Interest) -> None:
            self._changed.set()
            also(what)

        watcher.watch(frozenset(Interest(kind, each) for kind in WORKLOADS for each in self._namespaces), heard)
        scope.on_close(self._end)
        self._changed.set()
        scope.start(self._run, "watch for new workloads")

    def _end(self) -> None:
        self._ended.set()
        self._changed.set()

    def _run(self) -> None:
        due = 0.0
        while self._changed.wait() and not self._ended.wait(max(self._settles, due - time.monotonic())):
            self._changed.clear()
            try:
                if not self._look():
                    self._changed.set()
                    continue
            except BoothealError:  # what has changed is not seen yet
                self._changed.set()
            due = time.monotonic() + self._pause
