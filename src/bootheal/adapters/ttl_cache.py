"""A cache for a few seconds: what several steps ask at once is asked once (single flight), and believed for a while."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

# Answers that are kept before those that are out of date are dropped.
MANY = 256


class TtlCache(Generic[Answer]):
    """Answers by what was asked, each believed for as many seconds as `believed` says of it.

    That there was none is told to all who ask within `failed` seconds.
    """

    def __init__(self, believed: Callable[[Answer], float], *, failed: float = 0.0) -> None:
        self._believed, self._failed = believed, failed
        self._known: dict[Hashable, tuple[float, Future[Answer]]] = {}  # and until when
        self._asked: dict[Hashable, Future[Answer]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, ask: Callable[[], Answer]) -> Answer:
        """Return the answer of `ask`, that of a moment ago, or that of whoever asks already.

        What `ask` raises is raised for all who wait for it.
        """
        with self._lock:
            known, asked = self._known.get(key), self._asked.get(key)
            if known and time.monotonic() < known[0]:
                asked = known[1]
            if asked is None:
                mine = self._asked[key] = Future[Answer]()
        return asked.result() if asked else self._ask(key, ask, mine)

    def _ask(self, key: Hashable, ask: Callable[[], Answer], told: Future[Answer]) -> Answer:
        try:
            answer = ask()
        except BaseException as error:
            told.set_exception(error)
            again = Future[Answer]()
            again.set_exception(_without_frames(error))
            self._remember(key, again, self._failed)
            raise
        else:
            told.set_result(answer)
            self._remember(key, told, self._believed(answer))
            return answer
        finally:
            with self._lock:
                del self._asked[key]

    def _remember(self, key: Hashable, told: Future[Answer], seconds: float) -> None:
        if seconds <= 0:
            return
        with self._lock:
            now = time.monotonic()
            self._known[key] = now + seconds, told
            if len(self._known) > MANY:
                self._known = {each: kept for each, kept in self._known.items() if now < kept[0]}


def _without_frames(error: BaseException) -> BaseException:
    """Return the same error, but for the frames that it came through and all that was read in them."""
    kind = type(error)
    bare = kind.__new__(kind, *error.args)
    bare.__dict__.update(vars(error))
    return bare
