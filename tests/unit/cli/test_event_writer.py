"""Events of Kubernetes are written beside the healing: nothing waits for them, and nothing fails by them."""

import threading
import time

import pytest

from bootheal.adapters.scope import Scope
from bootheal.cli.healing.event_writer import MOST_WAITING, EventWriter
from bootheal.errors import DeniedError
from bootheal.model import Event, EventKind, KubernetesEvent
from bootheal.ports import World

DENIED = "cannot create an Event: the API server says 403"


class Writer:
    """Takes what it is told, as fast as `free` lets it; refuses it where it is to."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses, self.free = refuses, threading.Event()
        self.written: list[KubernetesEvent] = []

    def tell(self, event: KubernetesEvent, epoch: str) -> None:
        self.free.wait(10)
        if self.refuses:
            raise DeniedError(DENIED, status=403, hint="see events")
        self.written.append(event)


def acted(number: int) -> Event:
    kind, step, where = EventKind.ACTED, "cleanup", f"pod/shop/web-{number}"
    return Event(kind, at=1.0, elapsed=1.0, step=step, text="deleted it", object=where, action="delete-pod")


def test_a_slow_api_server_holds_up_nothing(scope: Scope) -> None:
    """Telling takes no time; what comes faster than it is taken is left out, and said to be."""
    writer, said = Writer(), list[str]()
    event_writer = EventWriter(World(kubernetes_events=writer), scope, said.append, wanted=True)
    before = time.monotonic()
    for number in range(MOST_WAITING + 50):
        event_writer.tell(acted(number))
    assert time.monotonic() - before < 10.0
    assert said == ["too much happens to tell all of it as Events of Kubernetes"]
    writer.free.set()
    event_writer.wait(10.0)
    assert len(writer.written) >= MOST_WAITING


def test_a_right_that_is_missing_is_told_once(scope: Scope) -> None:
    """With what to do; the run goes on."""
    writer, said = Writer(refuses=True), list[str]()
    writer.free.set()
    event_writer = EventWriter(World(kubernetes_events=writer), scope, said.append, wanted=True)
    for number in range(3):
        event_writer.tell(acted(number))
    event_writer.wait(10.0)
    assert said == [f"cannot write Events of Kubernetes: {DENIED}; see events"]


def test_none_is_written_unless_that_is_wanted(scope: Scope) -> None:
    """They are off by default."""
    event_writer = EventWriter(World(), scope, pytest.fail, wanted=False)
    event_writer.tell(acted(1))
    event_writer.wait()
