"""What `discover` did not find is told where its owner looks: by a step, in the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.scope import Scope
from bootheal.cli.discovering import discovered
from bootheal.config import Configuration, load
from bootheal.errors import BoothealError, UnreachableError
from bootheal.model.inventory import Inventory
from bootheal.platform.namespaces import Namespaces, NamespacesObservation
from bootheal.step import GiveUp, Settled
from support.inventory import inventory
from support.objects import past

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: {bootheal/after: AFTER}}
spec: {template: {spec: {containers: [{name: c, image: "web:1"}]}}}
"""


class Reader:
    """An InventoryReader that says one thing after the other."""

    def __init__(self, *answers: Inventory | BoothealError) -> None:
        self._answers = list(answers)

    def inventory(self, namespaces: Sequence[str] = ()) -> Inventory:
        assert namespaces == ("shop",)
        answer = self._answers.pop(0)
        if isinstance(answer, BoothealError):
            raise answer
        return answer


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """Nothing but `discover`."""
    file = tmp_path / "bootheal.yaml"
    file.write_text(f"state_directory: {tmp_path}/state\ndiscover: {{namespaces: [shop]}}\n")
    return load(file)


def found(configuration: Configuration, *answers: Inventory | BoothealError, patience: float = 0.0) -> tuple[Any, ...]:
    """Return what the step says of namespaces that are there, what was warned of, and which workloads are steps."""
    warned: list[str] = []
    full = discovered(configuration, Scope(pytest.fail), warned.append, Reader(*answers), patience)
    step = full.plan.steps["discover"]
    assert isinstance(step, Namespaces)
    names = sorted(name for name in full.plan.steps if name.startswith("deployment/"))
    return step.judge(NamespacesObservation(), past()), warned, names


def test_what_is_found_and_what_is_odd_about_it_is_told(configuration: Configuration) -> None:
    """A wrong annotation is remarked on, and the workload is healed all the same."""
    judgement, warned, steps = found(configuration, inventory(WEB.replace("AFTER", "pooler/none")))
    assert isinstance(judgement, Settled)
    assert judgement.remarks == tuple(warned)
    assert "cannot be 'pooler/none'" in warned[0]
    assert steps == ["deployment/shop/web"]


def test_a_cluster_that_does_not_answer_is_not_healed(configuration: Configuration) -> None:
    """Nothing was found, so nothing is ill: that is no reason to say that all is well."""
    judgement, warned, steps = found(configuration, UnreachableError("cannot reach https://a"))
    assert isinstance(judgement, GiveUp)
    assert judgement.why == "cannot heal all that is not listed: cannot reach https://a"
    assert (warned, steps) == ([judgement.why], [])


def test_who_heals_asks_again_for_a_while(configuration: Configuration) -> None:
    """An API server that has just come up leaves a request unanswered."""
    good = inventory(WEB.replace("AFTER", "gate"))
    judgement, warned, steps = found(configuration, UnreachableError("no answer"), good, patience=10.0)
    assert isinstance(judgement, Settled)
    assert (warned, steps) == ([], ["deployment/shop/web"])


def test_what_cannot_be_taken_is_not_healed(configuration: Configuration) -> None:
    """Annotations that make a circle: of what was found nothing is looked at."""
    web = WEB.replace("AFTER", "deployment/shop/api")
    api = WEB.replace("name: web", "name: api").replace("AFTER", "deployment/shop/web")
    judgement, _, steps = found(configuration, inventory(f"{web}---\n{api}"))
    assert isinstance(judgement, GiveUp)
    assert "is a circle" in judgement.why
    assert steps == []


def test_workloads_that_may_not_be_listed_are_not_healed(configuration: Configuration) -> None:
    """Those that may are; of anything else that may not be read there is a remark."""
    no_right, less = "cannot list deployments in namespace shop: 403", "cannot list services in namespace shop: 403"
    hidden = Inventory(gaps=(no_right, less), unlisted=(no_right,))
    judgement, _, _ = found(configuration, hidden)
    assert isinstance(judgement, GiveUp)
    assert judgement.why == f"cannot heal all that is not listed: {no_right}"
    judgement, _, _ = found(configuration, Inventory(gaps=(less,)))
    assert isinstance(judgement, Settled)
    assert less in judgement.remarks[0]
