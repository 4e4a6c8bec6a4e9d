"""The StatefulSet and DaemonSet controllers. Each function makes one pass over one object."""

from __future__ import annotations

from bootheal.demo.control.workloads import (
    RETRY_SECONDS,
    active,
    drop_pod,
    make_pod,
    owned,
    template_hash,
    write_status,
)
from bootheal.demo.objects.conditions import is_ready
from bootheal.demo.objects.kinds import DAEMON_SET, NODE, POD, STATEFUL_SET, Object
from bootheal.demo.objects.store import Store

_REVISION = "controller-revision-hash"


def reconcile_stateful_set(store: Store, item: Object) -> float | None:
    """Pods with a number, in order; new revisions from the highest down to the partition, one by one.

    Returns in how many seconds to try again where a pod was refused.
    """
    revision = f"{item['metadata']['name']}-{template_hash(item['spec']['template'])}"
    current = item.get("status", {}).get("currentRevision", revision)
    if _fill(store, item, revision):
        _update(store, item, revision)
    pods = active(owned(store, POD, item))
    ready = sum(map(is_ready, pods))
    updated = sum(_revision(pod) == revision for pod in pods)
    finished = updated == ready == item["spec"]["replicas"]
    status = {
        "observedGeneration": item["metadata"]["generation"],
        "replicas": len(pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "updatedReplicas": updated,
        "currentReplicas": updated if finished else sum(_revision(pod) == current for pod in pods),
        "currentRevision": revision if finished else current,
        "updateRevision": revision,
        "collisionCount": 0,
    }
    write_status(store, STATEFUL_SET, item, status)
    return RETRY_SECONDS if len(pods) < item["spec"]["replicas"] else None


def _revision(pod: Object) -> str:
    return str(pod["metadata"].get("labels", {}).get(_REVISION, ""))


def _ordinal(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _fill(store: Store, item: Object, revision: str) -> bool:
    """Make what is missing and take away what is too much; in order, unless the set says Parallel.

    Returns whether it came to an end: an ordered set replaces no pod while one of them is not ready.
    """
    pods = {_ordinal(pod): pod for pod in owned(store, POD, item)}
    wanted, ordered = item["spec"]["replicas"], item["spec"]["podManagementPolicy"] == "OrderedReady"
    for number in range(wanted):
        pod = pods.get(number)
        if pod is None:
            name = f"{item['metadata']['name']}-{number}"
            labels = {
                _REVISION: revision,
                "statefulset.kubernetes.io/pod-name": name,
                "apps.kubernetes.io/pod-index": str(number),
            }
            if make_pod(store, item, labels, name):
                return False
        elif pod["status"].get("phase") in {"Failed", "Succeeded"}:
            drop_pod(store, item, pod)
        if ordered and (pod is None or not is_ready(pod) or "deletionTimestamp" in pod["metadata"]):
            return False
    for number in sorted(pods, reverse=True):
        if number >= wanted:
            if "deletionTimestamp" not in pods[number]["metadata"]:
                drop_pod(store, item, pods[number])
            if ordered:
                return False
    return True


def _update(store: Store, item: Object, revision: str) -> None:
    strategy = item["spec"]["updateStrategy"]
    pods = sorted(owned(store, POD, item), key=_ordinal, reverse=True)
    if strategy["type"] != "RollingUpdate" or len(pods) < item["spec"]["replicas"]:
        return
    partition = strategy.get("rollingUpdate", {}).get("partition", 0)
    for pod in pods:
        if "deletionTimestamp" in pod["metadata"]:
            return
        if _ordinal(pod) >= partition and _revision(pod) != revision:
            drop_pod(store, item, pod)
            return
        if not is_ready(pod):
            return


def reconcile_daemon_set(store: Store, item: Object) -> float | None:
    """One pod on the one node; an old revision is replaced. Returns in how many seconds to try again, if at all."""
    revision = template_hash(item["spec"]["template"])
    pods = active(everything := owned(store, POD, item))
    wanted = len(store.all(NODE))
    leaving = len(everything) - len(pods) - sum(pod["status"].get("phase") == "Failed" for pod in everything)
    missing = range(wanted - len(pods) - leaving)
    refused = any(make_pod(store, item, {_REVISION: revision}) for _ in missing)  # one that is refused will do
    for pod in pods:
        if _revision(pod) != revision and item["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            drop_pod(store, item, pod)
    pods = active(owned(store, POD, item))
    ready = sum(map(is_ready, pods))
    status = {
        "observedGeneration": item["metadata"]["generation"],
        "currentNumberScheduled": len(pods),
        "desiredNumberScheduled": wanted,
        "updatedNumberScheduled": sum(_revision(pod) == revision for pod in pods),
        "numberReady": ready,
        "numberAvailable": ready,
        "numberUnavailable": wanted - ready,
        "numberMisscheduled": 0,
    }
    write_status(store, DAEMON_SET, item, status)
    return RETRY_SECONDS if refused else None
