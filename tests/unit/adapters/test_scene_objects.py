"""What a scene takes of Jobs and of Flux's objects: whether they have failed, were not begun, or were given up."""

from typing import Any

import pytest

from bootheal.adapters.kube.scene_objects import job, stalled
from bootheal.model.scene import NOT_BEGUN

MADE, LATER = "2026-11-29T10:00:00Z", "2026-11-29T10:05:00Z"


def an_object(spec: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "x", "namespace": "shop", "creationTimestamp": MADE}
    return {"metadata": metadata, "spec": spec, "status": status}


def said(kind: str, status: str = "True") -> dict[str, Any]:
    condition = {"type": kind, "status": status, "reason": "Why", "message": "for want of it"}
    return {"conditions": [condition | {"lastTransitionTime": LATER}]}


@pytest.mark.parametrize(
    ("spec", "status", "reason"),
    [
        ({}, {}, NOT_BEGUN),
        ({}, {"startTime": LATER, "active": 1}, ""),
        ({"suspend": True}, {}, ""),
        ({"managedBy": "kueue.x-k8s.io/multikueue"}, {}, ""),
        ({}, said("Failed"), "Why"),
        ({}, said("Failed", "False"), ""),
        ({}, said("Complete"), ""),
    ],
    ids=["not begun", "runs", "suspended", "another's", "failed", "not failed", "complete"],
)
def test_what_a_job_says_of_itself(spec: dict[str, Any], status: dict[str, Any], reason: str) -> None:
    """One without any status is one that its controller has not seen."""
    assert job(an_object(spec, status)).reason == reason


@pytest.mark.parametrize(
    ("spec", "status", "reason"),
    [
        ({}, said("Stalled"), "Why"),
        ({}, said("Stalled", "False"), ""),
        ({}, said("Ready", "False"), ""),
        ({"suspend": True}, said("Stalled"), ""),
    ],
    ids=["given up", "not given up", "tried again", "suspended"],
)
def test_what_flux_has_given_up(spec: dict[str, Any], status: dict[str, Any], reason: str) -> None:
    """What is only not ready yet it tries again by itself."""
    assert stalled("helmrelease", an_object(spec, status)).reason == reason
