"""Raw JSON -> what operators and installers write onto objects: who leads, who was told to stand still, whose it is."""

import json

from bootheal.adapters.kube.objects import Raw, seconds
from bootheal.model import Leadership, Operated


def primary_lease(raw: Raw) -> Leadership | None:
    """Parse the Lease of CloudNativePG's primary; one that was released is held by nobody."""
    spec = raw.get("spec") or {}
    try:
        return Leadership(
            leader=spec.get("holderIdentity") or "",
            acquired=seconds(spec.get("acquireTime")) or 0.0,
            renewed=seconds(spec.get("renewTime")) or 0.0,
            ttl=float(spec.get("leaseDurationSeconds") or 0),
            transitions=int(spec.get("leaseTransitions") or 0),
            kind="the primary's lease",
        )
    except (TypeError, ValueError, OverflowError):
        return None


# What CloudNativePG says of a cluster that wants nothing.
_HEALTHY = "Cluster in healthy state"


def operated(raw: Raw) -> Operated:
    """Parse a Cluster of CloudNativePG."""
    said = raw["metadata"].get("annotations") or {}
    try:
        fenced = json.loads(said.get("cnpg.io/fencedInstances") or "[]")
    except (ValueError, RecursionError):
        fenced = []
    names = [name for name in fenced if isinstance(name, str)] if isinstance(fenced, list) else []
    status = raw.get("status") or {}
    phase, why = str(status.get("phase") or ""), str(status.get("phaseReason") or "")
    return Operated(
        hibernated=said.get("cnpg.io/hibernation") == "on",
        fenced=tuple(names),
        follows=_follows(raw),
        phase="" if phase == _HEALTHY else ": ".join(filter(None, (phase, why))),
    )


def _follows(raw: Raw) -> bool:
    """Tell whether a Cluster is a replica of another: by a switch, or since 1.24 by which of them is the primary."""
    replica = (raw.get("spec") or {}).get("replica") or {}
    if (switched := replica.get("enabled")) is not None:
        return bool(switched)
    leader = replica.get("primary") or ""
    return bool(leader) and leader != (replica.get("self") or raw["metadata"].get("name"))


def configured(raw: Raw) -> Operated | None:
    """Parse Patroni's dynamic configuration; None where there is none."""
    try:
        said = json.loads((raw["metadata"].get("annotations") or {})["config"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    return Operated(follows=bool(said.get("standby_cluster")), paused=said.get("pause") is True)


def leadership(raw: Raw) -> Leadership | None:
    """Parse the annotations of Patroni's Endpoints (or ConfigMap); None where there is no lock in them."""
    said = raw["metadata"].get("annotations") or {}
    try:
        return Leadership(
            leader=said["leader"],
            acquired=seconds(said["acquireTime"]) or 0.0,
            renewed=seconds(said["renewTime"]) or 0.0,
            ttl=float(said["ttl"]),
            transitions=int(said["transitions"]),
        )
    except (KeyError, ValueError):
        return None


# Who writes an object back to what it was: the marks that Helm, Flux, Argo CD and operators leave.
_MANAGERS = {
    "helm.toolkit.fluxcd.io/name": "Flux",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "argocd.argoproj.io/instance": "Argo CD",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "meta.helm.sh/release-name": "Helm",
}


def manager(raw: Raw) -> str:
    """Name who would undo a change of ours, "" if nobody is known to."""
    metadata = raw["metadata"]
    marks = (metadata.get("labels") or {}) | (metadata.get("annotations") or {})
    named = next((name for mark, name in _MANAGERS.items() if mark in marks), "")
    owner = next((f"{o['kind']} {o['name']}" for o in metadata.get("ownerReferences") or ()), "")
    return named or owner
