"""A list kept by a watch: what is read while it lives, while it is broken, and after it has expired."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from queue import Queue
from typing import Any

import pytest

from bootheal.adapters.kube.pages import Extent, Resource
from bootheal.adapters.kube.reflector import Reflector, durations
from bootheal.adapters.scope import Scope
from bootheal.errors import BoothealError, DeniedError, UnreachableError


@dataclass(frozen=True)
class Snapshot:
    version: str


PODS = Resource("pod", "/api/v1", "pods", lambda raw: Snapshot(raw["metadata"]["resourceVersion"]))
SHOP = Extent(PODS, ("shop",))


def pod(name: str, version: int | str, uid: str = "1") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "uid": uid, "resourceVersion": str(version)}}


@dataclass
class Listed:
    """What a list answers; `meanwhile` happens while it is under way."""

    objects: Sequence[dict[str, Any]]
    version: int | str
    meanwhile: Callable[[], None] = field(default=lambda: None)


class ScriptedApi:
    """An API server of one list; tests say what its watch brings, or with what it ends."""

    def __init__(self) -> None:
        self.objects: dict[str, int] = {"a": 1}
        self.lists = self.watches = 0
        self.coming: Queue[dict[str, Any] | BoothealError | None] = Queue()
        self.opens = threading.Event()
        self.opens.set()
        self.listed: Queue[Listed] = Queue()
        self.refuses: BoothealError | None = None
        self.refuses_lists: BoothealError | None = None

    def get(self, path: str, query: Sequence[tuple[str, str]], *, about: str) -> dict[str, Any]:
        self.lists += 1
        if self.refuses_lists:
            raise self.refuses_lists
        if not self.listed.empty():
            told = self.listed.get()
            told.meanwhile()
            return {"items": list(told.objects), "metadata": {"resourceVersion": str(told.version)}}
        items = [pod(name, version) for name, version in self.objects.items()]
        return {"items": items, "metadata": {"resourceVersion": str(max(self.objects.values()))}}

    def stream(
        self, path: str, query: Sequence[tuple[str, str]], *, answered: Callable[[], None], **_: Any
    ) -> Iterator[dict[str, Any]]:
        self.watches += 1
        if not self.refuses:
            self.opens.wait(30.0)
            answered()
        while True:
            if self.refuses:
                raise self.refuses
            item = self.coming.get()
            try:
                if item is None:
                    return
                if isinstance(item, BoothealError):
                    raise item
                yield item
            finally:
                self.coming.task_done()  # whoever watches has taken it in

    def changes(self, name: str, version: int) -> None:
        self.objects[name] = version
        self.coming.put({"type": "MODIFIED", "object": pod(name, version)})

    def ends(self) -> None:
        self.opens.set()
        self.coming.put(UnreachableError("the test is over"))


class Ears:
    """What the watch has told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._condition = threading.Condition()

    def __call__(self, _namespace: str, name: str) -> None:
        with self._condition:
            self.heard.append(name)
            self._condition.notify_all()

    def wait_for(self, holds: Callable[[], bool]) -> None:
        with self._condition:
            assert self._condition.wait_for(holds, timeout=30), self.heard


@pytest.fixture
def api(scope: Scope) -> ScriptedApi:
    scripted = ScriptedApi()
    scope.on_close(scripted.ends)
    return scripted


def keep(api: ScriptedApi, scope: Scope) -> tuple[Reflector, Ears]:
    ears = Ears()
    reflector = Reflector(api, SHOP, ears, scope, reconnect=0.05)  # type: ignore[arg-type]
    ears.wait_for(lambda: ears.heard == [""])
    return reflector, ears


def test_reading_costs_no_request_while_the_watch_lives(api: ScriptedApi, scope: Scope) -> None:
    """One list, one watch; what the watch brings is told by name and is there at once."""
    reflector, ears = keep(api, scope)
    api.changes("a", 5)
    ears.wait_for(lambda: "a" in ears.heard)
    assert [reflector.items("shop") for _ in range(10)] == [{"a": Snapshot("5")}] * 10
    assert (api.lists, api.watches) == (1, 1)


def test_a_watch_is_trusted_for_longer_each_time() -> None:
    """From a quarter of a minute, while much happens, to a whole one, when nothing does."""
    assert list(islice(durations(), 5)) == [15, 30, 60, 60, 60]


def test_a_watch_that_expired_is_listed_anew(api: ScriptedApi, scope: Scope) -> None:
    """410: what happened meanwhile is not lost, and everybody is told to look."""
    reflector, ears = keep(api, scope)
    api.objects = {"b": 9}
    api.coming.put({"type": "ERROR", "object": {"code": 410, "reason": "Expired"}})
    ears.wait_for(lambda: ears.heard.count("") == 3)  # the first list, the break, the new list
    assert reflector.items("shop") == {"b": Snapshot("9")}


