"""Numbers that others may have written into a workload: one that there cannot be hides neither it nor others."""

from typing import Any

import pytest

from bootheal.adapters.kube.workloads import SCALED_FROM, workload

ENDLESS = "9" * 5_000


def deployment(annotations: dict[str, str], surge: Any = "25%") -> dict[str, Any]:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": "25%"}}
    metadata = {"name": "web", "namespace": "shop", "annotations": annotations}
    return {"metadata": metadata, "spec": {"replicas": 4, "strategy": strategy}}


@pytest.mark.parametrize(
    ("written", "replicas"), [("3", 3), ("0", 0), ("", None), ("three", None), ("-1", None), (ENDLESS, None)]
)
def test_only_a_number_of_replicas_is_given_back(written: str, replicas: int | None) -> None:
    """An annotation may be anybody's: a list with one that has no end was not understood, with all that is in it."""
    assert workload(deployment({SCALED_FROM: written}), "deployment").scaled_from == replicas


@pytest.mark.parametrize(("surge", "pods"), [("25%", 1), ("50%", 2), ("150%", 6), (3, 3), (f"{ENDLESS}%", 4)])
def test_a_share_of_pods_is_counted(surge: Any, pods: int) -> None:
    """The API server takes a per cent of any length; of one without end it is all of them."""
    assert workload(deployment({}, surge), "deployment").surge == pods
