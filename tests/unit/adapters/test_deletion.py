"""Many deletes in one call: bounded in time, and one that fails keeps no other from being done."""

import threading
import time
from collections.abc import Callable

import pytest

from bootheal.adapters.kube import deletion
from bootheal.adapters.kube.deletion import delete_all
from bootheal.adapters.scope import Scope
from bootheal.errors import ConflictError, DeniedError, MissingError, UnreachableError
from bootheal.model import DELETES_AT_ONCE, PodToDelete, Ref

PODS = [PodToDelete(Ref("pod", "shop", f"dead-{number:03}"), f"uid-{number}", "7") for number in range(200)]


class Server:
    """Deletes pods; `fails` says what it says of one instead. It remembers what it was asked, and how many at once."""

    def __init__(self, seconds: float = 0.0, fails: Callable[[str], Exception | None] = lambda _name: None) -> None:
        self._seconds, self._fails = seconds, fails
        self._lock = threading.Lock()
        self._now = 0
        self.asked: list[str] = []
        self.most_at_once = 0

    def delete(self, doomed: PodToDelete) -> None:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.asked.append(doomed.ref.name)
        time.sleep(self._seconds)
        with self._lock:
            self._now -= 1
        if error := self._fails(doomed.ref.name):
            raise error


def test_all_are_deleted_some_at_a_time(scope: Scope) -> None:
    """Each once."""
    server = Server(0.002)
    delete_all(PODS, server.delete, scope)
    assert sorted(server.asked) == [pod.ref.name for pod in PODS]
    assert server.most_at_once == DELETES_AT_ONCE


def test_one_that_fails_does_not_keep_the_others_from_being_deleted(scope: Scope) -> None:
    """What failed first is told when all the others are gone; one that has changed is left to the next look."""

    def fails(name: str) -> Exception | None:
        return {
            "dead-003": ConflictError("it changed"),
            "dead-005": UnreachableError("cannot use pod/shop/dead-005: the API server says 500"),
            "dead-100": MissingError("cannot find it"),
        }.get(name)

    server = Server(fails=fails)
    with pytest.raises(UnreachableError, match="dead-005"):
        delete_all(PODS, server.delete, scope)
    assert len(server.asked) == len(PODS)


@pytest.mark.parametrize(
    "error",
    [DeniedError("cannot delete pods", status=403), UnreachableError("the API server says 429", again=5.0)],
)
def test_what_is_said_of_who_asks_ends_it(error: Exception, scope: Scope) -> None:
    """Each further request would be one more that the server does not want."""
    server = Server(0.01, lambda _name: error)
    with pytest.raises(type(error)):
        delete_all(PODS, server.delete, scope)
    assert len(server.asked) <= 2 * DELETES_AT_ONCE


def test_a_bug_in_a_helper_is_heard_of(scope: Scope) -> None:
    """It does not die with the thread that met it."""
    with pytest.raises(ZeroDivisionError):
        delete_all(PODS, Server(fails=lambda _name: ZeroDivisionError()).delete, scope)


def test_one_call_ends_in_time_whatever_the_number(scope: Scope) -> None:
    """The first of them are gone by then; the rest is left to the next look."""
    server = Server(0.13)
    began = time.monotonic()
    delete_all(PODS, server.delete, scope, seconds=1.0)
    assert time.monotonic() - began < 1.0 + 0.13 + 3
    assert DELETES_AT_ONCE <= len(server.asked) < len(PODS)
    assert sorted(server.asked) == [pod.ref.name for pod in PODS][: len(server.asked)]
    assert deletion.BEGIN_SECONDS < 20, "systemd wants a sign of life"


def test_a_batch_of_which_nothing_is_as_it_was_seen_has_failed(scope: Scope) -> None:
    """Else it would be sent again and again, and each time be told as a success."""
    with pytest.raises(ConflictError):
        delete_all(PODS[:3], Server(fails=lambda _name: ConflictError("it changed")).delete, scope)
