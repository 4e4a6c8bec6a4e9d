"""Services that ask for pods that there are not: which of them somebody has misspelt, and which wait on purpose."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from bootheal.diagnosis import diagnose
from bootheal.model import Ref
from bootheal.model.scene import Scene, Template
from support.scenes import a_scene, roots, service, template, web_pod, workload

WEB = Ref("deployment", "shop", "web")


def led(labels: Mapping[str, str], *, alone: bool = False, **differing: str) -> Scene:
    """A Deployment that a Service leads to, unless it is `alone`, and a Service that asks for something else."""
    other = service("other", selector={**labels, **differing})
    return a_scene(
        pods=(web_pod(labels=labels),),
        workloads=(workload("deployment", "web"),),
        templates=(Template(WEB, labels, {"http": 8000}),),
        services=(other,) if alone else (service("web", selector=labels), other),
    )


WELL: Mapping[str, Callable[[], Scene]] = {
    # blue and green: one of two Services waits for what is deployed next
    "a Service of the colour that is not deployed": lambda: led({"app": "web", "colour": "blue"}, colour="green"),
    "a Service of a part of its chart that is switched off": lambda: led(
        {"release": "shop", "app": "worker"}, alone=True, app="redis"
    ),
    "a Service of what was there before": lambda: led({"app": "web"}, app="old-web"),
}


@pytest.mark.parametrize("name", WELL)
def test_a_service_that_waits_on_purpose_is_no_fault(name: str) -> None:
    """Neither found nor said to pass."""
    found = diagnose(WELL[name]())
    assert (roots(found), found.passing) == ([], ())


@pytest.mark.parametrize("differing", [{"app": "webb"}, {"tier": "front-end"}])
def test_a_slip_of_the_pen_is_told_although_another_service_leads_there(differing: dict[str, str]) -> None:
    """A second Service of the same pods, with one value misspelt."""
    assert roots(diagnose(led({"app": "web", "tier": "frontend"}, alone=False, **differing))) == [
        ("service-selects-nothing", "service/shop/other")
    ]


def test_what_is_relied_on_is_told_whatever_it_asks_for() -> None:
    """Somebody names the Service of the colour that is not deployed."""
    scene = led({"app": "web", "colour": "blue"}, colour="green")
    relied = replace(
        scene, templates=(*scene.templates, template("deployment", "pooler", mentions=frozenset({"other"}), needs=()))
    )
    assert roots(diagnose(relied)) == [("service-selects-nothing", "service/shop/other")]
