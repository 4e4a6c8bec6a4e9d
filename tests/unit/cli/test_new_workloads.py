"""Who watches for new workloads looks after changes, not all the time, and again where it could not."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bootheal.adapters.scope import Scope
from bootheal.cli.healing.new_workloads import NewWorkloads
from bootheal.errors import UnreachableError
from bootheal.model import Right
from bootheal.ports import Interest

ADDED = Interest("deployment", "media", "new")


@dataclass
class Watcher:
    """A ClusterWatcher that tells what the test says."""

    interests: frozenset[Interest] = frozenset()
    told: list[Callable[[Interest], None]] = field(default_factory=list)

    def rights(self, interests: frozenset[Interest]) -> frozenset[Right]:
        raise AssertionError(f"nobody asks for the rights of {interests}")

    def watch(self, interests: frozenset[Interest], changed: Callable[[Interest], None]) -> None:
        self.interests |= interests
        self.told.append(changed)


def test_it_looks_first_and_then_after_changes(scope: Scope) -> None:
    """Each change is handed on, too; what could not be looked at is looked at again."""
    watcher, looked, also = Watcher(), threading.Semaphore(0), list[Interest]()
    answers = [False, True, True]

    def look() -> bool:
        looked.release()
        return answers.pop(0)

    NewWorkloads(("media",), look, pause=0.0, settles=0.01).begin(watcher, scope, also.append)
    assert {each.kind for each in watcher.interests} == {"deployment", "statefulset", "daemonset"}
    assert looked.acquire(timeout=10)
    assert looked.acquire(timeout=10), "it could not look, and so looks again"
    assert not looked.acquire(timeout=0.1), "nothing has changed"
    watcher.told[0](ADDED)
    assert looked.acquire(timeout=10)
    assert also == [ADDED]


def test_what_fails_is_tried_again_after_the_pause(scope: Scope) -> None:
    """An API server that does not answer just now hides what has changed; it is not stormed for it."""
    watcher, looked = Watcher(), list[float]()
    again = threading.Event()

    def look() -> bool:
        looked.append(time.monotonic())
        if len(looked) == 1:
            raise UnreachableError("no answer")
        again.set()
        return True

    NewWorkloads(("media",), look, pause=0.2, settles=0.01).begin(watcher, scope, lambda _: None)
    assert again.wait(10)
    assert looked[1] - looked[0] >= 0.2


def test_it_pauses_between_looks(scope: Scope) -> None:
    """A status changes all the time; and whoever leaves the scope does not wait for the pause."""
    watcher, looked = Watcher(), threading.Semaphore(0)

    def look() -> bool:
        looked.release()
        watcher.told[0](ADDED)
        return True

    NewWorkloads(("media",), look, pause=3600.0, settles=0.01).begin(watcher, scope, lambda _: None)
    assert looked.acquire(timeout=10)
    assert not looked.acquire(timeout=0.1)
