"""Writes Events of Kubernetes on a thread of its own: no step waits for one, and none fails by it."""

import queue
from collections.abc import Callable
from contextlib import suppress

from bootheal.adapters.scope import Scope
from bootheal.errors import BoothealError
from bootheal.happenings import happening
from bootheal.model import Event, Happening
from bootheal.ports import World

# What comes faster than the API server takes it is left out, and said to be: the journal has all of it.
MOST_WAITING = 200


class Announcer:
    """Listens to passes while the scope lasts, where `wanted`; `complain` is told what keeps it from telling, once."""

    def __init__(self, world: World, scope: Scope, complain: Callable[[str], None], *, wanted: bool) -> None:
        self._world, self._complain, self._trouble = world, complain, ""
        self._waiting: queue.Queue[tuple[Happening, str] | None] | None = None
        if wanted:
            self._waiting = queue.Queue(MOST_WAITING)
            scope.on_close(self._close)
            scope.start(self._live, "events")

    def tell(self, event: Event) -> None:
        """Take note of an event; it takes no time."""
        if self._waiting and (told := happening(event)):
            try:
                self._waiting.put_nowait((told, event.epoch))
            except queue.Full:
                self._say("too much happens to tell all of it as Events of Kubernetes")

    def _close(self) -> None:
        if self._waiting:
            with suppress(queue.Full):  # then the connections that are cut end it
                self._waiting.put_nowait(None)

    def _live(self) -> None:
        while self._waiting and (what := self._waiting.get()):
            try:
                self._world.happenings.tell(*what)
            except BoothealError as error:
                if "closed its connections" in str(error):
                    return
                self._say(f"cannot write Events of Kubernetes: {error}" + (f"; {error.hint}" if error.hint else ""))

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._complain(trouble)
        self._trouble = trouble
