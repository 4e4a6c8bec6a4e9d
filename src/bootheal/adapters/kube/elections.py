"""Leases by which processes elect their leader, out of raw JSON."""

from bootheal.adapters.kube.objects import Raw, seconds
from bootheal.model import Election, Ref


def election(raw: Raw) -> Election | None:
    """Parse a Lease of leader election; None where it is no such thing."""
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    owners = (str(owner.get("apiVersion", "")) for owner in metadata.get("ownerReferences") or ())
    try:
        return Election(
            ref=Ref("lease", metadata["namespace"], metadata["name"]),
            version=metadata.get("resourceVersion", ""),
            holder=spec.get("holderIdentity") or "",
            acquired=seconds(spec.get("acquireTime")) or 0.0,
            renewed=seconds(spec.get("renewTime")) or 0.0,
            duration=float(spec.get("leaseDurationSeconds") or 0),
            marks=(*(metadata.get("labels") or {}), *(metadata.get("annotations") or {}), *owners),
        )
    except (TypeError, ValueError, KeyError):
        return None
