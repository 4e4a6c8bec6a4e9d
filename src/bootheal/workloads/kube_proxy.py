"""Whether the nodes' rules have followed a workload's Services, as far as anybody can tell. Pure."""

from bootheal.cluster.freshness import WHOLE_SECOND
from bootheal.step import Past, Wait
from bootheal.workloads.observation import WorkloadObservation

# Nodes learn from slices where a Service sends to: kube-proxy a second later, and nothing in the API tells when. What
# lets nobody in for longer than this has another cause, perhaps an old one; that is said and not waited for.
LAG_SECONDS = 5.0

# Where nobody could try them: it writes its rules once a second at most (--iptables-min-sync-period). What has been
# Ready for longer, or is known to have been in the slices for so long, is in the rules.
SYNC_SECONDS = 1.0


def follows(seen: WorkloadObservation, past: Past) -> Wait | None:
    """Wait for what is in front of a workload that is well; None: it leads there, or will not for another reason."""
    if seen.services:
        return Wait(seen.services)
    known = seen.held("known", past)
    if seen.shut and known < LAG_SECONDS:
        return Wait(seen.shut)
    if seen.untried and (left := SYNC_SECONDS - max(known, _ready_for(seen, past))) > 0:
        return Wait(f"well; nodes may follow {seen.untried} a second later", again=left)
    return None


def _ready_for(seen: WorkloadObservation, past: Past) -> float:
    """Return for how many seconds each of its pods has surely been Ready: the API knows whole seconds."""
    return past.now - max((pod.ready_changed or pod.created for pod in seen.pods), default=0.0) - WHOLE_SECOND
