"""A list kept by a watch: what is read while it lives, while it is broken, and after it has expired."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from queue import Queue
from typing import Any

import pytest

from bootheal.adapters.kube.reflector import Reflector, Resource, durations
from bootheal.errors import BoothealError, DeniedError, UnreachableError


@dataclass(frozen=True)
class Snapshot:
    version: str


PODS = Resource("pod", "/api/v1", "pods", lambda raw: Snapshot(raw["metadata"]["resourceVersion"]))


def pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": str(version)}}


class ScriptedApi:
    """An API server of one list; tests say what its watch brings, or with what it ends."""

    def __init__(self) -> None:
        self.objects: dict[str, int] = {"a": 1}
        self.lists = self.watches = 0
        self.coming: Queue[dict[str, Any] | BoothealError] = Queue()
        self.refuses: BoothealError | None = None
        self.refuses_lists: BoothealError | None = None

    def get(self, path: str, query: Sequence[tuple[str, str]], *, about: str) -> dict[str, Any]:
        self.lists += 1
        if self.refuses_lists:
            raise self.refuses_lists
        items = [pod(name, version) for name, version in self.objects.items()]
        return {"items": items, "metadata": {"resourceVersion": str(max(self.objects.values()))}}

    def stream(self, path: str, query: Sequence[tuple[str, str]], **_: Any) -> Iterator[dict[str, Any]]:
        self.watches += 1
        while True:
            if self.refuses:
                raise self.refuses
            item = self.coming.get()
            if isinstance(item, BoothealError):
                raise item
            yield item

    def changes(self, name: str, version: int) -> None:
        self.objects[name] = version
        self.coming.put({"type": "MODIFIED", "object": pod(name, version)})


class Ears:
    """What the watch has told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._condition = threading.Condition()

    def __call__(self, name: str) -> None:
        with self._condition:
            self.heard.append(name)
            self._condition.notify_all()

    def wait_for(self, holds: Callable[[], bool]) -> None:
        with self._condition:
            assert self._condition.wait_for(holds, timeout=5), self.heard


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    scripted = ScriptedApi()
    yield scripted
    scripted.coming.put(UnreachableError("the test is over"))


def keep(api: ScriptedApi) -> tuple[Reflector, Ears]:
    ears = Ears()
    reflector = Reflector(api, PODS, "shop", ears)  # type: ignore[arg-type]
    ears.wait_for(lambda: ears.heard == [""])
    return reflector, ears


def test_reading_costs_no_request_while_the_watch_lives(api: ScriptedApi) -> None:
    """One list, one watch; what the watch brings is told by name and is there at once."""
    reflector, ears = keep(api)
    api.changes("a", 5)
    ears.wait_for(lambda: "a" in ears.heard)
    assert [reflector.items() for _ in range(10)] == [{"a": Snapshot("5")}] * 10
    assert (api.lists, api.watches) == (1, 1)
    reflector.stop()


def test_a_watch_is_trusted_for_longer_each_time() -> None:
    """From a quarter of a minute, while much happens, to a whole one, when nothing does."""
    assert list(islice(durations(), 5)) == [15, 30, 60, 60, 60]


def test_a_watch_that_expired_is_listed_anew(api: ScriptedApi) -> None:
    """410: what happened meanwhile is not lost, and everybody is told to look."""
    reflector, ears = keep(api)
    api.objects = {"b": 9}
    api.coming.put({"type": "ERROR", "object": {"code": 410, "reason": "Expired"}})
    ears.wait_for(lambda: ears.heard.count("") == 3)  # the first list, the break, the new list
    assert reflector.items() == {"b": Snapshot("9")}
    reflector.stop()


def test_hundreds_who_look_after_a_break_cost_one_list(api: ScriptedApi) -> None:
    """The break wakes all who are interested; they wait for the list with which the watch begins again."""
    reflector, ears = keep(api)
    api.objects = {"b": 9}
    api.coming.put(UnreachableError("it broke"))
    ears.wait_for(lambda: ears.heard.count("") == 2)  # the first list, the break
    assert [reflector.items() for _ in range(200)] == [{"b": Snapshot("9")}] * 200
    assert api.lists == 2
    reflector.stop()


def test_nothing_stale_is_read_while_the_watch_is_broken(api: ScriptedApi) -> None:
    """Each read is then a list of its own; once a watch lives again, none is."""
    reflector, ears = keep(api)
    api.refuses = UnreachableError("no watch today")
    api.coming.put(api.refuses)
    ears.wait_for(lambda: ears.heard.count("") == 2)
    api.objects = {"a": 2}
    assert reflector.items() == {"a": Snapshot("2")}
    api.objects = {"a": 3}
    api.refuses = None
    watches = api.watches
    api.changes("b", 4)
    ears.wait_for(lambda: "b" in ears.heard)  # a watch lives again
    assert api.watches >= watches
    lists = api.lists
    assert reflector.items() == {"a": Snapshot("3"), "b": Snapshot("4")}
    assert api.lists == lists
    reflector.stop()


def test_the_response_of_a_write_enters_at_once_unless_something_newer_is_known(api: ScriptedApi) -> None:
    """So nothing is restarted twice because the watch is a moment late."""
    reflector, _ = keep(api)
    reflector.enter(pod("a", 8))
    assert reflector.items() == {"a": Snapshot("8")}
    reflector.enter(pod("a", 6))
    assert reflector.items() == {"a": Snapshot("8")}
    reflector.stop()


def test_a_refusal_is_not_asked_for_again_and_again() -> None:
    """Not by the list, not by the watch: after one second, then after two, ... Whoever looks is not kept waiting."""
    refused = DeniedError("cannot list pods: the API server says 401", status=401)
    nothing, no_watch = ScriptedApi(), ScriptedApi()
    nothing.refuses = nothing.refuses_lists = no_watch.refuses = refused
    reflector = [Reflector(api, PODS, "shop", Ears()) for api in (nothing, no_watch)]  # type: ignore[arg-type]
    time.sleep(2.5)
    assert (nothing.lists, no_watch.lists) == (2, 2)
    began = time.monotonic()
    with pytest.raises(DeniedError):
        reflector[0].items()
    assert reflector[1].items() == {"a": Snapshot("1")}
    assert time.monotonic() - began < 0.5
    for each in reflector:
        each.stop()
