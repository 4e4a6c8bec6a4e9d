"""Writing Kubernetes Events; the same thing said again only counts."""

from __future__ import annotations

from bootheal.demo.objects.kinds import EVENT, NODE, Object
from bootheal.demo.objects.store import Store
from bootheal.demo.objects.times import now


def record(store: Store, about: Object, reason: str, message: str, *, source: str, warning: bool = False) -> None:
    """Say of an object what happened to it. Events of the node live in the namespace `default`."""
    metadata = about["metadata"]
    namespace = metadata.get("namespace", "default")
    involved = {
        "kind": about["kind"],
        "apiVersion": about["apiVersion"],
        "name": metadata["name"],
        "uid": metadata["name"] if about["kind"] == NODE.name else metadata["uid"],
    }
    involved |= {"namespace": metadata["namespace"]} if "namespace" in metadata else {}
    for known in store.all(EVENT, namespace):
        said = (known["involvedObject"].get("uid"), known["reason"], known["message"])
        if said == (involved["uid"], reason, message):
            store.edit(EVENT, namespace, known["metadata"]["name"], _count)
            return
    event = {
        "metadata": {"name": f"{metadata['name']}.{store.random.getrandbits(64):016x}", "namespace": namespace},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "type": "Warning" if warning else "Normal",
        "source": {"component": source},
        "firstTimestamp": now(),
        "lastTimestamp": now(),
        "count": 1,
        "eventTime": None,
        "reportingComponent": source,
        "reportingInstance": "",
    }
    store.create(EVENT, event)


def _count(event: Object) -> None:
    event["count"] += 1
    event["lastTimestamp"] = now()
