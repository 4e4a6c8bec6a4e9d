"""Is it well? Pure rules for pods and workloads; they never fetch.

`rollout` gives the answers of `kubectl rollout status` (kubectl's
polymorphichelpers/rollout_status.go), with two differences: a ProgressDeadlineExceeded
from before this boot is history, not a verdict; and where the strategy is OnDelete, about
which kubectl has no opinion, its pods need only be there.
"""

from dataclasses import dataclass

from bootheal.cluster.freshness import before_boot
from bootheal.model import BootTime, Container, Pod, Workload
from bootheal.model.quoted import quoted

PULLING = frozenset({"ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName"})
BACK_OFF = "CrashLoopBackOff"

# Why a container has ended that did not want to: its runtime's words.
FAILED = frozenset({"Error", "OOMKilled", "StartError", "ContainerCannotRun"})

# A kubelet begins what has ended again within a second or two, unless that is in back-off. It may say so only when it
# tries next: all through the first back-off, 10 s, the container may just be terminated (seen on Kubernetes 1.21).
UNSAID_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Rollout:
    """Whether a rollout is done, and why, or why not. `failed`: its controller says that it will not be."""

    done: bool
    why: str
    failed: bool = False


def rollout(workload: Workload, *, boot_time: BootTime | None = None) -> Rollout:
    """Judge a workload's rollout from its status alone."""
    if workload.refused and not _available(workload):
        return Rollout(done=False, why=f"its pods cannot be created: {quoted(workload.refused)}")
    if not seen(workload):
        return Rollout(done=False, why="its controller has not seen the latest change yet")
    match workload.ref.kind:
        case "deployment":
            return _deployment(workload, boot_time)
        case "statefulset":
            return _statefulset(workload)
        case _:
            return _daemonset(workload)


def seen(workload: Workload) -> bool:
    """Tell whether its controller has seen its latest change: only then its status is about that."""
    return bool(workload.observed) and workload.generation <= workload.observed


def _deployment(workload: Workload, boot_time: BootTime | None) -> Rollout:
    exceeded = workload.deadline_exceeded
    if exceeded is not None and not before_boot(exceeded, boot_time) and not _available(workload):
        return Rollout(done=False, why="its progress deadline has passed in this boot", failed=True)
    if workload.updated < workload.desired:
        return Rollout(done=False, why=f"{workload.updated} of {workload.desired} replicas are of the latest template")
    if workload.replicas > workload.updated:
        return Rollout(done=False, why=f"{workload.replicas - workload.updated} old replicas have yet to end")
    if workload.available < workload.updated:
        young = workload.min_ready and workload.ready >= workload.updated
        told = f": all are ready, but not yet for minReadySeconds, {workload.min_ready:g} s" if young else ""
        return Rollout(done=False, why=f"{workload.available} of {workload.updated} replicas are available{told}")
    return Rollout(done=True, why=f"{workload.available} of {workload.desired} replicas are available")


def _available(workload: Workload) -> bool:
    return workload.updated == workload.replicas == workload.available >= workload.desired


def _statefulset(workload: Workload) -> Rollout:
    if workload.ready < workload.desired:
        return Rollout(done=False, why=f"{workload.ready} of {workload.desired} replicas are ready")
    if workload.on_delete:
        return Rollout(done=True, why=f"{workload.ready} of {workload.desired} replicas are ready")
    if workload.partition is not None:
        wanted = workload.desired - workload.partition
        if workload.updated < wanted:
            why = f"{workload.updated} of {wanted} replicas are of the latest template"
            return Rollout(done=False, why=why)
    elif workload.update_revision != workload.current_revision:
        return Rollout(done=False, why=f"{workload.updated} of {workload.desired} replicas are of the latest revision")
    return Rollout(done=True, why=f"{workload.ready} of {workload.desired} replicas are ready")


def _daemonset(workload: Workload) -> Rollout:
    if not workload.on_delete and workload.updated < workload.desired:
        return Rollout(done=False, why=f"{workload.updated} of {workload.desired} pods are of the latest template")
    if workload.available < workload.desired:
        return Rollout(done=False, why=f"{workload.available} of {workload.desired} pods are available")
    return Rollout(done=True, why=f"{workload.available} of {workload.desired} pods are available")


def crashed(pod: Pod) -> list[Container]:
    """Return the containers, and init containers, that have failed and do not run again yet; none that is to end.

    Nor one that is never begun again: it does not crash time and again, and waits for no back-off.
    """
    if pod.ready or pod.deleting:
        return []
    return [c for c in (*pod.init, *pod.containers) if (c.reason in FAILED and not c.final) or c.reason == BACK_OFF]


def looping(pod: Pod, *, boot_time: BootTime | None, now: float) -> bool:
    """Tell whether a container waits in crash-loop back-off, said or, since it ended in this boot, unsaid."""
    return any(c.reason == BACK_OFF or _waits_unsaid(c, pod.node, boot_time, now) for c in crashed(pod))


def _waits_unsaid(container: Container, node: str, boot_time: BootTime | None, now: float) -> bool:
    """A back-off does not survive a reboot; and without a common clock nobody knows how long ago it ended."""
    if boot_time is None or not boot_time.concerns(node):
        return False
    if container.ended is None or before_boot(container.ended, boot_time):
        return False
    return now - container.ended >= UNSAID_SECONDS


def unpulled(pod: Pod) -> str:
    """Return the image that this pod can't get, "" if it has them all."""
    return next((c.image for c in (*pod.init, *pod.containers) if c.reason in PULLING), "")
