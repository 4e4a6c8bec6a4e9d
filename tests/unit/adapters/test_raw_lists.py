"""Lists that are read once: whole, or not at all."""

from typing import Any, cast

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.errors import error_for
from bootheal.adapters.kube.pages import PAGE
from bootheal.adapters.kube.raw_lists import MOST_PAGES, everywhere, parsed, snapshot, understood_of
from bootheal.errors import PermanentError


class Pages:
    """An API server with so many full pages of pods in all, and one in each namespace."""

    def __init__(self, pages: int, *, denied: bool = False) -> None:
        self._pages, self._denied = pages, denied
        self.asked = 0

    def get(self, path: str, query: list[tuple[str, str]], *, about: str) -> dict[str, Any]:
        self.asked += 1
        within = "/namespaces/" in path
        if self._denied and not within:
            raise error_for(403, about)
        number = int(dict(query).get("continue", "1"))
        last = within or number >= self._pages
        return {"items": [{}] * PAGE, "metadata": {} if last else {"continue": str(number + 1)}}


def listed(pages: Pages, *namespaces: str) -> int:
    return len(everywhere(cast("Api", pages), "/api/v1", "pods", namespaces))


def test_all_that_can_be_read_at_once_is() -> None:
    """To the last page."""
    assert listed(Pages(MOST_PAGES)) == MOST_PAGES * PAGE


def test_a_part_is_never_taken_for_all_of_it() -> None:
    """Where there is more, that is said, and else the namespaces are read that are named; as without the right."""
    with pytest.raises(PermanentError, match="cannot list pods: there are more than 10000; name a namespace"):
        listed(Pages(MOST_PAGES + 1))
    assert listed(Pages(MOST_PAGES + 1), "shop", "bank") == listed(Pages(1, denied=True), "shop", "bank") == 2 * PAGE


def test_of_each_page_less_is_made_before_the_next_is_asked_for() -> None:
    """Ten thousand raw pods at once stay in the memory of whoever has held them."""
    pages, heard = Pages(3), list[int]()

    def take(raw: dict[str, Any]) -> int:
        heard.append(pages.asked)
        return len(raw)

    assert everywhere(cast("Api", pages), "/api/v1", "pods", (), take=take) == [0] * 3 * PAGE
    assert heard == [1] * PAGE + [2] * PAGE + [3] * PAGE


def test_one_odd_object_does_not_hide_the_others() -> None:
    """It is a gap, whenever it is made a snapshot."""
    raws: list[dict[str, Any]] = [
        {"metadata": {"name": "a"}},
        {"metadata": {"name": 5}},
        {},
        {"metadata": {"name": "b"}},
    ]
    soon, later = list[str](), list[str]()
    taken = [snapshot("pod", _name, raw) for raw in raws]
    assert list(understood_of(taken, soon)) == list(parsed("pod", _name, raws, later)) == ["a", "b"]
    assert soon == later == ["cannot understand a pod: TypeError", "cannot understand a pod: KeyError"]


def _name(raw: dict[str, Any]) -> Any:
    return raw["metadata"]["name"]
