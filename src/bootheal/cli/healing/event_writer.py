"""Writes Events of Kubernetes on a thread of its own: no step waits for one, and none fails by it."""

import queue
import time
from collections.abc import Callable
from contextlib import suppress

from bootheal.adapters.scope import Scope
from bootheal.errors import BoothealError
from bootheal.kubernetes_events import kubernetes_event
from bootheal.model import Event, KubernetesEvent
from bootheal.ports import World

# What comes faster than the API server takes it is left out, and said to be: the journal has all of it.
MOST_WAITING = 200

# How long `run --once` waits at its end for what is not written yet.
PATIENCE_SECONDS, PAUSE_SECONDS = 2.0, 0.02


class EventWriter:
    """Listens to passes while the scope lasts, where `wanted`; `complain` is told what keeps it from telling, once."""

    def __init__(self, world: World, scope: Scope, complain: Callable[[str], None], *, wanted: bool) -> None:
        self._world, self._complain, self._trouble = world, complain, ""
        self._closed = False
        self._waiting: queue.Queue[tuple[KubernetesEvent, str] | None] | None = None
        if wanted:
            self._waiting = queue.Queue(MOST_WAITING)
            scope.on_close(self._close)
            scope.start(self._live, "events")

    def tell(self, event: Event) -> None:
        """Take note of an event; it takes no time."""
        if self._waiting and (told := kubernetes_event(event)):
            try:
                self._waiting.put_nowait((told, event.epoch))
            except queue.Full:
                self._say("too much happens to tell all of it as Events of Kubernetes")

    def wait(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until all is written, but not for long: what is not is in the journal."""
        deadline = time.monotonic() + seconds
        while self._waiting and self._waiting.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)

    def _close(self) -> None:
        self._closed = True
        if self._waiting:
            with suppress(queue.Full):  # then the connections that are cut end it
                self._waiting.put_nowait(None)

    def _live(self) -> None:
        while self._waiting and (what := self._waiting.get()):
            try:
                self._world.kubernetes_events.tell(*what)
            except BoothealError as error:
                if self._closed:
                    return
                self._say(f"cannot write Events of Kubernetes: {error.with_hint('; ')}")
            finally:
                self._waiting.task_done()

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._complain(trouble)
        self._trouble = trouble
