"""Is what the API says of this boot? The one place that decides.

For seconds after a power cut the API shows the state from before it: node Ready, pods
Ready, Services pointing at addresses that are gone (CONTRIBUTING.md, "What the API
says after a power cut"). Each rule here answers with the reason for doubt, or with ""
when the object can be believed.
"""

from collections.abc import Iterable, Sequence

from bootheal.model import BootTime, Endpoint, Lease, Node, Pod, Ref, State, Workload

# Kubernetes writes whole seconds, rounded down: what it says began at 12:00:07 may have begun at 12:00:07.9.
WHOLE_SECOND = 1.0


def before_boot(stamp: float, boot_time: BootTime | None) -> bool:
    """Tell whether a timestamp of an object's status cannot be of this boot, by any clock that it has had."""
    if boot_time is None:
        return False
    return not any(first < stamp + WHOLE_SECOND and stamp <= last for first, last in boot_time.spans)


def node_doubt(node: Node, lease: Lease | None, *, boot_id: str | None, boot_time: BootTime | None, now: float) -> str:
    """Say why the node's status may be from before this boot.

    Where the boot id is known the kubelet must have reported it, and its Lease must be
    younger than the boot and not have run out. Where it is not (a remote cluster), the
    Lease must have been seen advancing. On k3d, where a restarted node keeps its boot id,
    its state must be younger, too: the Lease is renewed two seconds before it (seen on k3s 1.21).
    """
    if not node.boot_id:
        return f"node {node.name} has not said which boot it is in"
    if boot_id is not None and node.boot_id != boot_id:
        return f"node {node.name} still shows the previous boot ({node.boot_id[:8]}, this one is {boot_id[:8]})"
    if node.heartbeat is not None and before_boot(node.heartbeat, boot_time):
        return f"node {node.name} has not reported its state in this boot"
    if lease is None:
        return f"node {node.name} has no Lease yet"
    if boot_id is None:
        return "" if lease.advanced else f"node {node.name} has not renewed its Lease since we began to look"
    if before_boot(lease.renewed, boot_time):
        return f"node {node.name} has not renewed its Lease in this boot"
    earlier_clock = boot_time is not None and lease.renewed < boot_time.spans[-1][0]  # it does not tell the Lease's age
    if not earlier_clock and now - lease.renewed > lease.duration:
        return f"node {node.name} last renewed its Lease {now - lease.renewed:.0f} s ago"
    return ""


def pod_doubt(pod: Pod, *, boot_time: BootTime | None) -> str:
    """Say why the pod's status may be from before this boot: no process survives a reboot."""
    if any(c.state is State.RUNNING and c.started and before_boot(c.started, boot_time) for c in pod.containers):
        return f"{pod.ref} still shows the previous boot"
    return ""


def workload_doubt(workload: Workload, pods: Iterable[Pod]) -> str:
    """Say why the workload's status may be from before this boot: it counts ready pods that are not there.

    Its controller is elected seconds after the API server answers, when the kubelet may have told of its pods already.
    """
    counted = max(workload.available, workload.ready)
    ready = sum(1 for pod in pods if pod.ready and not pod.deleting)
    return (
        f"its controller still counts more ready pods ({counted}) than there are ({ready})" if ready < counted else ""
    )


def service_doubt(
    service: Ref, endpoints: Sequence[Endpoint], pods: Iterable[Pod], *, boot_time: BootTime | None
) -> str:
    """Say why a Service may still send to dead addresses: each must be a ready pod of this boot."""
    ready_pods = (pod for pod in pods if pod.ready and not pod.deleting and not pod_doubt(pod, boot_time=boot_time))
    alive = {address for pod in ready_pods for address in (pod.ip, *pod.ips)}
    ready = [endpoint for endpoint in endpoints if endpoint.ready]
    if not ready:
        return f"{service} has no ready address yet"
    dead = sorted({endpoint.address for endpoint in ready} - alive)
    return f"{service} still sends to {', '.join(dead)}, where no ready pod of this boot is" if dead else ""