def test_hundreds_who_look_after_a_break_cost_one_list(api: ScriptedApi, scope: Scope) -> None:
    """The break wakes all who are interested; they wait for the list with which the watch begins again."""
    reflector, ears = keep(api, scope)
    api.objects = {"b": 9}
    api.coming.put(UnreachableError("it broke"))
    ears.wait_for(lambda: ears.heard.count("") == 2)  # the first list, the break
    assert [reflector.items("shop") for _ in range(200)] == [{"b": Snapshot("9")}] * 200
    assert api.lists == 2


def test_nothing_stale_is_read_while_the_watch_is_broken(api: ScriptedApi, scope: Scope) -> None:
    """Each read is then a list of its own; once a watch lives again, none is."""
    reflector, ears = keep(api, scope)
    api.refuses = UnreachableError("no watch today")
    api.coming.put(api.refuses)
    ears.wait_for(lambda: ears.heard.count("") == 2)
    api.objects = {"a": 2}
    assert reflector.items("shop") == {"a": Snapshot("2")}
    api.objects = {"a": 3}
    api.refuses = None
    watches = api.watches
    api.changes("b", 4)
    ears.wait_for(lambda: "b" in ears.heard)  # a watch lives again
    assert api.watches >= watches
    lists = api.lists
    assert reflector.items("shop") == {"a": Snapshot("3"), "b": Snapshot("4")}
    assert api.lists == lists


def test_what_ends_at_once_and_tells_nothing_is_no_watch(api: ScriptedApi, scope: Scope) -> None:
    """A proxy that answers by itself: what was listed before was believed for ever, and a pass healed by it."""
    reflector, ears = keep(api, scope)
    api.objects = {"a": 7}  # and nobody tells of it
    api.coming.put(None)
    ears.wait_for(lambda: ears.heard.count("") == 3)  # the first list, the break, the new list
    assert reflector.items("shop") == {"a": Snapshot("7")}


def test_a_list_is_not_taken_for_live_before_a_watch_has_begun(api: ScriptedApi, scope: Scope) -> None:
    """An API server that lists, and leaves the watch without an answer: its list is old after a second."""
    api.opens.clear()
    ears = Ears()
    reflector = Reflector(api, SHOP, ears, scope, reconnect=0.05)  # type: ignore[arg-type]
    while not api.watches:
        time.sleep(0.01)
    assert not reflector.live
    assert reflector.kept("shop", "a") is None
    api.refuses = UnreachableError("no answer in time")
    api.opens.set()
    api.coming.put(api.refuses)
    ears.wait_for(lambda: ears.heard.count("") >= 2)
    api.objects = {"a": 8}
    began = time.monotonic()
    assert reflector.items("shop") == {"a": Snapshot("8")}
    assert time.monotonic() - began < 5.0


def test_who_has_waited_for_a_list_that_fails_asks_for_no_other(scope: Scope) -> None:
    """An API server that does not answer cost each look two timeouts, and the first word came after 26 s."""
    api, asked = ScriptedApi(), threading.Event()
    silent = UnreachableError("cannot reach the API server: no answer in time")

    def fails() -> None:
        asked.wait(30.0)
        raise silent

    api.listed.put(Listed([], 1, meanwhile=fails))
    reflector = Reflector(api, SHOP, Ears(), scope, reconnect=60.0)  # type: ignore[arg-type]
    with ThreadPoolExecutor(5) as pool:
        looks = [pool.submit(reflector.items, "shop") for _ in range(5)]
        time.sleep(0.1)
        asked.set()
        assert [type(look.exception(30.0)) for look in looks] == [UnreachableError] * 5
    assert api.lists == 1
    api.ends()


def test_who_still_looks_when_all_is_closed_waits_for_no_list(api: ScriptedApi) -> None:
    """A stop, or a new configuration: no other list comes, and each read of a look under way took 15 s."""
    with Scope(print) as scope:
        scope.on_close(api.ends)
        reflector, _ = keep(api, scope)
    api.coming.join()
    began = time.monotonic()
    reflector.items("shop")
    assert time.monotonic() - began < 5.0


def test_the_response_of_a_write_enters_at_once_unless_something_newer_is_known(api: ScriptedApi, scope: Scope) -> None:
    """So nothing is restarted twice because the watch is a moment late."""
    reflector, _ = keep(api, scope)
    reflector.enter("shop", pod("a", 8))
    assert reflector.items("shop") == {"a": Snapshot("8")}
    reflector.enter("shop", pod("a", 6))
    assert reflector.items("shop") == {"a": Snapshot("8")}


