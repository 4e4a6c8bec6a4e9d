"""The Cluster port: reads from kept lists where there are some, writes with preconditions."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bootheal.adapters.kube import objects, webhooks, workloads
from bootheal.adapters.kube.api import MERGE_PATCH, STRATEGIC_PATCH, Api
from bootheal.adapters.kube.evidence import pod_evidence, tail
from bootheal.adapters.kube.lists import CORE, RESOURCES, Lists
from bootheal.adapters.kube.secrets import Secrets
from bootheal.adapters.redaction import Redaction
from bootheal.dependencies import flux
from bootheal.errors import BoothealError, ConflictError, DeniedError, MissingError, PermanentError
from bootheal.model import (
    DELETES_AT_ONCE,
    Answer,
    Backup,
    Budget,
    Credentials,
    Document,
    Endpoint,
    Extensions,
    Leadership,
    Lease,
    Login,
    Node,
    Pod,
    PodToDelete,
    Readiness,
    Ref,
    Right,
    Service,
    Workload,
)
from bootheal.ports import Interest

LEASES = "kube-node-lease"

# Where a kubelet has a pod from: "api", or "file" and the like.
SOURCE = "kubernetes.io/config.source"

# A server that needs longer for this is not ready; and one that never answers must not hold up the gate.
READYZ_TIMEOUT_SECONDS = 5.0

# Remarks on what is broken are for a person, who reads them later.
BROKEN_SECONDS = 10.0
LOG_SECONDS = 2.0


class KubeCluster:
    """The cluster behind one Api."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lists = Lists(api)
        self._first_renewals: dict[str, float] = {}
        self._extensions = (float("-inf"), Extensions())
        self._tails: dict[tuple[Ref, str, int, bool], tuple[float, str]] = {}
        self._redact = Redaction()
        self._secrets = Secrets(api, self._redact)
        self._modes: dict[tuple[str, str], tuple[str, ...]] = {}
        self._lock = threading.Lock()

    # --- reading ----------------------------------------------------------------------------------

    def readiness(self) -> Readiness:
        """Ask /readyz?verbose and name the first check that fails."""
        status, text = self._api.text("/readyz", [("verbose", "true")], about="/readyz", timeout=READYZ_TIMEOUT_SECONDS)
        if status == 200:  # noqa: PLR2004 - OK
            return Readiness(ready=True)
        failing = [line.split()[0].removeprefix("[-]") for line in text.splitlines() if line.startswith("[-]")]
        return Readiness(ready=False, why=f"/readyz says {status}", check=failing[0] if failing else "")

    def nodes(self) -> Sequence[Node]:
        """List the nodes."""
        return list(self._lists.items("node", "").values())

    def lease(self, node: str) -> Lease | None:
        """Return the node's Lease; it has `advanced` once this process has seen two renewals."""
        lease: Lease | None = self._lists.items("lease", LEASES).get(node)
        if lease is None:
            return None
        first = self._first_renewals.setdefault(node, lease.renewed)
        return Lease(lease.renewed, lease.duration, advanced=lease.renewed > first)

    def pods(self, namespace: str, labels: Mapping[str, str] | None = None) -> Sequence[Pod]:
        """List the pods that carry all `labels`."""
        wanted = (labels or {}).items()
        return [pod for pod in self._lists.items("pod", namespace).values() if wanted <= pod.labels.items()]

    def workload(self, ref: Ref) -> Workload:
        """Return a workload. PermanentError where its pods can't be told apart from others."""
        workload: Workload = self._lists.one(ref)
        if not workload.selector:
            hint = "bootheal knows selectors of matchLabels only; leave this workload out of the configuration"
            raise PermanentError(f"cannot tell the pods of {ref} from others: it selects by expressions", hint=hint)
        if workload.refused or workload.replicas < workload.desired:
            broken = self.extensions(at_most=BROKEN_SECONDS)
            return replace(workload, refused=webhooks.refusal(self._api.get, workload, broken))
        return workload

    def budgets(self, namespace: str) -> Sequence[Budget]:
        """List the PodDisruptionBudgets; none where we may not."""
        try:
            return list(self._lists.items("poddisruptionbudget", namespace).values())
        except DeniedError:
            return ()

    def access_modes(self, namespace: str, claim: str) -> tuple[str, ...]:
        """Read a PersistentVolumeClaim, once: its access modes never change. Empty where we may not, or it is gone."""
        key = (namespace, claim)
        if key not in self._modes:
            path = f"{CORE}/namespaces/{namespace}/persistentvolumeclaims/{claim}"
            try:
                raw = self._api.get(path, about=f"persistentvolumeclaim/{namespace}/{claim}")
            except PermanentError:
                return ()
            self._modes[key] = tuple(raw.get("spec", {}).get("accessModes") or ())
        return self._modes[key]

    def service(self, namespace: str, name: str) -> Service:
        """Return a Service."""
        return self._lists.one(Ref("service", namespace, name))  # type: ignore[no-any-return]

    def services(self, namespace: str) -> Sequence[Service]:
        """List the Services."""
        return list(self._lists.items("service", namespace).values())

    def endpoints(self, namespace: str, service: str) -> Sequence[Endpoint]:
        """Return what all slices of the Service hold."""
        slices = self._lists.items("endpointslice", namespace).values()
        return [endpoint for owner, found in slices for endpoint in found if owner == service]

    def leadership(self, namespace: str, service: str) -> Leadership | None:
        """Read the Endpoints of the Service's name."""
        return objects.leadership(self._get(CORE, "endpoints", Ref("endpoints", namespace, service)))

    def directory(self, namespace: str, claim: str) -> str:
        """Follow a claim to its volume; a claim or volume that is gone is the scheduler's trouble, not ours."""
        try:
            bound = self._get(CORE, "persistentvolumeclaims", Ref("persistentvolumeclaim", namespace, claim))
            name = bound.get("spec", {}).get("volumeName", "")
            spec = self._api.get(f"{CORE}/persistentvolumes/{name}", about=f"persistentvolume/{name}").get("spec", {})
        except MissingError:
            return ""
        return str((spec.get("local") or spec.get("hostPath") or {}).get("path", ""))

    def extensions(self, *, at_most: float = 300.0) -> Extensions:
        """Read webhooks and aggregated APIs; what was well is believed for `at_most` seconds, what was not for ten."""
        with self._lock:
            at, found = self._extensions
        keep = BROKEN_SECONDS if found.unavailable or found.unreachable else at_most
        if time.monotonic() - at >= keep:
            found = webhooks.read(self._api.get)
            with self._lock:
                self._extensions = (time.monotonic(), found)
        return found

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        """Read user and password from a Secret; `fresh` insists on asking the API server."""
        return self._secrets.credentials(login, fresh=fresh)

    def certificate(self, where: Ref, key: str) -> str:
        """Read a certificate; MissingError where there is none."""
        if where.kind == "file":
            text = _read_file(where.name)
        elif where.kind == "secret":
            text = self._secrets.value(where, key)
        else:
            text = self.document(where, key).text
        if "-----BEGIN CERTIFICATE-----" not in text:
            name = f"key {key} of {where}" if key else str(where)
            raise MissingError(f"cannot use {name}: it holds no certificate in PEM form", hint="see the database's tls")
        return text

    def newest_backup(self, cronjob: Ref) -> Backup | None:
        """Look through the namespace's Jobs."""
        jobs: Iterable[Backup] = self._lists.items("job", cronjob.namespace).values()
        succeeded = [job for job in jobs if job.made_by == cronjob and job.ended]
        return max(succeeded, key=lambda job: job.ended, default=None)

    def document(self, config_map: Ref, key: str) -> Document:
        """Read one key of a ConfigMap."""
        raw = self._get(CORE, "configmaps", config_map)
        text = (raw.get("data") or {}).get(key)
        if text is None:
            raise MissingError(f"cannot find key {key} in {config_map}", hint="see the pooler's settings_in")
        return Document(config_map, key, text, raw["metadata"].get("resourceVersion", ""), objects.manager(raw))

    def log_tail(self, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
        """Return the last lines of a log, without any password that this process has read."""
        asked = (pod, container, lines, previous)
        at, text = self._tails.get(asked, (float("-inf"), ""))
        if time.monotonic() - at < LOG_SECONDS:
            return text
        text, now = self._redact(tail(self._api, pod, container, lines, previous=previous)), time.monotonic()
        fresh = {key: known for key, known in self._tails.items() if now - known[0] < LOG_SECONDS}
        self._tails = fresh | {asked: (now, text)}
        return text

    def pod_evidence(self, pod: Ref, containers: Sequence[str], lines: int) -> Mapping[str, str]:
        """Return what the pod leaves behind, without any password."""
        return pod_evidence(self._api, pod, containers, lines, self._redact)

    def pods_of_kubelet(self, node: str) -> frozenset[str]:
        """Ask the kubelet itself, through the API server's node proxy. Static pods are from files."""
        raw = self._api.get(f"{CORE}/nodes/{node}/proxy/pods", about=f"the pods of the kubelet of {node}")
        found = (item["metadata"] for item in raw.get("items") or ())
        return frozenset(pod["uid"] for pod in found if (pod.get("annotations") or {}).get(SOURCE, "api") == "api")

    def exec(self, pod: Ref, container: str, command: Sequence[str], timeout: float) -> Answer:
        """Run a command; what it says is told without any password that this process has read."""
        query = [("command", word) for word in command] + [("stdout", "true"), ("stderr", "true")]
        query += [("container", container)] if container else []
        answer = self._api.run(pod.namespace, pod.name, query, timeout)
        return replace(answer, text=self._redact(answer.text), value=self._redact(answer.value))

    def may(self, right: Right) -> bool:
        """Create a SelfSubjectAccessReview, which changes nothing."""
        resource, _, subresource = right.resource.partition("/")
        attributes = {"verb": right.verb, "resource": resource, "group": right.group, "namespace": right.namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes | ({"subresource": subresource} if subresource else {})},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        raw = self._api.write("POST", path, body, about=f"the right to {right}")
        return bool(raw.get("status", {}).get("allowed"))

    # --- writing ----------------------------------------------------------------------------------

    def delete_pod(self, pod: Ref, uid: str, version: str = "", *, force: bool = False) -> None:
        """Delete at that UID and, where one is given, resourceVersion."""
        path = RESOURCES["pod"].path(pod.namespace, pod.name)
        preconditions = {"uid": uid} | ({"resourceVersion": version} if version else {})
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
        options |= {"gracePeriodSeconds": 0} if force else {}
        try:
            raw = self._api.write("DELETE", path, options, about=str(pod))
        except MissingError:
            raw = {}
        if "deletionTimestamp" in raw.get("metadata", {}):
            self._lists.enter("pod", pod.namespace, raw)
        else:
            self._lists.drop(pod, uid)  # it went at once, as pods do that have ended or were never placed

    def delete_pods(self, pods: Sequence[PodToDelete]) -> None:
        """Keep some requests under way at once; after one that failed no other is begun."""
        failed: list[BoothealError] = []

        def delete(doomed: PodToDelete) -> None:
            if failed:
                return
            try:
                self.delete_pod(doomed.ref, doomed.uid, doomed.version)
            except ConflictError:
                return
            except BoothealError as error:
                failed.append(error)

        with ThreadPoolExecutor(DELETES_AT_ONCE) as pool:
            list(pool.map(delete, pods))
        if failed:
            raise failed[0]

    def roll_out(self, workload: Ref, version: str, cause: str, at: float) -> None:
        """Annotate the pod template, at that resourceVersion."""
        stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
        annotations = {workloads.CAUSE: cause, workloads.RESTARTED_AT: stamp}
        body = {
            "metadata": {"resourceVersion": version},
            "spec": {"template": {"metadata": {"annotations": annotations}}},
        }
        path = RESOURCES[workload.kind].path(workload.namespace, workload.name)
        raw = self._api.write("PATCH", path, body, about=str(workload), content_type=STRATEGIC_PATCH)
        self._lists.enter(workload.kind, workload.namespace, raw)

    def uncordon(self, node: str, version: str) -> None:
        """Make a node schedulable, at that resourceVersion."""
        body = {"metadata": {"resourceVersion": version}, "spec": {"unschedulable": None}}
        path, about = f"{CORE}/nodes/{node}", f"node/{node}"
        self._lists.enter("node", "", self._api.write("PATCH", path, body, about=about, content_type=MERGE_PATCH))

    def scale(self, workload: Ref, version: str, replicas: int, *, was: int | None, cause: str = "") -> None:
        """Set the number of replicas and note what it was, in one request, at that resourceVersion."""
        noted = {workloads.SCALED_FROM: None if was is None else str(was)} | ({workloads.CAUSE: cause} if cause else {})
        body = {"metadata": {"resourceVersion": version, "annotations": noted}, "spec": {"replicas": replicas}}
        path = RESOURCES[workload.kind].path(workload.namespace, workload.name)
        raw = self._api.write("PATCH", path, body, about=str(workload), content_type=MERGE_PATCH)
        self._lists.enter(workload.kind, workload.namespace, raw)

    def request_reconciliation(self, what: Ref, at: float) -> None:
        """Annotate an object of Flux, in the version of its kind that this cluster prefers."""
        group, plural = flux.RESOURCES[what.kind]
        served = self._api.get(f"/apis/{group}", about=f"{group}, which Flux serves")
        path = f"/apis/{served['preferredVersion']['groupVersion']}/namespaces/{what.namespace}/{plural}/{what.name}"
        stamp = datetime.fromtimestamp(at, UTC).isoformat()
        body = {"metadata": {"annotations": {flux.REQUESTED_AT: stamp}}}
        self._api.write("PATCH", path, body, about=str(what), content_type=MERGE_PATCH)

    def write_document(self, document: Document, text: str) -> None:
        """Replace one key, at that resourceVersion."""
        ref = document.ref
        body = {"metadata": {"resourceVersion": document.version}, "data": {document.key: text}}
        path = f"{CORE}/namespaces/{ref.namespace}/configmaps/{ref.name}"
        self._api.write("PATCH", path, body, about=str(ref), content_type=MERGE_PATCH)

    # --- watching ---------------------------------------------------------------------------------

    def rights(self, interests: frozenset[Interest]) -> frozenset[Right]:
        """Name what keeping these lists needs."""
        return self._lists.rights(interests)

    def watch(self, interests: frozenset[Interest], changed: Callable[[Interest], None]) -> None:
        """Keep a list for each interest from now on."""
        self._lists.watch(interests, changed)

    def close(self) -> None:
        """Stop watching."""
        self._lists.close()
        self._api.close()

    # --- helpers ----------------------------------------------------------------------------------

    def _get(self, group: str, plural: str, ref: Ref) -> objects.Raw:
        raw: objects.Raw = self._api.get(f"{group}/namespaces/{ref.namespace}/{plural}/{ref.name}", about=str(ref))
        return raw


def _read_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise MissingError(f"cannot read {path}: {reason}", hint="see the database's tls") from None
