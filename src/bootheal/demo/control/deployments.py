"""The Deployment and ReplicaSet controllers. Each function makes one pass over one object."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

from bootheal.demo.control.workloads import (
    RETRY_SECONDS,
    active,
    drop_pod,
    make_pod,
    owned,
    owner_reference,
    replica_failure,
    template_hash,
    write_status,
)
from bootheal.demo.objects import events
from bootheal.demo.objects.conditions import is_ready
from bootheal.demo.objects.kinds import DEPLOYMENT, POD, REPLICA_SET, Object
from bootheal.demo.objects.store import Store
from bootheal.demo.objects.times import now

_REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"


def reconcile_replica_set(store: Store, item: Object) -> float | None:
    """Keep as many pods as wanted; those that failed are replaced, and left lying. One that is refused is told of.

    Returns in how many seconds to try again, if at all.
    """
    pods = active(owned(store, POD, item))
    wanted = item["spec"]["replicas"]
    refused = next(filter(None, (make_pod(store, item, {}) for _ in range(wanted - len(pods)))), "")
    # Not ready before ready, then young before old, as the real controller ranks them.
    pods.sort(key=lambda pod: (is_ready(pod), -int(pod["metadata"]["resourceVersion"])))
    for pod in pods[: max(0, len(pods) - wanted)]:
        drop_pod(store, item, pod)
    pods = active(owned(store, POD, item))
    ready = sum(map(is_ready, pods))
    counts = {
        "replicas": len(pods),
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
    }
    status: Object = {key: value for key, value in counts.items() if value or key == "replicas"}
    if failure := replica_failure(item.get("status", {}), refused):
        status["conditions"] = failure
    write_status(store, REPLICA_SET, item, status | {"observedGeneration": item["metadata"]["generation"]})
    return RETRY_SECONDS if refused else None


def reconcile_deployment(store: Store, item: Object) -> float | None:
    """Move one step towards the template. Returns in how many seconds its progress deadline may pass, if ever."""
    new = _new_set(store, item)
    sets = owned(store, REPLICA_SET, item)
    old = [other for other in sets if other["metadata"]["uid"] != new["metadata"]["uid"]]
    if not item["spec"].get("paused"):
        if item["spec"]["strategy"]["type"] == "Recreate":
            _recreate(store, item, new, old)
        else:
            _roll(store, item, new, old)
    _forget_old_sets(store, item, old)
    return _report(store, item, new["metadata"]["name"])


def _new_set(store: Store, item: Object) -> Object:
    digest = template_hash(item["spec"]["template"])
    sets = owned(store, REPLICA_SET, item)
    latest = max((int(other["metadata"]["annotations"][_REVISION]) for other in sets), default=0)
    found = next((other for other in sets if other["metadata"]["labels"][_HASH] == digest), None)
    if found is None:
        found = _create_set(store, item, digest, latest + 1)
    elif int(found["metadata"]["annotations"][_REVISION]) < latest:
        _annotate(store, found, latest + 1)
    revision = store.get(REPLICA_SET, *_key(found))["metadata"]["annotations"][_REVISION]

    def mark(deployment: Object) -> None:
        deployment["metadata"].setdefault("annotations", {})[_REVISION] = revision

    store.edit(DEPLOYMENT, *_key(item), mark)
    return found


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def _annotate(store: Store, item: Object, revision: int) -> None:
    def mark(found: Object) -> None:
        found["metadata"]["annotations"][_REVISION] = str(revision)

    store.edit(REPLICA_SET, *_key(item), mark)


def _create_set(store: Store, item: Object, digest: str, revision: int) -> Object:
    template = copy.deepcopy(item["spec"]["template"])
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels[_HASH] = digest
    selector = copy.deepcopy(item["spec"]["selector"])
    selector.setdefault("matchLabels", {})[_HASH] = digest
    namespace, name = _key(item)
    manifest = {
        "metadata": {
            "name": f"{name}-{digest}",
            "namespace": namespace,
            "labels": dict(labels),
            "annotations": {_REVISION: str(revision)},
            "ownerReferences": [owner_reference(item)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    }
    return store.create(REPLICA_SET, manifest)


def _scale(store: Store, item: Object, found: Object, replicas: int) -> None:
    before = found["spec"]["replicas"]
    if replicas == before:
        return
    store.edit(REPLICA_SET, *_key(found), lambda new: new["spec"].update(replicas=replicas))
    direction = "up" if replicas > before else "down"
    message = f"Scaled {direction} replica set {found['metadata']['name']} from {before} to {replicas}"
    events.record(store, item, "ScalingReplicaSet", message, source="deployment-controller")


def _recreate(store: Store, item: Object, new: Object, old: list[Object]) -> None:
    """Nothing new before everything old has gone, its last pod included."""
    for other in old:
        _scale(store, item, other, 0)
    if not any(_alive(owned(store, POD, other)) for other in old):
        _scale(store, item, new, item["spec"]["replicas"])


def _alive(pods: list[Object]) -> list[Object]:
    return [pod for pod in pods if pod["status"].get("phase") not in {"Succeeded", "Failed"}]


def _roll(store: Store, item: Object, new: Object, old: list[Object]) -> None:
    """Up by the surge, down by what may be unavailable, as the availability of pods allows."""
    wanted = item["spec"]["replicas"]
    surge, unavailable = _bounds(item, wanted)
    room = max(0, wanted + surge - sum(map(_replicas, (new, *old))))
    _scale(store, item, new, min(wanted, _replicas(new) + room))
    new = store.get(REPLICA_SET, *_key(new))
    spare = sum(map(_replicas, (new, *old))) - (wanted - unavailable) - max(0, _unavailable(new))
    # What is broken goes first: it serves nobody.
    for expendable in (_unavailable, _replicas):
        for index, other in enumerate(old):
            step = max(0, min(spare, expendable(other)))
            _scale(store, item, other, _replicas(other) - step)
            old[index] = store.get(REPLICA_SET, *_key(other))
            spare -= step


def _replicas(found: Object) -> int:
    return int(found["spec"]["replicas"])


def _unavailable(found: Object) -> int:
    return _replicas(found) - int(found.get("status", {}).get("availableReplicas", 0))


def _bounds(item: Object, wanted: int) -> tuple[int, int]:
    rolling = item["spec"]["strategy"].get("rollingUpdate", {})
    surge = _share(rolling.get("maxSurge", "25%"), wanted, up=True)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    return surge, unavailable if surge or unavailable else 1


def _share(value: int | str, wanted: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    hundredths = int(value.rstrip("%")) * wanted
    return -(-hundredths // 100) if up else hundredths // 100


def _forget_old_sets(store: Store, item: Object, old: list[Object]) -> None:
    empty = [found for found in old if not found["spec"]["replicas"] and not owned(store, POD, found)]
    empty.sort(key=lambda found: int(found["metadata"]["annotations"][_REVISION]))
    for found in empty[: max(0, len(empty) - item["spec"]["revisionHistoryLimit"])]:
        store.delete(REPLICA_SET, *_key(found))


# -- status ------------------------------------------------------------------------------------------------------


def _report(store: Store, item: Object, new_name: str) -> float | None:
    namespace = item["metadata"]["namespace"]
    sets = owned(store, REPLICA_SET, item)
    new = store.get(REPLICA_SET, namespace, new_name)
    wanted, before = item["spec"]["replicas"], item.get("status", {})

    def total(field: str) -> int:
        return sum(found.get("status", {}).get(field, 0) for found in sets)

    counts = {
        "replicas": total("replicas"),
        "updatedReplicas": new.get("status", {}).get("replicas", 0),
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": total("availableReplicas"),
        "unavailableReplicas": max(0, wanted - total("availableReplicas")),
    }
    status = {key: value for key, value in counts.items() if value}
    status["observedGeneration"] = item["metadata"]["generation"]
    _, unavailable = _bounds(item, wanted) if item["spec"]["strategy"]["type"] == "RollingUpdate" else (0, wanted)
    enough = total("availableReplicas") >= wanted - unavailable
    complete = counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted
    moved = any(counts[key] != before.get(key, 0) for key in counts) or (
        status["observedGeneration"] != before.get("observedGeneration")
    )
    progressing, left = _progress(item, new_name, complete=complete, moved=moved)
    available = (
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        if enough
        else ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    )
    status["conditions"] = [
        _condition(before, "Available", *available, fresh=False),
        _condition(before, "Progressing", *progressing, fresh=moved),
        *(_told_by(found) for found in sets if _told_by(found)),
    ]
    write_status(store, DEPLOYMENT, item, status)
    return left


def _told_by(found: Object) -> Object:
    """The condition that a ReplicaSet's pods are refused, as its Deployment repeats it."""
    old = _old_condition(found.get("status", {}), "ReplicaFailure")
    return old | {"lastUpdateTime": old["lastTransitionTime"]} if old else {}


