"""What a scene takes of Jobs and of Flux's objects: whether they have failed, were not begun, or were given up."""

from typing import Any

import pytest

from bootheal.adapters.kube.scene_objects import job, stalled, unwell
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


@pytest.mark.parametrize(
    ("condition", "status", "reason"),
    [
        ({}, {}, "Why"),
        ({}, {"observedGeneration": 2}, "Why"),
        ({}, {"observedGeneration": 1}, ""),
        ({"observedGeneration": 2}, {"observedGeneration": -1}, "Why"),
        ({"observedGeneration": 1}, {"observedGeneration": 1}, ""),
    ],
)
def test_what_was_given_up_of_an_earlier_wish_is_tried_anew(
    condition: dict[str, Any], status: dict[str, Any], reason: str
) -> None:
    """Its condition says of which, or else its status; helm-controller leaves the latter at -1 until it is ready."""
    raw = an_object({}, said("Stalled") | status)
    raw["metadata"]["generation"] = 2
    raw["status"]["conditions"][0] |= condition
    assert stalled("helmrelease", raw).reason == reason


def argo(*conditions: dict[str, Any], phase: str = "Succeeded") -> dict[str, Any]:
    operation = {"phase": phase, "message": "one or more objects failed to apply", "finishedAt": LATER}
    return {"conditions": list(conditions), "operationState": operation, "sync": {"status": "Synced"}}


# argo-cd pkg/apis/application/v1alpha1/types.go; cert-manager pkg/apis/certmanager/v1; k3s-io/helm-controller v0.16
@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("application", argo(), ""),
        ("application", argo({"type": "SharedResourceWarning", "message": "x"}), ""),
        (
            "application",
            argo({"type": "ComparisonError", "message": "x", "lastTransitionTime": LATER}),
            "ComparisonError",
        ),
        ("application", argo({"type": "InvalidSpecError", "message": "x"}), "InvalidSpecError"),
        ("application", argo(phase="Running"), ""),
        ("application", argo(phase="Failed"), "operation Failed"),
        ("application", {}, ""),
        ("certificate", said("Ready"), ""),
        ("certificate", said("Ready", "False"), "Why"),
        ("certificate", said("Issuing"), ""),
        ("certificate", {}, ""),
        ("helmchart", said("Failed"), "Why"),
        ("helmchart", said("Failed", "False"), ""),
        ("helmchart", said("JobCreated"), ""),
    ],
)
def test_what_others_say_of_their_own_objects(kind: str, status: dict[str, Any], reason: str) -> None:
    """What they have not looked at yet, and what is on its way, is not unwell."""
    found = unwell(kind, an_object({}, status))
    assert found.reason == reason
    assert not reason or (found.message and str(found.ref) == f"{kind}/shop/x")
