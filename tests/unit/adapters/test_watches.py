"""One watch a kind for all namespaces where we may, else one a namespace; whoever reads sees the same."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from bootheal.adapters.kube.pages import Resource
from bootheal.adapters.kube.watches import Watches
from bootheal.adapters.scope import Scope
from bootheal.errors import BoothealError, DeniedError, UnreachableError

PODS = Resource("pod", "/api/v1", "pods", lambda raw: raw["metadata"]["name"])
WIDE, NARROW = {"/api/v1/pods"}, {"/api/v1/namespaces/bank/pods", "/api/v1/namespaces/shop/pods"}


def pod(namespace: str, name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "uid": name, "resourceVersion": "5"}}


class Cluster:
    """An API server with pods in three namespaces; `allows` says whether all of them may be seen at once."""

    def __init__(self, scope: Scope, allows: Callable[[], bool]) -> None:
        self.scope, self._allows, self._over = scope, allows, threading.Event()
        self.listed: list[str] = []
        self.watched: list[str] = []
        self.said = threading.Event()
        scope.on_close(self._over.set)
        scope.on_close(self.said.set)

    def write(self, method: str, path: str, body: dict[str, Any], *, about: str) -> dict[str, Any]:
        assert body["spec"]["resourceAttributes"]["namespace"] == ""
        return {"status": {"allowed": self._allows()}}

    def get(self, path: str, query: Sequence[tuple[str, str]], *, about: str) -> dict[str, Any]:
        self.listed.append(path)
        items = [pod(namespace, name) for namespace in ("bank", "shop", "unasked") for name in ("a", "b")]
        inside = path.split("/")[4] if "/namespaces/" in path else ""
        return {
            "items": [item for item in items if inside in ("", item["metadata"]["namespace"])],
            "metadata": {"resourceVersion": "5"},
        }

    def stream(
        self, path: str, query: Sequence[tuple[str, str]], *, answered: Callable[[], None], **_: Any
    ) -> Iterator[dict[str, Any]]:
        self.watched.append(path)
        answered()
        self.said.wait(5)
        for namespace in ("unasked", "shop"):
            if f"/{namespace}/" in path or "/namespaces/" not in path:
                yield {"type": "ADDED", "object": pod(namespace, "new")}
        self._over.wait(5)
        raise UnreachableError("the test is over")


def no() -> bool:
    return False


def raising(error: BoothealError) -> Callable[[], bool]:
    def answer() -> bool:
        raise error

    return answer


@pytest.mark.parametrize(
    ("allows", "watched"),
    [
        pytest.param(lambda: True, WIDE, id="one for all"),
        pytest.param(no, NARROW, id="one each"),
        pytest.param(raising(DeniedError("cannot ask", status=403)), NARROW, id="who may not ask"),
    ],
)
def test_each_namespace_is_kept_by_as_few_watches_as_we_may(
    allows: Callable[[], bool], watched: set[str], scope: Scope
) -> None:
    """What is read is the same; what nobody asked for is not kept, and wakes nobody."""
    cluster, told = Cluster(scope, allows), set[tuple[str, str]]()
    watches = Watches(cluster, PODS, ("bank", "shop"), lambda *what: told.add(what))  # type: ignore[arg-type]
    wait_for(lambda: set(cluster.watched) == watched)
    for namespace in ("bank", "shop"):
        reflector = watches.of(namespace)
        assert reflector is not None
        assert reflector.items(namespace) == {"a": "a", "b": "b"}
    assert set(cluster.listed) == watched, "each list was asked for once, by its watch"
    cluster.said.set()
    wait_for(lambda: ("shop", "new") in told)
    assert {namespace for namespace, _ in told} == {"bank", "shop"}


def test_who_wants_one_namespace_looks_at_no_other(scope: Scope) -> None:
    """Whatever it may: a large cluster would tell it of all its pods."""
    cluster = Cluster(scope, raising(AssertionError("it asked")))  # type: ignore[arg-type]
    Watches(cluster, PODS, ("shop",), lambda *_: None)  # type: ignore[arg-type]
    wait_for(lambda: cluster.watched == ["/api/v1/namespaces/shop/pods"])


def test_while_the_server_does_not_answer_nobody_is_kept_waiting(scope: Scope) -> None:
    """Which watches there are to be is asked again and again; whoever looks meanwhile asks for itself."""
    answers = iter([UnreachableError("not yet")])

    def allows() -> bool:
        if error := next(answers, None):
            raise error
        return True

    cluster = Cluster(scope, allows)
    began = time.monotonic()
    watches = Watches(cluster, PODS, ("bank", "shop"), lambda *_: None)  # type: ignore[arg-type]
    watches.of("shop")
    assert time.monotonic() - began < 1
    wait_for(lambda: watches.of("shop") is not None)
    assert watches.of("shop") is watches.of("bank")


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)
