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
from bootheal.model import Happening, Ref
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


class KubeHappenings:
    """The Happenings port."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._counts: dict[str, int] = {}

    def tell(self, happening: Happening, epoch: str) -> None:
        """Write it, or count it where it was written in this boot. For one thread."""
        namespace, name = happening.object.namespace or DEFAULT, _name(happening, epoch)
        path, about = EVENTS.format(namespace), f"an Event about {happening.object}"
        if name in self._counts:
            self._count(f"{path}/{name}", name, happening, about)
            return
        body = self._body(happening, namespace, name)
        try:
            self._api.write("POST", path, body, about=about)
            self._counts[name] = 1
        except ConflictError:  # a process before us has written it
            self._counts[name] = 1
            self._count(f"{path}/{name}", name, happening, about)

    def _count(self, path: str, name: str, happening: Happening, about: str) -> None:
        self._counts[name] += 1
        series = {"count": self._counts[name], "lastObservedTime": stamp(happening.at)}
        self._api.write("PATCH", path, {"series": series}, about=about, content_type=MERGE_PATCH)

    def _body(self, happening: Happening, namespace: str, name: str) -> dict[str, Any]:
        version, kind, _ = KINDS[happening.object.kind]
        regarding = {"apiVersion": version, "kind": kind, "name": happening.object.name}
        regarding |= {"namespace": happening.object.namespace} if happening.object.namespace else {}
        if uid := self._uid(happening.object):
            regarding["uid"] = uid  # `kubectl describe` asks by it
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "eventTime": stamp(happening.at),
            "reportingController": OWNER,
            "reportingInstance": quoted(socket.gethostname(), 128) or OWNER,
            "action": happening.action,
            "reason": happening.reason,
            "regarding": regarding,
            "note": happening.note,
            "type": "Warning" if happening.warning else "Normal",
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


def _name(happening: Happening, epoch: str) -> str:
    """Name it by what it is about, so that the same in one boot has one name."""
    what = "\0".join((epoch, str(happening.object), happening.action, happening.reason))
    sum_of_it = hashlib.sha256(what.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{happening.object.name[:LONGEST_NAME].rstrip('.-')}.{sum_of_it}"
