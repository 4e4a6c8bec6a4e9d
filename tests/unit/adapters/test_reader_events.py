"""Events are asked for sparingly, and never at the price of more requests."""

import time
from dataclasses import dataclass
from typing import Any

import pytest

from bootheal.adapters.kube.lists import Lists
from bootheal.adapters.kube.reader import FRESH_SECONDS, KubeReader
from bootheal.model import Pod, Ref
from support.objects import a_pod

WEB = Ref("pod", "shop", "web-1")
EVENT = {
    "reason": "FailedScheduling",
    "message": "0/1 nodes are available",
    "lastTimestamp": "2026-11-30T08:00:00Z",
    "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"},
    "metadata": {"name": "web-1.1", "namespace": "shop"},
}


class Api:
    """Has one Event, and tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, path: str, *_: Any, **__: Any) -> Any:
        self.asked.append(path)
        return {"items": [EVENT]}


def test_whoever_looks_once_asks_for_the_events_alone() -> None:
    """Where no watch keeps the pods, as in `plan` and `doctor`, the pod's age is not worth a list of all of them."""
    api: Any = Api()
    reader = KubeReader(api, Lists(api))
    assert [each.reason for each in reader.occurrences(WEB)] == ["FailedScheduling"]
    assert reader.occurrences(WEB)
    assert api.asked == ["/api/v1/namespaces/shop/events"]


@dataclass
class Watched:
    """What a watch has told of."""

    pod: Pod

    def kept(self, ref: Ref) -> Pod | None:
        return self.pod if ref == self.pod.ref else None


@pytest.mark.parametrize(("age", "asked"), [(0.5, 0), (FRESH_SECONDS + 1, 1)])
def test_of_a_pod_that_was_just_made_nobody_asks(age: float, asked: int) -> None:
    """It has no Events yet that would tell why it does not begin; a look a little later asks."""
    api: Any = Api()
    lists: Any = Watched(a_pod("web-1", created=time.time() - age))
    assert len(KubeReader(api, lists).occurrences(WEB)) == len(api.asked) == asked