def test_a_refusal_is_not_asked_for_again_and_again(scope: Scope) -> None:
    """Not by the list, not by the watch: after one second, then after two, ... Whoever looks is not kept waiting."""
    refused = DeniedError("cannot list pods: the API server says 401", status=401)
    nothing, no_watch = ScriptedApi(), ScriptedApi()
    nothing.refuses = nothing.refuses_lists = no_watch.refuses = refused
    reflector = [Reflector(api, SHOP, Ears(), scope) for api in (nothing, no_watch)]  # type: ignore[arg-type]
    time.sleep(2.5)
    assert (nothing.lists, no_watch.lists) == (2, 2)
    began = time.monotonic()
    with pytest.raises(DeniedError):
        reflector[0].items("shop")
    assert reflector[1].items("shop") == {"a": Snapshot("1")}
    assert time.monotonic() - began < 0.5


# --- what is newer ----------------------------------------------------------------------------------

Deed = Callable[["Bench"], None]


@dataclass
class Bench:
    """A kept list whose server does what a test says, one thing after the other."""

    api: ScriptedApi
    reflector: Reflector
    ears: Ears

    def take(self, kind: str, raw: dict[str, Any]) -> None:
        """Let the watch bring an event, and wait until it was taken in."""
        self.api.coming.put({"type": kind, "object": raw})
        self.api.coming.join()

    def list_anew(self, listed: Listed) -> None:
        """Let the watch break, and wait for the list with which the next one begins."""
        lists, told = self.api.lists, len(self.ears.heard)
        self.api.listed.put(listed)
        self.api.coming.put(UnreachableError("it broke"))
        self.ears.wait_for(lambda: self.ears.heard[told:].count("") == 2)  # the break, the new list
        assert self.api.lists == lists + 1


def event(kind: str, name: str, version: int | str, uid: str = "1") -> Deed:
    return lambda bench: bench.take(kind, pod(name, version, uid))


def modified(name: str, version: int | str, uid: str = "1") -> Deed:
    return event("MODIFIED", name, version, uid)


def added(name: str, version: int | str, uid: str = "1") -> Deed:
    return event("ADDED", name, version, uid)


def removed(name: str, version: int | str, uid: str = "1") -> Deed:
    return event("DELETED", name, version, uid)


def wrote(name: str, version: int | str, uid: str = "1") -> Deed:
    return lambda bench: bench.reflector.enter("shop", pod(name, version, uid))


def deleted(name: str, uid: str = "1") -> Deed:
    return lambda bench: bench.reflector.drop("shop", name, uid)


def listed(version: int | str, *objects: dict[str, Any], meanwhile: Deed | None = None) -> Deed:
    def deed(bench: Bench) -> None:
        bench.list_anew(Listed(objects, version, (lambda: meanwhile(bench)) if meanwhile else lambda: None))

    return deed


