"""What the workload controllers share: ownership, templates, pods and their readiness. Pure, over the store."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json

from bootheal.demo.objects import events
from bootheal.demo.objects.answers import ApiError
from bootheal.demo.objects.kinds import POD, Kind, Object
from bootheal.demo.objects.store import Store
from bootheal.demo.objects.times import now

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
SOURCE = "controller-manager"


def template_hash(template: Object) -> str:
    """Ten letters that change with the pod template."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:10])


def owner_reference(owner: Object) -> Object:
    """The controller reference that a dependant carries."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned(store: Store, kind: Kind, owner: Object) -> list[Object]:
    """The objects of a kind that an object controls."""
    return store.owned(kind, owner)


def active(pods: list[Object]) -> list[Object]:
    """Those that count: neither over nor on their way out."""
    return [
        pod
        for pod in pods
        if pod["status"].get("phase") not in {"Succeeded", "Failed"} and "deletionTimestamp" not in pod["metadata"]
    ]


RETRY_SECONDS = 1.0
"""When a controller tries again to create a pod that was refused; the real one waits ever longer."""


def make_pod(store: Store, owner: Object, labels: Object, name: str = "") -> str:
    """Create a pod from the owner's template; return why that was refused, "" if it was not."""
    template, metadata = owner["spec"]["template"], owner["metadata"]
    pod_metadata = copy.deepcopy(template.get("metadata", {}))
    pod_metadata["labels"] = pod_metadata.get("labels", {}) | labels
    pod_metadata |= {"name": name} if name else {"generateName": f"{metadata['name']}-"}
    pod_metadata |= {"namespace": metadata["namespace"], "ownerReferences": [owner_reference(owner)]}
    try:
        pod = store.create(POD, {"metadata": pod_metadata, "spec": copy.deepcopy(template["spec"])})
    except ApiError as error:
        said = f"create Pod {name} in {owner['kind']} {metadata['name']} failed error" if name else "Error creating"
        _event(store, owner, "FailedCreate", f"{said}: {error.message}", warning=True)
        return error.message
    _event(store, owner, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
    return ""


def _event(store: Store, owner: Object, reason: str, message: str, *, warning: bool = False) -> None:
    """Say it, unless events may not be written where it happens."""
    with contextlib.suppress(ApiError):
        events.record(store, owner, reason, message, source=SOURCE, warning=warning)


def replica_failure(before: Object, why: str) -> list[Object]:
    """The condition of a workload whose pods are refused; none where they are not."""
    if not why:
        return []
    old: Object = next((c for c in before.get("conditions", []) if c["type"] == "ReplicaFailure"), {})
    since = old.get("lastTransitionTime") or now()
    return [
        {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate",
            "message": why,
            "lastTransitionTime": since,
        }
    ]


def drop_pod(store: Store, owner: Object, pod: Object) -> None:
    """Delete a pod gracefully."""
    metadata = pod["metadata"]
    store.delete(POD, metadata["namespace"], metadata["name"])
    events.record(store, owner, "SuccessfulDelete", f"Deleted pod: {metadata['name']}", source=SOURCE)


def write_status(store: Store, kind: Kind, item: Object, status: Object) -> None:
    """Store a workload's status; a status that says nothing new changes nothing."""
    metadata = item["metadata"]
    store.edit(kind, metadata["namespace"], metadata["name"], lambda new: new.update(status=status))
