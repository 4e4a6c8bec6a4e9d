"""What a reboot may leave behind of a Deployment's pods: dead ones, and some that never go."""

from __future__ import annotations

from bootheal.demo.control.workloads import owner_reference
from bootheal.demo.node.kubelet import Kubelet
from bootheal.demo.objects.kinds import POD, REPLICA_SET, Object
from bootheal.demo.objects.store import Store
from bootheal.demo.objects.times import now
from bootheal.demo.shop import NAMESPACE

_MESSAGES = {"Terminated": "Pod was terminated in response to imminent node shutdown."}


def leave_one(store: Store) -> None:
    """Leave a pod that an orderly shutdown ended, unless there is one; its ReplicaSet has replaced it."""
    owner = replica_set(store, "django")
    if owner is not None and not any(pod["status"]["phase"] == "Failed" for pod in store.owned(POD, owner)):
        store.create(POD, dead_pod(owner, store.suffix(), "Terminated"))


def leave_many(store: Store, count: int, reason: str) -> None:
    """Leave a heap of dead pods, called …-00000 and so on."""
    owner = replica_set(store, "django")
    for number in range(count if owner else 0):
        store.create(POD, dead_pod(owner or {}, f"{number:05}", reason))


def leave_terminating(store: Store, kubelet: Kubelet, seconds: int, *, known: bool, finalizers: list[str]) -> str:
    """Leave a pod that should have gone `seconds` ago; the kubelet knows of it or does not. Return its name."""
    owner = replica_set(store, "django")
    pod = dead_pod(owner or {}, store.suffix(), "")
    name = str(pod["metadata"]["name"])
    if not known:
        kubelet.unknown.add(name)
    pod["metadata"] |= {"deletionTimestamp": now(-seconds), "deletionGracePeriodSeconds": 30, "finalizers": finalizers}
    pod["status"] = {"phase": "Running"}
    store.create(POD, pod)
    return name


def replica_set(store: Store, app: str) -> Object | None:
    """The ReplicaSet that an application's Deployment uses."""
    sets = (item for item in store.all(REPLICA_SET) if item["metadata"]["labels"]["app"] == app)
    return next((item for item in sets if item["spec"]["replicas"]), None)


def dead_pod(owner: Object, suffix: str, reason: str) -> Object:
    """A pod that is over, as the kubelet left it."""
    template = owner["spec"]["template"]
    return {
        "metadata": {
            "name": f"{owner['metadata']['name']}-{suffix}",
            "namespace": NAMESPACE,
            "labels": dict(template["metadata"]["labels"]),
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": template["spec"] | {"nodeName": "demo"},
        "status": {"phase": "Failed", "reason": reason, "message": _MESSAGES.get(reason, "")},
    }