def _progress(item: Object, new_name: str, *, complete: bool, moved: bool) -> tuple[tuple[str, str, str], float | None]:
    """The Progressing condition, and the seconds left until its deadline."""
    if item["spec"].get("paused"):
        return ("Unknown", "DeploymentPaused", "Deployment is paused"), None
    old = _old_condition(item.get("status", {}), "Progressing")
    deadline = item["spec"]["progressDeadlineSeconds"]
    if complete:
        return ("True", "NewReplicaSetAvailable", f'ReplicaSet "{new_name}" has successfully progressed.'), None
    if not moved and old and old["reason"] == "NewReplicaSetAvailable":
        return ("True", old["reason"], old["message"]), None
    since = datetime.fromisoformat(old["lastUpdateTime"]) if old and not moved else datetime.now(UTC)
    left = deadline - (datetime.now(UTC) - since).total_seconds()
    if left <= 0 or (old and not moved and old["reason"] == "ProgressDeadlineExceeded"):
        return ("False", "ProgressDeadlineExceeded", f'ReplicaSet "{new_name}" has timed out progressing.'), None
    return ("True", "ReplicaSetUpdated", f'ReplicaSet "{new_name}" is progressing.'), left


def _old_condition(status: Object, kind: str) -> Object | None:
    found: list[Object] = [condition for condition in status.get("conditions", []) if condition["type"] == kind]
    return found[0] if found else None


def _condition(before: Object, kind: str, status: str, reason: str, message: str, *, fresh: bool) -> Object:
    old = _old_condition(before, kind)
    same = old is not None and (old["status"], old["reason"], old["message"]) == (status, reason, message)
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": old["lastUpdateTime"] if old and same and not fresh else now(),
        "lastTransitionTime": old["lastTransitionTime"] if old and old["status"] == status else now(),
    }
