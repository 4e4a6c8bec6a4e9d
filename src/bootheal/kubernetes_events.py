"""Events of ours -> Events of Kubernetes: what was done to an object, and which workload does not come back. Pure."""

from collections.abc import Iterable, Iterator

from bootheal.model import WORKLOADS, Event, EventKind, KubernetesEvent, Ref, Right
from bootheal.model.quoted import quoted

GROUP = "events.k8s.io"

# As Kubernetes limits them; a note has 1024 bytes, whatever characters they are.
LONGEST_NOTE = 250

# What is not of Kubernetes has kinds of our own, such as a role; of these nothing could be described.
KINDS = frozenset({"pod", *WORKLOADS, "node", "configmap", "service", "lease"})
CLUSTER_WIDE = frozenset({"node"})


def kubernetes_event(event: Event) -> KubernetesEvent | None:
    """Return what is worth an Event of Kubernetes, None where nothing is. Its texts have been told before."""
    match event.kind:
        case EventKind.ACTED | EventKind.FAILED:
            where = _object(event.object) or _object(event.step)
            if where is None or not event.action:
                return None
            failed = event.kind is EventKind.FAILED
            reason = f"Bootheal{_camel(event.action)}{'Failed' if failed else ''}"
            because = f": {event.cause}" if event.cause else ""
            return KubernetesEvent(
                where, event.action, reason, _note(f"{event.text}{because}"), event.at, warning=failed
            )
        case EventKind.GAVE_UP | EventKind.BUG:
            where = _object(event.step)
            if where is None or where.kind not in WORKLOADS:
                return None
            hint = f" -- {event.hint}" if event.hint else ""
            return KubernetesEvent(
                where, "give-up", "BoothealGaveUp", _note(f"{event.text}{hint}"), event.at, warning=True
            )
        case _:
            return None


def rights(namespaces: Iterable[str]) -> Iterator[Right]:
    """Yield what telling it takes."""
    for namespace in sorted(namespaces):
        yield Right("create", "events", namespace, GROUP)
        yield Right("patch", "events", namespace, GROUP)


def _object(name: str) -> Ref | None:
    """Understand `kind/namespace/name`, or `node/name`."""
    match name.split("/"):
        case [kind, namespace, own] if kind in KINDS - CLUSTER_WIDE:
            return Ref(kind, namespace, own)
        case [kind, own] if kind in CLUSTER_WIDE:
            return Ref(kind, "", own)
        case _:
            return None


def _note(text: str) -> str:
    return quoted(text, LONGEST_NOTE)


def _camel(action: str) -> str:
    return "".join(word.capitalize() for word in action.split("-"))
