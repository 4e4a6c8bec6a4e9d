"""How far a pod has got, in words: before its containers run, and once they do. Pure."""

from datetime import UTC, datetime

from bootheal.cluster.freshness import WHOLE_SECOND, before_boot
from bootheal.model import BootTime, Container, Pod, State
from bootheal.model.quoted import quoted

# What every container begins with.
SILENT = frozenset({"", "ContainerCreating", "PodInitializing"})


def clock(moment: float) -> str:
    """Return a time of day. What others have written may be no time at all, or one after the year 9999."""
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return "a time that no clock shows"


def starting(pod: Pod) -> str:
    """Say what the pod still waits for before its containers run, "" if they all have started."""
    if pod.deleting:
        return f"{pod.ref} is being deleted"
    waiting = [each for each in (*pod.init, *pod.containers) if each.state is State.WAITING]
    if held := next((each for each in waiting if each.reason not in SILENT), None):
        return f"{pod.ref} {held.reason}" + (f": {quoted(held.message)}" if held.message else "")
    if initialising := next((each for each in pod.init if each.state is State.RUNNING and not each.sidecar), None):
        since = f" since {clock(initialising.started)}" if initialising.started else ""
        return f"{pod.ref} runs its init container {initialising.name}{since}"
    sidecar = next((each for each in pod.init if each.sidecar and each.state is State.RUNNING and not each.ready), None)
    for each in pod.containers:
        if each.state is State.WAITING and sidecar:
            return f"{pod.ref} waits for its sidecar {sidecar.name}, which is not ready"
        if each.state is State.WAITING:
            return f"{pod.ref} {each.reason or 'waits'}"
        if each.startup_pending:
            return f"{pod.ref} has not passed its startup probe yet"
    if pod.unschedulable:
        return f"{pod.ref} has no node: {quoted(pod.unschedulable)}"
    if not pod.containers and not pod.node:
        return f"{pod.ref} is {pod.phase}, and has no node yet"
    return "" if pod.containers else f"{pod.ref} is {pod.phase}"


def finished(pod: Pod) -> str:
    """Say how a pod has ended: what the kubelet says of it, where it has ended it itself or not let it in."""
    if pod.phase == "Succeeded":
        return f"{pod.ref} is Completed"
    return f"{pod.ref} is {pod.reason or pod.phase}" + (f": {quoted(pod.message)}" if pod.message else "")


def left_over(pod: Pod, boot_time: BootTime | None) -> bool:
    """Tell whether it is a leftover of the shutdown: Completed before this boot, and of a kind that never ends.

    The controllers of Kubernetes 1.27 and 1.28 do not replace it (kubernetes#118310).
    """
    owner = pod.owner.kind if pod.owner else ""
    if pod.phase != "Succeeded" or pod.deleting or owner not in ("statefulset", "daemonset"):
        return False
    if any(each.state is State.RUNNING for each in pod.containers):
        return False  # whatever its phase says
    ends = [each.ended for each in (*pod.init, *pod.containers) if each.ended]
    return bool(ends) and before_boot(max(ends), boot_time, pod.node)


def skipped_init(pod: Pod, boot_time: BootTime | None) -> Container | None:
    """Return the init container that did not run in this boot although what comes after it does.

    The kubelet of 1.34 and later may do so where it makes a sandbox anew (kubernetes#138706, #140309).
    """
    if not pod.init:
        return None
    runs = [each for each in pod.containers if each.state is State.RUNNING and each.started]
    if not runs or all(before_boot(each.started or 0.0, boot_time, pod.node) for each in runs):
        return None
    done = (each for each in pod.init if not each.sidecar and each.state is State.TERMINATED and each.ended)
    return next((each for each in done if before_boot(each.ended or 0.0, boot_time, pod.node)), None)


def behind(pod: Pod) -> Container | None:
    """Return the container that runs and is not ready, where another one is: a mesh's proxy, or what it stands before.

    A native sidecar is one, too; and likewise one that has ended for good. Of a pod with a single container that would
    say nothing.
    """
    together = (*(each for each in pod.init if each.sidecar), *pod.containers)
    if pod.ready or not any(each.ready for each in together):
        return None
    over = (each for each in together if each.final and each.state is State.TERMINATED)
    return next(over, None) or next((each for each in together if each.state is State.RUNNING and not each.ready), None)


def late(pod: Pod, container: Container) -> str:
    """Say how it keeps its pod from being ready."""
    if container.state is State.TERMINATED:
        return f"container {container.name} of {pod.ref} has ended, and is not begun again by its own restartPolicy"
    return f"container {container.name} of {pod.ref} is not ready"


def outlived(pod: Pod) -> Container | None:
    """Return the container that began after its pod had last become ready: that was another process.

    Since 1.35 the kubelet keeps Ready over its own restart, also for what it starts anew.
    """
    if not pod.ready or pod.ready_changed is None:
        return None
    since = pod.ready_changed + WHOLE_SECOND
    for each in pod.containers:  # of each pod of each look: no generators
        if each.state is State.RUNNING and each.started and each.started >= since:
            return each
    return None
