"""Writes Events of Kubernetes (events.k8s.io/v1), so that `kubectl describe` tells what was done; the same is counted.

Each takes up to three short requests. Where an object's UID cannot be read the Event is written without it.
"""

import hashlib
import socket
from contextlib import suppress
from typing import Any

from bootheal.adapters.kube.api import MERGE_PATCH, OWNER, Api
from bootheal.adapters.kube.objects import stamp
from bootheal.errors import BoothealError, ConflictError
from bootheal.model import KubernetesEvent, Ref
from bootheal.model.quoted import quoted

EVENTS = "/apis/events.k8s.io/v1/namespaces/{}/events"

# Of what is in no namespace, Kubernetes keeps its own Events here, too.
DEFAULT = "default"
LONGEST_NAME = 230

# For each kind: its version and name in a manifest, and its resource.
KINDS = {
    "pod": ("v1", "Pod", "pods"),
    "node": ("v1", "Node", "nodes"),
    "configmap": ("v1", "ConfigMap", "configmaps"),
    "service": ("v1", "Service", "services"),
    "deployment": ("apps/v1", "Deployment", "deployments"),
    "statefulset": ("apps/v1", "StatefulSet", "statefulsets"),
    "daemonset": ("apps/v1", "DaemonSet", "daemonsets"),
    "lease": ("coordination.k8s.io/v1", "Lease", "leases"),
}


class KubeEvents:
    """The KubernetesEvents port."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._counts: dict[str, int] = {}

    def tell(self, event: KubernetesEvent, epoch: str) -> None:
        """Write it, or count it where it was written in this boot. For one thread."""
        namespace, name = event.object.namespace or DEFAULT, _name(event, epoch)
        path, about = EVENTS.format(namespace), f"an Event about {event.object}"
        if name in self._counts:
            self._count(f"{path}/{name}", name, event, about)
            return
        body = self._body(event, namespace, name)
        try:
            self._api.write("POST", path, body, about=about)
            self._counts[name] = 1
        except ConflictError:  # a process before us has written it
            self._counts[name] = 1
            self._count(f"{path}/{name}", name, event, about)

    def _count(self, path: str, name: str, event: KubernetesEvent, about: str) -> None:
        self._counts[name] += 1
        series = {"count": self._counts[name], "lastObservedTime": stamp(event.at)}
        self._api.write("PATCH", path, {"series": series}, about=about, content_type=MERGE_PATCH)

    def _body(self, event: KubernetesEvent, namespace: str, name: str) -> dict[str, Any]:
        version, kind, _ = KINDS[event.object.kind]
        regarding = {"apiVersion": version, "kind": kind, "name": event.object.name}
        regarding |= {"namespace": event.object.namespace} if event.object.namespace else {}
        if uid := self._uid(event.object):
            regarding["uid"] = uid  # `kubectl describe` asks by it
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "eventTime": stamp(event.at),
            "reportingController": OWNER,
            "reportingInstance": quoted(socket.gethostname(), 128) or OWNER,
            "action": event.action,
            "reason": event.reason,
            "regarding": regarding,
            "note": event.note,
            "type": "Warning" if event.warning else "Normal",
        }

    def _uid(self, ref: Ref) -> str:
        with suppress(BoothealError):
            raw = self._api.get(_path(ref), about=str(ref))
            return str(raw.get("metadata", {}).get("uid", ""))
        return ""


def _path(ref: Ref) -> str:
    version, _, plural = KINDS[ref.kind]
    inside = f"/namespaces/{ref.namespace}" if ref.namespace else ""
    return f"/{'apis' if '/' in version else 'api'}/{version}{inside}/{plural}/{ref.name}"


def _name(event: KubernetesEvent, epoch: str) -> str:
    """Name it by what it is about, so that the same in one boot has one name."""
    what = "\0".join((epoch, str(event.object), event.action, event.reason))
    sum_of_it = hashlib.sha256(what.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{event.object.name[:LONGEST_NAME].rstrip('.-')}.{sum_of_it}"
