"""Lists that come in pages, and servers that ask for a pause; no server is needed for either."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bootheal.adapters.kube.cache import snapshots
from bootheal.adapters.kube.errors import ExpiredError
from bootheal.adapters.kube.pages import MOST_PAGES, RESTARTS, Extent, Resource, fetch
from bootheal.adapters.kube.reflector import Reflector
from bootheal.adapters.scope import Scope
from bootheal.errors import UnreachableError

THINGS = Extent(Resource("thing", "/api/v1", "things", lambda raw: raw["metadata"]["name"]), ("shop",))


class Api:
    """Answers each GET by what a test says, and counts."""

    def __init__(self, answer: Callable[[str], Any]) -> None:
        self._answer = answer
        self.asked: list[str] = []

    def get(self, path: str, query: Sequence[tuple[str, str]], *, about: str) -> Any:
        token = dict(query).get("continue", "")
        self.asked.append(token)
        return self._answer(token)

    def stream(self, *_arguments: Any, **_more: Any) -> Any:
        raise UnreachableError("cannot watch")


def page(*names: str, further: str = "") -> Any:
    metadata = {"resourceVersion": "7"} | ({"continue": further} if further else {})
    items = [{"metadata": {"name": name, "namespace": "shop"}} for name in names]
    return json.loads(json.dumps({"metadata": metadata, "items": items}))


def test_a_list_is_all_of_its_pages() -> None:
    """And the version is that of the whole."""
    api = Api(lambda token: page("c") if token else page("a", "b", further="2"))
    entries, version = fetch(api, THINGS)  # type: ignore[arg-type]
    assert (snapshots(entries["shop"]), version) == ({"a": "a", "b": "b", "c": "c"}, "7")
    assert api.asked == ["", "2"]


def test_a_list_that_expires_between_two_pages_is_begun_anew() -> None:
    """What was read so far is of a moment that is gone."""
    expired = [True]

    def answer(token: str) -> Any:
        if token and expired:
            expired.pop()
            raise ExpiredError("cannot go on reading things: Gone")
        return page("new") if token else page("a", further="2")

    api = Api(answer)
    assert snapshots(fetch(api, THINGS)[0]["shop"]) == {"a": "a", "new": "new"}  # type: ignore[arg-type]
    assert api.asked == ["", "2", "", "2"]


def test_a_first_page_that_expired_is_not_asked_for_again_at_once() -> None:
    """It is of no moment before; a server that says so each time was asked fifty times a second."""

    def answer(_token: str) -> Any:
        raise ExpiredError("cannot go on reading things: Gone")

    api = Api(answer)
    with pytest.raises(UnreachableError, match="Gone"):
        fetch(api, THINGS)  # type: ignore[arg-type]
    assert api.asked == [""]


def test_a_list_that_always_expires_is_given_up_for_now() -> None:
    """It is tried again by whoever asks next."""

    def answer(token: str) -> Any:
        if token:
            raise ExpiredError("cannot go on reading things: Gone")
        return page("a", further="2")

    api = Api(answer)
    with pytest.raises(ExpiredError):
        fetch(api, THINGS)  # type: ignore[arg-type]
    assert api.asked.count("") == RESTARTS + 1


def test_a_pause_that_the_server_asks_for_is_kept_by_everybody(scope: Scope) -> None:
    """Neither the list's own thread nor whoever looks asks before; each is told for how long."""

    def answer(_token: str) -> Any:
        raise UnreachableError("the API server says 429", again=30.0)

    api = Api(answer)
    reflector = Reflector(api, THINGS, lambda _namespace, _name: None, scope)  # type: ignore[arg-type]
    for _ in range(3):
        with pytest.raises(UnreachableError, match="429") as error:
            reflector.items("shop")
        assert error.value.again is not None
        assert 25 < error.value.again <= 30
    time.sleep(0.01)
    assert api.asked == [""]


@pytest.mark.parametrize("names", [("a",), ()])
def test_pages_without_end_are_given_up(names: tuple[str, ...]) -> None:
    """A server that always names a next page holds no look for ever, whether its pages bring anything or not."""
    api = Api(lambda token: page(*names, further=f"{token}x"[-8:]))
    with pytest.raises(UnreachableError, match="cannot use things of namespace shop: its pages have no end"):
        fetch(api, THINGS)  # type: ignore[arg-type]
    assert len(api.asked) == MOST_PAGES
