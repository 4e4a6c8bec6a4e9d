"""A pod's conditions, read and written as the kubelet does. Pure functions."""

from __future__ import annotations

from bootheal.demo.objects.kinds import Object
from bootheal.demo.objects.times import now


def is_ready(pod: Object) -> bool:
    """The pod's Ready condition."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def set_condition(status: Object, kind: str, *, ok: bool, reason: str = "", message: str = "") -> None:
    """Write a pod condition; its transition time changes only with its status."""
    conditions = status.setdefault("conditions", [])
    word = "True" if ok else "False"
    old = next((condition for condition in conditions if condition["type"] == kind), None)
    since = old["lastTransitionTime"] if old and old["status"] == word else now()
    new = {"type": kind, "status": word, "lastProbeTime": None, "lastTransitionTime": since}
    new |= {"reason": reason} if reason else {}
    new |= {"message": message} if message else {}
    status["conditions"] = [*(c for c in conditions if c["type"] != kind), new]
