"""The changes of the cluster: each with preconditions, each in the kept lists before the next look."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from bootheal.adapters.kube import workloads
from bootheal.adapters.kube.api import MERGE_PATCH, STRATEGIC_PATCH, Api
from bootheal.adapters.kube.deletion import delete_all
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.lists import CORE, RESOURCES, Lists
from bootheal.adapters.kube.objects import LENT
from bootheal.adapters.kube.operated import path_in_flux
from bootheal.dependencies import flux
from bootheal.errors import BoothealError, ConflictError, MissingError
from bootheal.model import Document, PodToDelete, Ref


class KubeWriter:
    """The ClusterWriter port."""

    def __init__(self, api: Api, lists: Lists) -> None:
        self._api, self._lists = api, lists

    def delete_pod(self, pod: Ref, uid: str, version: str = "", *, force: bool = False) -> None:
        """Delete at that UID and, where one is given, resourceVersion."""
        path = RESOURCES["pod"].path(pod.namespace, pod.name)
        preconditions = {"uid": uid} | ({"resourceVersion": version} if version else {})
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
        options |= {"gracePeriodSeconds": 0} if force else {}
        try:
            with self._as_seen(pod):
                raw = self._api.write("DELETE", path, options, about=str(pod))
        except MissingError:
            raw = {}
        with understood(f"the end of {pod}"):
            ends = "deletionTimestamp" in raw.get("metadata", {})
        if ends:
            self._lists.enter("pod", pod.namespace, raw)
        else:
            self._lists.drop(pod, uid)  # it went at once, as pods do that have ended or were never placed

    def delete_pods(self, pods: Sequence[PodToDelete]) -> None:
        """Keep some requests under way at once, for a bounded time; after it, raise the first failure."""
        delete_all(pods, lambda doomed: self.delete_pod(doomed.ref, doomed.uid, doomed.version), self._api.scope)

    def note_loan(self, pod: Ref, uid: str, key: str, value: str | None) -> None:
        """Annotate it, at that UID."""
        body = {"metadata": {"uid": uid, "annotations": {f"{LENT}{key}": value}}}
        path = RESOURCES["pod"].path(pod.namespace, pod.name)
        with self._as_seen(pod):
            raw = self._api.write("PATCH", path, body, about=str(pod), content_type=MERGE_PATCH)
        self._lists.enter("pod", pod.namespace, raw)

    def roll_out(self, workload: Ref, version: str, cause: str, at: float) -> None:
        """Annotate the pod template, at that resourceVersion."""
        stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
        annotations = {workloads.CAUSE: cause, workloads.RESTARTED_AT: stamp}
        body = {
            "metadata": {"resourceVersion": version},
            "spec": {"template": {"metadata": {"annotations": annotations}}},
        }
        path = RESOURCES[workload.kind].path(workload.namespace, workload.name)
        with self._as_seen(workload):
            raw = self._api.write("PATCH", path, body, about=str(workload), content_type=STRATEGIC_PATCH)
        self._lists.enter(workload.kind, workload.namespace, raw)

    def uncordon(self, node: str, version: str) -> None:
        """Make a node schedulable, at that resourceVersion."""
        body = {"metadata": {"resourceVersion": version}, "spec": {"unschedulable": None}}
        path, ref = f"{CORE}/nodes/{node}", Ref("node", "", node)
        with self._as_seen(ref):
            raw = self._api.write("PATCH", path, body, about=f"node/{node}", content_type=MERGE_PATCH)
        self._lists.enter("node", "", raw)

    def scale(self, workload: Ref, version: str, replicas: int, *, was: int | None, cause: str = "") -> None:
        """Set the number of replicas and note what it was, in one request, at that resourceVersion."""
        noted = {workloads.SCALED_FROM: None if was is None else str(was)} | ({workloads.CAUSE: cause} if cause else {})
        body = {"metadata": {"resourceVersion": version, "annotations": noted}, "spec": {"replicas": replicas}}
        path = RESOURCES[workload.kind].path(workload.namespace, workload.name)
        with self._as_seen(workload):
            raw = self._api.write("PATCH", path, body, about=str(workload), content_type=MERGE_PATCH)
        self._lists.enter(workload.kind, workload.namespace, raw)

    def request_reconciliation(self, what: Ref, at: float) -> None:
        """Annotate an object of Flux, in the version of its kind that this cluster prefers."""
        path = path_in_flux(self._api, what)
        stamp = datetime.fromtimestamp(at, UTC).isoformat()
        body = {"metadata": {"annotations": {flux.REQUESTED_AT: stamp}}}
        self._api.write("PATCH", path, body, about=str(what), content_type=MERGE_PATCH)

    def write_document(self, document: Document, text: str) -> None:
        """Replace one key, at that resourceVersion."""
        ref = document.ref
        body = {"metadata": {"resourceVersion": document.version}, "data": {document.key: text}}
        path = f"{CORE}/namespaces/{ref.namespace}/configmaps/{ref.name}"
        self._api.write("PATCH", path, body, about=str(ref), content_type=MERGE_PATCH)

    def release(self, lease: Ref, version: str) -> None:
        """Empty its holder, at that resourceVersion."""
        body = {"metadata": {"resourceVersion": version}, "spec": {"holderIdentity": ""}}
        path = f"/apis/coordination.k8s.io/v1/namespaces/{lease.namespace}/leases/{lease.name}"
        self._api.write("PATCH", path, body, about=str(lease), content_type=MERGE_PATCH)

    @contextmanager
    def _as_seen(self, ref: Ref) -> Iterator[None]:
        """Where the object is not what was seen, ask for it: a watch that is late would show the same again."""
        try:
            yield
        except ConflictError:
            with suppress(BoothealError):  # then the watch will tell
                self._lists.renew(ref)
            raise