# Each begins with a@100, of UID 1, in a list of 100.
CASES: dict[str, tuple[list[Deed], dict[str, str]]] = {
    "an older event does not undo our write": ([wrote("a", 105), modified("a", 103)], {"a": "105"}),
    "the event of our write, and the next": ([wrote("a", 105), modified("a", 105), modified("a", 106)], {"a": "106"}),
    "the response comes after a newer event": ([modified("a", 106), wrote("a", 105)], {"a": "106"}),
    "versions are numbers": ([modified("a", 999), wrote("a", 1000), modified("a", 1001)], {"a": "1001"}),
    "others go on meanwhile": ([wrote("a", 105), added("b", 104)], {"a": "105", "b": "104"}),
    # deletes
    "gone": ([removed("a", 101)], {}),
    "gone, told with the version that it had": ([wrote("a", 105), removed("a", 103)], {}),
    "an older event does not bring back what we deleted": ([deleted("a"), modified("a", 104)], {}),
    "nor does the response of a write": ([removed("a", 106), wrote("a", 105)], {}),
    "what we deleted is told of, too": ([deleted("a"), modified("a", 104), removed("a", 105)], {}),
    "its successor comes": ([deleted("a"), removed("a", 105), added("a", 106, "2")], {"a": "106"}),
    "its successor comes first": ([deleted("a"), added("a", 106, "2"), removed("a", 105)], {"a": "106"}),
    "its successor is not what we deleted": ([removed("a", 105), added("a", 106, "2"), deleted("a")], {"a": "106"}),
    "its successor is not what was deleted": (
        [removed("a", 101), added("a", 102, "2"), wrote("a", 110, "2"), removed("a", 105)],
        {"a": "110"},
    ),
    "its successor is gone, too": ([removed("a", 101), added("a", 102, "2"), removed("a", 103, "2")], {}),
    # lists
    "a list counts": ([listed(120, pod("b", 110))], {"b": "110"}),
    "a list knows what was written before": ([wrote("a", 105), listed(120, pod("a", 117))], {"a": "117"}),
    "a list that had begun before our write": (
        [listed(102, pod("a", 101), meanwhile=wrote("a", 105))],
        {"a": "105"},
    ),
    "and the watch from there on": (
        [listed(102, pod("a", 101), meanwhile=wrote("a", 105)), modified("a", 103), added("b", 104)],
        {"a": "105", "b": "104"},
    ),
    "a list that knows of what was written meanwhile": (
        [listed(106, pod("a", 106), meanwhile=wrote("a", 105))],
        {"a": "106"},
    ),
    "a list that knows that it is gone since": ([listed(106, meanwhile=wrote("a", 105))], {}),
    "a list that had begun before our delete": ([listed(102, pod("a", 101), meanwhile=deleted("a"))], {}),
    "and what the watch says then": (
        [listed(102, pod("a", 101), meanwhile=deleted("a")), modified("a", 103), removed("a", 104)],
        {},
    ),
    "a list that has its successor": (
        [listed(109, pod("a", 108, "2"), meanwhile=deleted("a"))],
        {"a": "108"},
    ),
    # a datastore that was restored from a backup
    "an older list is believed": ([wrote("a", 105), listed(50, pod("a", 40), pod("b", 50))], {"a": "40", "b": "50"}),
    "and what comes after it": ([wrote("a", 105), listed(50, pod("a", 40)), modified("a", 51)], {"a": "51"}),
    "and what we write then": ([wrote("a", 105), listed(50, pod("a", 40)), wrote("a", 52)], {"a": "52"}),
    "and what we had deleted is there again": ([deleted("a"), listed(50, pod("a", 40))], {"a": "40"}),
    "versions are numbers of any length": (
        [modified("a", "9" * 5_000), modified("a", "1" + "0" * 5_000)],
        {"a": "1" + "0" * 5_000},
    ),
    # versions that are no numbers: what comes later is newer
    "the order of arrival": ([wrote("a", "v9"), modified("a", "v8")], {"a": "v8"}),
    "a list, too": ([listed("w", pod("a", "x"), meanwhile=wrote("a", "y"))], {"a": "x"}),
    "but not of another object": (
        [removed("a", "v1"), added("a", "v2", "2"), removed("a", "v3")],
        {"a": "v2"},
    ),
}


@pytest.mark.parametrize(("deeds", "expected"), CASES.values(), ids=CASES.keys())
def test_nothing_old_overwrites_what_is_new(
    deeds: list[Deed], expected: dict[str, str], api: ScriptedApi, scope: Scope
) -> None:
    """Whatever comes in whatever order; and no request is needed to know it."""
    api.objects = {"a": 100}
    reflector, ears = keep(api, scope)
    for deed in deeds:
        deed(Bench(api, reflector, ears))
    lists = api.lists
    assert {name: item.version for name, item in reflector.items("shop").items()} == expected
    assert api.lists == lists


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "BOOKMARK"])
def test_a_watch_that_goes_back_is_listed_anew(kind: str, api: ScriptedApi, scope: Scope) -> None:
    """It was begun again from an old version, or its server's counter was set back: only a list can tell."""
    api.objects = {"a": 100}
    reflector, ears = keep(api, scope)
    Bench(api, reflector, ears).take("MODIFIED", pod("a", 110))
    api.listed.put(Listed([pod("a", 7)], 8))
    api.coming.put({"type": kind, "object": pod("a", 9)})
    ears.wait_for(lambda: ears.heard.count("") == 3)  # the first list, the break, the new list
    assert reflector.items("shop") == {"a": Snapshot("7")}


def test_who_reads_when_he_is_told_reads_what_he_was_told_of(api: ScriptedApi, scope: Scope) -> None:
    """Nobody is woken by what is no news."""
    api.objects = {"a": 100}
    reflector, ears = keep(api, scope)
    bench = Bench(api, reflector, ears)
    reflector.enter("shop", pod("a", 105))
    bench.take("MODIFIED", pod("a", 103))
    bench.take("MODIFIED", pod("a", 106))
    assert ears.heard == ["", "a"]


def test_what_is_read_anew_is_newer_than_what_a_late_watch_has_told(api: ScriptedApi, scope: Scope) -> None:
    """After a conflict: the same version was sent 154 times while a watch lagged."""
    reflector, _ = keep(api, scope)
    api.listed.put(Listed([pod("a", 7)], 7))
    reflector.renew("shop", "a")
    assert reflector.items("shop")["a"].version == "7"
    api.listed.put(Listed([], 8))
    reflector.renew("shop", "a")
    assert reflector.items("shop") == {}
