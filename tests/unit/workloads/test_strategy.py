"""Shapes that a restart could harm, as tables."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.model import Budget, Ref
from bootheal.workloads.strategy import budget_trouble, choose, pull_trouble, rolling_trouble
from support.objects import a_deployment, a_pod, running, waiting

STATEFULSET, DAEMONSET = Ref("statefulset", "shop", "db"), Ref("daemonset", "shop", "agent")
SURGE = {"desired": 1, "surge": 1, "unavailable": 0}
RWO, RWOP, RWX = ("ReadWriteOnce",), ("ReadWriteOncePod",), ("ReadWriteMany", "ReadWriteOnce")


@pytest.mark.parametrize(
    ("fields", "modes", "text", "certain"),
    [
        ({"host_ports": True}, (), "host port", True),
        ({"claims": ("data",)}, RWOP, "the volume data of the old one (ReadWriteOncePod)", True),
        ({"claims": ("data",)}, RWO, "a lock that the old one holds in the volume data", False),
        ({"claims": ("data",)}, (), "a lock that the old one holds in the volume data", False),
        ({"strategy": "OnDelete", "ref": DAEMONSET}, (), "OnDelete", True),
        ({"ref": DAEMONSET, "host_ports": True}, (), "host port", True),
        ({"ref": STATEFULSET, "partition": 2, "desired": 2}, (), "partition", True),
        ({"ref": STATEFULSET, "partition": 1, "desired": 2}, (), "pods below 1", True),
        ({"ref": STATEFULSET, "ordered": True, "desired": 2, "ready": 1}, (), "while one is not ready", True),
    ],
)
def test_what_a_rolling_update_would_wait_for_is_known_before(
    fields: dict[str, Any], modes: tuple[str, ...], text: str, certain: bool
) -> None:
    """A host port and a ReadWriteOncePod volume are certain; a lock in a shared volume is a risk."""
    trouble = rolling_trouble(a_deployment(**SURGE | fields), {"data": modes})
    assert trouble is not None
    assert text in trouble.text
    assert certain == trouble.certain


@pytest.mark.parametrize(
    ("fields", "modes"),
    [
        ({}, ()),
        ({"claims": ("data",)}, RWX),
        ({"claims": ("data",)}, ("ReadOnlyMany",)),
        ({"host_ports": True, "strategy": "Recreate"}, ()),
        ({"host_ports": True, "unavailable": 1}, ()),
        ({"host_ports": True, "ref": STATEFULSET}, ()),
        ({"ref": STATEFULSET, "partition": 0, "desired": 2}, ()),
        ({"ref": STATEFULSET, "ordered": False, "desired": 2, "ready": 1}, ()),
    ],
)
def test_what_lets_the_old_pod_go_first_is_no_trouble(fields: dict[str, Any], modes: tuple[str, ...]) -> None:
    """Recreate, a pod that may be unavailable, a StatefulSet; and volumes that many may share."""
    assert rolling_trouble(a_deployment(**SURGE | fields), {"data": modes}) is None


def test_auto_takes_the_way_that_ends() -> None:
    """A rollout where nothing speaks against it; else its pods are deleted, and why is said."""
    stuck = a_deployment(**SURGE, host_ports=True)
    assert choose("auto", a_deployment(), None).way == "rollout"
    choice = choose("auto", stuck, rolling_trouble(stuck, {}))
    assert choice.way == "delete-pods"
    assert "host port" in choice.why
    risky = a_deployment(**SURGE, claims=("data",))
    assert choose("auto", risky, rolling_trouble(risky, {"data": RWO})).way == "delete-pods"


@pytest.mark.parametrize(
    ("manager", "way"),
    [
        ("", "rollout"),
        ("Flux", "rollout"),
        ("Helm", "rollout"),
        ("Argo CD", "delete-pods"),
        ("postgresql shop", "delete-pods"),
    ],
)
def test_auto_takes_the_way_that_whoever_manages_it_leaves_alone(manager: str, way: str) -> None:
    """Flux and Helm leave an annotation of ours; Argo CD may put the template back, and so may an operator."""
    choice = choose("auto", a_deployment(managed_by=manager), None)
    assert way == choice.way
    assert choice.why == (f"no rollout: {manager} may undo a change of the template" if way == "delete-pods" else "")


def test_a_declared_strategy_is_kept() -> None:
    """What would certainly not end is refused, a risk is the owner's."""
    stuck, risky = a_deployment(**SURGE, host_ports=True), a_deployment(**SURGE, claims=("data",))
    assert choose("rollout", stuck, rolling_trouble(stuck, {})).refused
    assert not choose("rollout", risky, rolling_trouble(risky, {"data": RWO})).refused
    assert choose("scale", stuck, rolling_trouble(stuck, {})).way == "scale"
    assert choose("delete-pods", a_deployment(managed_by="Flux"), None).way == "delete-pods"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"volumes_go": True}, "not scaled to zero: that would delete its volumes, by its own retention policy"),
        ({"managed_by": "Argo CD"}, "not scaled to zero: Argo CD may undo that"),
        ({"managed_by": "postgresql db"}, "not scaled to zero: postgresql db may undo that"),
        ({"managed_by": "Flux"}, ""),
        ({}, ""),
    ],
)
def test_nothing_is_scaled_to_zero_that_loses_its_data_by_it_or_is_scaled_back(
    fields: dict[str, Any], why: str
) -> None:
    """Also where it is asked for: its pods are deleted instead, and their volumes stay."""
    choice = choose("scale", a_deployment(**fields), None)
    assert (choice.way, choice.why) == ("delete-pods" if why else "scale", why)


@pytest.mark.parametrize(
    ("image", "always", "neighbour", "reason", "doubt"),
    [
        ("localhost:5000/web:1", True, "localhost:5000/other:2", "ImagePullBackOff", True),
        ("registry.lan/web", True, "registry.lan/other", "ErrImagePull", True),
        ("web:latest", True, "nginx", "ImagePullBackOff", True),
        ("localhost:5000/web:1", False, "localhost:5000/other:2", "ImagePullBackOff", False),
        ("localhost:5000/web:1", True, "nginx", "ImagePullBackOff", False),
        ("localhost:5000/web:1", True, "localhost:5000/other:2", "ContainerCreating", False),
        ("shop/web", True, "shop.lan/web", "ImagePullBackOff", False),
    ],
)
def test_a_registry_that_fails_another_pod_is_not_relied_upon(
    image: str, always: bool, neighbour: str, reason: str, doubt: bool
) -> None:
    """Only if the image is always pulled, and from there."""
    pods = [a_pod("well"), a_pod("other", waiting(reason, image=neighbour))]
    assert doubt == bool(pull_trouble(a_deployment(images=(image,), pulls_always=always), pods))


def test_a_budget_counts_for_pods_that_serve() -> None:
    """Those that are not ready disrupt nobody by going."""
    none, some = (Budget(Ref("poddisruptionbudget", "shop", "web"), {"app": "web"}, n) for n in (0, 1))
    pod, ill = a_pod("web-1", labels={"app": "web"}), a_pod("web-2", running(ready=False), labels={"app": "web"})
    assert budget_trouble([pod], [none]) == "poddisruptionbudget/shop/web allows no disruption"
    assert budget_trouble([pod], [some]) == ""
    assert budget_trouble([ill], [none]) == ""
    assert budget_trouble([a_pod("other", labels={"app": "other"})], [none]) == ""
    assert budget_trouble([pod], [replace(none, selector={})]) != ""  # of all pods, or of expressions
