"""The reads of the cluster: from kept lists where there are some, else from the API server."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bootheal.adapters.kube import admission, bound_to_node, objects, operated, operators, webhooks
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.elections import election
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.lists import CORE, UNPULLED, Lists
from bootheal.adapters.kube.rights import Rights
from bootheal.adapters.kube.typed import checked
from bootheal.adapters.ttl_cache import TtlCache
from bootheal.errors import DeniedError, MissingError, PermanentError
from bootheal.model import (
    Admission,
    Backup,
    Budget,
    ConfigMap,
    Document,
    Election,
    Endpoint,
    Extensions,
    Leadership,
    Lease,
    Node,
    Occurrence,
    Operated,
    Pod,
    Readiness,
    Ref,
    Right,
    Service,
    Workload,
)

LEASES = "kube-node-lease"

# A server that needs longer for this is not ready; and one that never answers must not hold up the gate.
READYZ_TIMEOUT_SECONDS = 5.0

# The watches that begin with a pass wake the gate while it looks for the first time.
READY_SECONDS = 0.5

# Remarks on what is broken are for a person, who reads them later.
BROKEN_SECONDS = 10.0

# Several steps ask the same of a namespace when they look at once. What limits nobody hardly begins to within a pass;
# but a webhook's slices may be those of before the boot, whose server then is gone.
ADMISSION_SECONDS, UNLIMITED_SECONDS, UNREADABLE_SECONDS = 2.0, 30.0, 1.0

# What begins has no Events yet that would tell why it does not; and they are written seconds apart.
FRESH_SECONDS, EVENTS_SECONDS = 3.0, 2.0


class KubeReader:
    """The ClusterReader port."""

    def __init__(self, api: Api, lists: Lists) -> None:
        self._api, self._lists = api, lists
        self._extensions = (float("-inf"), Extensions())
        self._readiness = TtlCache[Readiness](lambda found: READY_SECONDS if found.ready else 0.0)
        self._limits = TtlCache[admission.Limits](_believed, failed=UNREADABLE_SECONDS)
        self._broken = TtlCache[Extensions](lambda _: ADMISSION_SECONDS, failed=UNREADABLE_SECONDS)
        self._events = TtlCache[Sequence[Occurrence]](lambda _: EVENTS_SECONDS)
        self._bound = TtlCache[Sequence[Ref]](lambda _: BROKEN_SECONDS)
        self._modes: dict[tuple[str, str], tuple[str, ...]] = {}
        self._rights = Rights(api)
        self._lock = threading.Lock()

    def readiness(self) -> Readiness:
        """Ask /readyz?verbose and name the first check that fails; that none does is believed for half a second."""
        return self._readiness.get((), self._ask_readyz)

    def _ask_readyz(self) -> Readiness:
        status, text = self._api.text("/readyz", [("verbose", "true")], about="/readyz", timeout=READYZ_TIMEOUT_SECONDS)
        if status == 200:  # noqa: PLR2004 - OK
            return Readiness(ready=True)
        failing = [line.split()[0].removeprefix("[-]") for line in text.splitlines() if line.startswith("[-]")]
        return Readiness(ready=False, why=f"/readyz says {status}", check=failing[0] if failing else "")

    def watched(self, kind: str, namespace: str = "") -> bool:
        """Tell whether a list of them is kept, and its watch is live."""
        return self._lists.watched(kind, namespace)

    def nodes(self) -> Sequence[Node]:
        """List the nodes."""
        return list(self._lists.items("node", "").values())

    def lease(self, node: str) -> Lease | None:
        """Return the node's Lease, and whether it moves."""
        lease: Lease | None = self._lists.items("lease", LEASES).get(node)
        return lease and self._lists.heartbeats.seen(node, lease)

    def pods(self, namespace: str, labels: Mapping[str, str] | None = None) -> Sequence[Pod]:
        """List the pods that carry all `labels`."""
        if labels:
            return self._lists.having("pod", namespace, labels.items())
        return list(self._lists.items("pod", namespace).values())

    def unpulled(self, namespace: str) -> Sequence[Pod]:
        """List the pods that wait for an image."""
        return self._lists.having("pod", namespace, (UNPULLED,))

    def workload(self, ref: Ref) -> Workload:
        """Return a workload. PermanentError where its pods can't be told apart from others."""
        workload: Workload = self._lists.one(ref)
        if not workload.selector:
            hint = "bootheal knows selectors of matchLabels only; leave this workload out of the configuration"
            raise PermanentError(f"cannot tell the pods of {ref} from others: it selects by expressions", hint=hint)
        if workload.refused or workload.replicas < workload.desired:
            broken = self.extensions(at_most=BROKEN_SECONDS)
            if workload.refused:
                return replace(workload, refused=webhooks.refusal(workload.refused, broken))
            said = admission.failed_create(self.occurrences(ref), time.time())
            return replace(workload, refused=webhooks.refusal(said, broken, history=True))
        return workload

    def occurrences(self, about: Ref) -> Sequence[Occurrence]:
        """Ask for the Events of an object, at most every two seconds; of a watched pod that was just made, for none."""
        if about.kind == "pod" and self._made_just_now(about):
            return ()
        return self._events.get(about, lambda: admission.occurrences(self._api.get, about))

    def _made_just_now(self, ref: Ref) -> bool:
        pod: Pod | None = self._lists.kept(ref)  # who has no watch looks once, and not again when it is older
        return pod is not None and abs(time.time() - pod.created) < FRESH_SECONDS

    def bound_to(self, node: str) -> Sequence[Ref]:
        """Read pods and volumes of all namespaces, at most every ten seconds."""
        return self._bound.get(node, partial(bound_to_node.bound, self._api.get, node))

    def admission(self, namespace: str) -> Admission:
        """Read the namespace and its quotas, every few seconds at most; webhooks as `extensions` has them."""
        limits = self._limits.get(namespace, partial(admission.limits, self._api.get, namespace))
        broken = self._broken.get((), partial(self.extensions, at_most=BROKEN_SECONDS))
        return admission.admission(limits, broken.unreachable)

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
            try:
                raw = self._claim(namespace, claim)
            except PermanentError:
                return ()
            with understood(f"persistentvolumeclaim/{namespace}/{claim}"):
                self._modes[key] = tuple(map(str, raw.get("spec", {}).get("accessModes") or ()))
        return self._modes[key]

    def service(self, namespace: str, name: str) -> Service:
        """Return a Service."""
        service: Service = self._lists.one(Ref("service", namespace, name))
        return service

    def services(self, namespace: str) -> Sequence[Service]:
        """List the Services."""
        return list(self._lists.items("service", namespace).values())

    def endpoints(self, namespace: str, service: str) -> Sequence[Endpoint]:
        """Return what all slices of the Service hold."""
        slices = self._lists.having("endpointslice", namespace, (service,))
        return [endpoint for _, found in slices for endpoint in found]

    def leadership(self, namespace: str, scope: str) -> Leadership | None:
        """Read it where Patroni keeps it."""
        return operated.leadership(self._api, namespace, scope)

    def primary_lease(self, namespace: str, cluster: str) -> Leadership | None:
        """Read the Lease of the cluster's name."""
        return operated.primary_lease(self._api, namespace, cluster)

    def operated(self, namespace: str, cluster: str) -> Operated | None:
        """Read the Cluster."""
        return operated.operated(self._api, namespace, cluster)

    def configured(self, namespace: str, scope: str) -> Operated | None:
        """Read what Patroni reads."""
        return operated.configured(self._api, namespace, scope)

    def suspended(self, what: Ref) -> bool:
        """Read one of Flux's objects."""
        return operated.suspended(self._api, what)

    def statefulsets(self, namespace: str) -> Sequence[Workload]:
        """List the StatefulSets; none where we may not."""
        try:
            return list(self._lists.items("statefulset", namespace).values())
        except DeniedError:
            return ()

    def directory(self, namespace: str, claim: str) -> str:
        """Follow a claim to its volume; a claim or volume that is gone is the scheduler's trouble, not ours."""
        try:
            with understood(f"the volume of persistentvolumeclaim/{namespace}/{claim}"):
                name = self._claim(namespace, claim).get("spec", {}).get("volumeName", "")
                raw = self._api.get(f"{CORE}/persistentvolumes/{name}", about=f"persistentvolume/{name}")
                spec = raw.get("spec", {})
                return str((spec.get("local") or spec.get("hostPath") or {}).get("path", ""))
        except MissingError:
            return ""

    def extensions(self, *, at_most: float = 300.0) -> Extensions:
        """Read webhooks and aggregated APIs; what was well is believed for `at_most` seconds, what was not for ten.

        Where no webhook has to answer, that is believed for as long as what limits nobody is.
        """
        with self._lock:
            at, found = self._extensions
        well = at_most if found.guarded else max(at_most, UNLIMITED_SECONDS)
        keep = BROKEN_SECONDS if found.unavailable or found.unreachable else well
        if time.monotonic() - at >= keep:
            found = webhooks.read(self._api.get)
            with self._lock:
                self._extensions = (time.monotonic(), found)
        return found

    def newest_backup(self, cronjob: Ref) -> Backup | None:
        """Look through the namespace's Jobs."""
        jobs: Iterable[Backup] = self._lists.items("job", cronjob.namespace).values()
        succeeded = [job for job in jobs if job.made_by == cronjob and job.ended]
        return max(succeeded, key=lambda job: job.ended, default=None)

    def document(self, config_map: Ref, key: str) -> Document:
        """Read one key of a ConfigMap."""
        found = self.config_map(config_map)
        if key in found.binary:
            raise MissingError(f"cannot read key {key} of {config_map}: {found.document(key).kept}")
        if key not in found.data:
            hint = f"kubectl -n {config_map.namespace} describe configmap {config_map.name} lists its keys"
            raise MissingError(f"cannot find key {key} in {config_map}", hint=hint)
        return found.document(key)

    def elections(self, namespace: str) -> Sequence[Election]:
        """List the Leases; what cannot be understood is nobody's to judge."""
        about = f"the Leases of namespace {namespace}"
        raw = self._api.get(f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases", about=about)
        with understood(about):
            found = [election(each) for each in raw.get("items") or ()]
            return [checked(each) for each in found if each]

    def config_map(self, ref: Ref) -> ConfigMap:
        """Read a ConfigMap."""
        raw = self._get("configmaps", ref)
        with understood(str(ref)):
            version = raw["metadata"].get("resourceVersion", "")
            immutable, binary = raw.get("immutable") is True, tuple(raw.get("binaryData") or ())
            return checked(ConfigMap(ref, raw.get("data") or {}, version, operators.manager(raw), immutable, binary))

    def may(self, right: Right, name: str = "") -> bool:
        """Ask for all rights in its namespace, at most every five seconds; what that does not tell, for this one."""
        return self._rights.may(right, name)

    def _claim(self, namespace: str, claim: str) -> objects.Raw:
        return self._get("persistentvolumeclaims", Ref("persistentvolumeclaim", namespace, claim))

    def _get(self, plural: str, ref: Ref) -> objects.Raw:
        raw: objects.Raw = self._api.get(f"{CORE}/namespaces/{ref.namespace}/{plural}/{ref.name}", about=str(ref))
        return raw


def _believed(found: admission.Limits) -> float:
    """Return for how many seconds: a quota is used up from one pod to the next."""
    return ADMISSION_SECONDS if found.going_away or found.quotas else UNLIMITED_SECONDS
