"""Raw objects of an application in namespace shop, as its API server has them, and ways to change them."""

from collections.abc import Iterator
from typing import Any

from support.healthy import APPS, Box, Json

WEB = "workloads: {deployment/shop/web: {}}\n"

# Deleted at first, since its pod waits in back-off; another restart is by the template.
RESTART = frozenset({"delete web-1", "roll out web"})


def merged(one: Json, other: Json) -> Json:
    """Return `one` with what `other` has more, or otherwise; lists are replaced."""
    both = {**one, **other}
    for key in one.keys() & other.keys():
        if isinstance(one[key], dict) and isinstance(other[key], dict):
            both[key] = merged(one[key], other[key])
    return both


def conditions(it: Box, *shown: str, at: float = 45) -> list[Json]:
    """Return conditions by "Type=Status Reason: message"."""
    made = []
    for each in shown:
        kind, _, rest = each.partition("=")
        head, _, message = rest.partition(": ")
        status, _, reason = head.partition(" ")
        made.append(it.condition(kind, status, reason, at, message))
    return made


def unready(it: Box, pod: Json, *, reason: str = "", message: str = "", restarts: int = 5, **last: Any) -> Json:
    """Return a pod whose containers wait, or run and are not ready."""
    states: Json = (
        {"waiting": {"reason": reason, "message": message}} if reason else {"running": {"startedAt": it.at(30)}}
    )
    ended = {"exitCode": 1, "reason": "Error", "startedAt": it.at(40), "finishedAt": it.at(45)} | last
    told = {"restartCount": restarts, "lastState": {"terminated": ended}} if reason else {}
    statuses = [{**each, "ready": False, "state": states, **told} for each in pod["status"]["containerStatuses"]]
    shown = conditions(it, "Initialized=True", "Ready=False", "ContainersReady=False", "PodScheduled=True", at=30)
    return merged(pod, {"status": {"containerStatuses": statuses, "conditions": shown}})


def none_ready(workload: Json) -> Json:
    return merged(workload, {"status": {"readyReplicas": 0, "availableReplicas": 0}})


def web(it: Box, *pods: Json, ready: bool = True, **changes: Any) -> Iterator[Json]:
    """Yield deployment/shop/web, its one pod (or those given), its Service and what that leads to."""
    labels = {"app": "web"}
    workload = merged(it.workload("Deployment", "web", labels), changes)
    yield workload if ready else none_ready(workload)
    owner = [{"apiVersion": APPS, "kind": "Deployment", "name": "web", "uid": "u-web", "controller": True}]
    yield it.object("ReplicaSet", "web-5", "shop", APPS, spec={}, status={}, metadata={"ownerReferences": owner})
    yield from pods or (web_pod(it),)
    to = {"10.42.0.32": "web-1"} if ready else {}
    yield from it.service("web", 80, to, selector=labels)


def web_pod(it: Box, **fields: Any) -> Json:
    made = {"labels": {"app": "web", "pod-template-hash": "5"}, "ip": "10.42.0.32"} | fields
    return it.pod("web-1", "ReplicaSet/web-5", **made)
