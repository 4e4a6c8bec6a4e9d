"""Leases by which processes elect their leader, out of raw JSON."""

from bootheal.adapters.kube.objects import Raw, seconds
from bootheal.model import Election, Ref


def election(raw: Raw) -> Election | None:
    """Parse a Lease of leader election; None where it is no such thing."""
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    duration = spec.get("leaseDurationSeconds") or 0
    if not isinstance(duration, int):
        return None
    owners = (str(owner.get("apiVersion", "")) for owner in metadata.get("ownerReferences") or ())
    try:
        return Election(
            ref=Ref("lease", metadata["namespace"], metadata["name"]),
            version=metadata.get("resourceVersion", ""),
            holder=spec.get("holderIdentity") or "",
            acquired=_time(spec.get("acquireTime")),
            renewed=_time(spec.get("renewTime")),
            duration=float(duration),
            marks=(*(metadata.get("labels") or {}), *(metadata.get("annotations") or {}), *owners),
        )
    except (TypeError, ValueError, KeyError, OverflowError):
        return None


def _time(said: str | None) -> float:
    """Return a time; the year 1, which is how Go writes none, is none."""
    return max(seconds(said) or 0.0, 0.0)
