"""Events are asked for sparingly, and never at the price of more requests."""

from typing import Any

from bootheal.adapters.kube.lists import Lists
from bootheal.adapters.kube.reader import KubeReader
from bootheal.model import Ref

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
