"""Is a pod dead, of what, and since when? The one table of the reasons that `kubectl get pods` prints.

The phase alone does not tell: a pod that the reboot killed still says Running or
Pending, and `status.phase=Unknown` has matched nothing since 2015. What does is the
reason of a container that has ended, and the pod's own reason once its phase is Failed.
"""

from bootheal.cluster.freshness import before_boot
from bootheal.cluster.starting import left_over
from bootheal.model import BootTime, Pod, State

# Reasons of containers: the runtime has lost them. The kubelet starts most of them again by itself.
LOST = frozenset({"Unknown", "ContainerStatusUnknown"})

# Reasons of pods, from the kubelet: stopped because the node was shutting down (Shutdown before 1.22), and
# turned away when it was, or when the node was not itself yet (MatchNodeSelector before 1.19).
REBOOTED = frozenset({"Terminated", "Shutdown", "NodeShutdown"})
TURNED_AWAY = frozenset({"NodeAffinity", "MatchNodeSelector", "UnexpectedAdmissionError"})

# The node did not answer for a while: by old node controllers, on pods that ran there.
GONE_SILENT = frozenset({"NodeLost"})

# Made room, for what the node was short of or for a critical pod.
EVICTED = frozenset({"Evicted", "Preempting"})

# The node cannot take such a pod: what comes instead of it would die of the same.
UNFIT = frozenset({"NodePorts", "TopologyAffinityError", "OutOfcpu", "OutOfmemory", "OutOfpods"})
UNFIT_PREFIX = "OutOf"  # as in OutOfephemeral-storage, and any extended resource

# Ended in good order before this boot, although nothing of its kind ever ends: the shutdown stopped it.
LEFT_OVER = "Completed"

BY_DEFAULT = LOST | REBOOTED | TURNED_AWAY | GONE_SILENT | EVICTED | {LEFT_OVER}


def known(reason: str) -> bool:
    """Tell whether pods die of this reason as far as we know."""
    return reason in BY_DEFAULT | UNFIT or reason.startswith(UNFIT_PREFIX)


def cause_of_death(pod: Pod, *, boot_time: BootTime | None = None) -> str:
    """Return the reason that the pod died of, "" where it lives, is being deleted, or died of something else.

    What runs in this boot lives, whatever else its status says.
    """
    if pod.phase == "Succeeded":
        return LEFT_OVER if left_over(pod, boot_time) else ""
    if pod.deleting or _runs(pod, boot_time):
        return ""
    if pod.phase == "Failed" and pod.reason:
        return pod.reason if known(pod.reason) else ""
    if pod.ready and pod.phase != "Failed":
        return ""
    return pod.reason if pod.reason in GONE_SILENT else lost(pod)


def lost(pod: Pod) -> str:
    """Return the container-level reason under which the reboot left this pod dead, "" if none."""
    containers = (*pod.containers, *pod.init)
    reasons = {c.reason for c in containers if c.state is State.TERMINATED and (not pod.ready or pod.finished)}
    return next(iter(sorted(reasons & LOST)), "")


def died(pod: Pod) -> float:
    """Return when it died, as nearly as its status tells: no sooner than anything of it ended or stopped serving."""
    ends = (container.ended for container in (*pod.init, *pod.containers))
    return max(pod.created, pod.ready_changed or 0.0, *(end or 0.0 for end in ends))


def _runs(pod: Pod, boot_time: BootTime | None) -> bool:
    running = (container for container in pod.containers if container.state is State.RUNNING)
    return any(not (container.started and before_boot(container.started, boot_time, pod.node)) for container in running)
