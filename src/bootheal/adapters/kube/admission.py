"""Reading what may keep new pods out of a namespace, and the Events of an object: by plain GETs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.objects import Raw, occurrence, ref
from bootheal.adapters.kube.typed import checked
from bootheal.errors import PermanentError
from bootheal.model import Admission, Occurrence, Quota, Ref, Webhook

Get = Callable[..., Any]

CORE = "/api/v1"

# Each namespace has carried it since Kubernetes 1.21.
NAME_LABEL = "kubernetes.io/metadata.name"

# What pods use of a quota; the rest (services, storage, counts of other kinds) keeps no pod out.
_OF_PODS = ("pods", "count/pods", "cpu", "memory", "ephemeral-storage")
_PREFIXES = ("requests.", "limits.")

KINDS = {
    "pod": "Pod",
    "deployment": "Deployment",
    "replicaset": "ReplicaSet",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "persistentvolumeclaim": "PersistentVolumeClaim",
}

# A controller tries again after up to 16 minutes, and says so each time.
FAILED_CREATE_SECONDS = 17 * 60.0

# An object that fails again and again has one Event for each reason, not hundreds.
EVENTS = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """What a namespace says itself; `labels` are those by which webhooks choose, `known`: we may read all of them."""

    namespace: str
    going_away: bool
    quotas: tuple[Quota, ...]
    labels: Mapping[str, str]
    known: bool


def limits(get: Get, namespace: str) -> Limits:
    """Read the namespace and its quotas; what we may not read keeps nobody out, as far as we know."""
    with understood(f"what may keep pods out of namespace {namespace}"):
        return checked(_limits(get, namespace))


def _limits(get: Get, namespace: str) -> Limits:
    raw = _one(get, f"{CORE}/namespaces/{namespace}", f"namespace/{namespace}")
    phase = (raw.get("status") or {}).get("phase", "")
    return Limits(
        namespace,
        going_away=phase == "Terminating" or "deletionTimestamp" in (raw.get("metadata") or {}),
        quotas=tuple(
            map(quota, _one(get, f"{CORE}/namespaces/{namespace}/resourcequotas", "quotas").get("items") or ())
        ),
        labels={NAME_LABEL: namespace} | ((raw.get("metadata") or {}).get("labels") or {}),
        known=bool(raw),
    )


def admission(found: Limits, webhooks: Iterable[Webhook]) -> Admission:
    """Add to a namespace's limits which of these webhooks, that nobody answers for, are asked about its pods."""
    asked = tuple(hook for hook in webhooks if hook.pods and _applies(hook, found.labels, known=found.known))
    return Admission(found.namespace, found.going_away, found.quotas, asked)


def _applies(webhook: Webhook, labels: Mapping[str, str], *, known: bool) -> bool:
    """Tell whether it is asked about objects of a namespace; by labels that cannot be read it may be."""
    judged = (need for need in webhook.namespaces if known or need.key in labels)
    return all(need.met(labels) for need in judged)


def quota(raw: Raw) -> Quota:
    """Parse a v1 ResourceQuota."""
    spec, status = raw.get("spec") or {}, raw.get("status") or {}
    used = status.get("used") or {}
    full = (name for name, hard in (status.get("hard") or {}).items() if _counts(name) and _full(used.get(name), hard))
    selected = ((spec.get("scopeSelector") or {}).get("matchExpressions")) or ()
    scopes = (*(spec.get("scopes") or ()), *(each.get("scopeName", "") for each in selected))
    return Quota(ref("resourcequota", raw), tuple(sorted(full)), scopes)


def _counts(name: str) -> bool:
    return name in _OF_PODS or (name.startswith(_PREFIXES) and not name.endswith("storage"))


def _full(used: str | None, hard: str) -> bool:
    """Tell whether nothing is left of it; what is no quantity is not judged."""
    try:
        return used is not None and quantity(used) >= quantity(hard)
    except ValueError:
        return False


_FACTORS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0} | {
    unit: factor
    for power, letter in enumerate("kMGTPE", start=1)
    for unit, factor in ((letter, 1000.0**power), (f"{letter.upper()}i", 1024.0**power))
}


def quantity(text: str) -> float:
    """Understand a quantity of Kubernetes: "500m", "1Gi", "2e3". ValueError where it is none."""
    number = text.rstrip("numkKMGTPEi")
    unit = text[len(number) :]
    if unit not in _FACTORS:
        raise ValueError(text)
    return float(number) * _FACTORS[unit]


def occurrences(get: Get, about: Ref) -> tuple[Occurrence, ...]:
    """Return an object's Events, oldest first; none where we may not see them."""
    selector = f"involvedObject.kind={KINDS.get(about.kind, '')},involvedObject.name={about.name}"
    query = [("fieldSelector", selector), ("limit", str(EVENTS))]
    try:
        items = get(f"{CORE}/namespaces/{about.namespace}/events", query, about=f"the events of {about}").get("items")
    except PermanentError:
        return ()
    with understood(f"the events of {about}"):
        return checked(tuple(sorted(map(occurrence, items or ()), key=lambda each: each.at or 0.0)))


def failed_create(told: Iterable[Occurrence], now: float) -> str:
    """Return what a controller said last of a pod that it could not make; "" once it has made one, or falls silent."""
    said = [each for each in told if each.reason in ("FailedCreate", "SuccessfulCreate")]
    if not said or said[-1].reason != "FailedCreate" or now - (said[-1].at or 0.0) > FAILED_CREATE_SECONDS:
        return ""
    return said[-1].message


def _one(get: Get, path: str, about: str) -> Raw:
    try:
        raw: Raw = get(path, about=about)
    except PermanentError:
        return {}
    return raw
