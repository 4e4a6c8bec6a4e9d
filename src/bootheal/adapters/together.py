"""Questions that do not wait for each other: asked at once, within a bound of threads and of time."""

import queue
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bootheal.adapters.clock import ThreadWorkers
from bootheal.adapters.scope import Scope
from bootheal.errors import BoothealError, UnreachableError

Key = TypeVar("Key")

AT_ONCE = 8


def together(
    scope: Scope, questions: Mapping[Key, Callable[[], Any]], seconds: float, at_once: int = AT_ONCE
) -> dict[Key, Any]:
    """Return each question's answer, or the BoothealError that it ended with, by its key.

    What has no answer after so many `seconds` is an UnreachableError. Whatever else goes wrong is raised.
    """
    answers: queue.SimpleQueue[tuple[Key, Any]] = queue.SimpleQueue()

    def ask(key: Key, question: Callable[[], Any]) -> None:
        try:
            answers.put((key, question()))
        except Exception as error:  # noqa: BLE001 - raised below, on the caller's thread
            answers.put((key, error))

    with ThreadWorkers(scope, at_once) as workers:
        for key, question in questions.items():
            workers.start(lambda key=key, question=question: ask(key, question))  # type: ignore[misc]
        found = _awaited(answers, len(questions), time.monotonic() + seconds)
    late = UnreachableError(f"no answer after {seconds:g} s")
    return {key: found.get(key, late) for key in questions}


def _awaited(answers: "queue.SimpleQueue[tuple[Key, Any]]", count: int, until: float) -> dict[Key, Any]:
    found = dict[Key, Any]()
    while len(found) < count:
        try:
            key, answer = answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(answer, Exception) and not isinstance(answer, BoothealError):
            raise answer
        found[key] = answer
    return found
