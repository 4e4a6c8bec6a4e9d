"""Which pods a look at a workload counts."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bootheal.model import Budget, Endpoint, Pod, Ref, Service
from bootheal.ports import World
from bootheal.restarting.seen import look
from support.objects import a_deployment, a_pod


class Few:
    """A cluster of a few pods."""

    def __init__(self, *pods: Pod) -> None:
        self._pods = pods

    def pods(self, _namespace: str) -> Sequence[Pod]:
        return self._pods

    def services(self, _namespace: str) -> Sequence[Service]:
        return ()

    def budgets(self, _namespace: str) -> Sequence[Budget]:
        return ()

    def endpoints(self, _namespace: str, _service: str) -> Sequence[Endpoint]:
        return ()

    def boot_time(self) -> None:
        return None


@pytest.mark.parametrize(
    ("owner", "counts"),
    [
        (Ref("replicaset", "shop", "web-1"), True),
        (Ref("statefulset", "shop", "web"), True),
        (Ref("daemonset", "shop", "web"), True),
        (Ref("job", "shop", "web-migrate"), False),
        (None, False),
    ],
)
def test_what_nothing_would_make_again_is_not_of_the_workload(owner: Ref | None, counts: bool) -> None:
    """A person's debugging pod with the same labels is not probed, not counted, and never deleted."""
    mine, other = a_pod("web-1", labels={"app": "web"}), a_pod("debug", labels={"app": "web"}, owner=owner)
    few = Few(mine, replace(other), a_pod("else", labels={"app": "else"}))
    world = World(cluster=few, host=few, postgres=None, pooler=None, web=None)  # type: ignore[arg-type]
    seen = look(world, a_deployment(), "delete-pods", None)
    assert [pod.ref.name for pod in seen.pods] == (["debug", "web-1"] if counts else ["web-1"])
