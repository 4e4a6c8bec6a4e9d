"""Is what the API says of this boot? The one place that decides.

For seconds after a power cut the API shows the state from before it: node Ready, pods
Ready, Services pointing at addresses that are gone (CONTRIBUTING.md, "What the API
says after a power cut"). Each rule here answers with the reason for doubt, or with ""
when the object can be believed.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address

from bootheal.model import BootTime, Endpoint, Lease, Node, Pod, Ref, Service, State, Workload

# Kubernetes writes whole seconds, rounded down: what it says began at 12:00:07 may have begun at 12:00:07.9.
WHOLE_SECOND = 1.0


def before_boot(stamp: float, boot_time: BootTime | None, node: str = "") -> bool:
    """Tell whether a timestamp of an object's status cannot be of this boot, by any clock that it has had.

    What is on a `node` that is another machine lives by that one's boots, which are not known here.
    """
    if boot_time is None or not boot_time.concerns(node):
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
        return "" if lease.advanced else f"node {node.name} was not seen renewing its Lease lately"
    if before_boot(lease.renewed, boot_time):
        return f"node {node.name} has not renewed its Lease in this boot"
    earlier_clock = boot_time is not None and lease.renewed < boot_time.spans[-1][0]  # it does not tell the Lease's age
    if not earlier_clock and now - lease.renewed > lease.duration:
        return f"node {node.name} last renewed its Lease {now - lease.renewed:.0f} s ago"
    return ""


def away(node: Node, lease: Lease | None, *, boot_id: str | None, boot_time: BootTime | None) -> bool:
    """Tell whether another machine shows no sign of life; of this one the gate knows.

    Its pods keep the status that they had: for a minute and more after both were cut off, Running and Ready (seen on
    Kubernetes 1.36 with two nodes, whose controllers came up at the same time and mark nothing sooner).
    """
    if boot_id is not None and node.boot_id == boot_id:
        return False
    if lease is None or not node.ready:
        return True
    return not (lease.advanced or (boot_id is not None and not before_boot(lease.renewed, boot_time)))


def pod_doubt(pod: Pod, *, boot_time: BootTime | None) -> str:
    """Say why the pod's status may be from before this boot: no process survives a reboot."""
    if boot_time is None or not boot_time.concerns(pod.node):
        return ""
    running = (c.started for c in pod.containers if c.state is State.RUNNING)
    old = any(started and before_boot(started, boot_time) for started in running)
    return f"{pod.ref} still shows the previous boot" if old else ""


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
    service: Service,
    endpoints: Sequence[Endpoint],
    pods: Iterable[Pod],
    *,
    boot_time: BootTime | None,
    asked: Collection[Ref] = (),
) -> str:
    """Say why a Service may not lead to living pods of this boot: each address must be one's.

    `pods` are all that it selects, since more than one Deployment may be behind it, or those of the whole namespace.
    They must be ready, unless the Service publishes others, too; then one that is ready will do. Addresses of a Service
    without a selector somebody else wrote, as Patroni does, and some of another's, as who joins clusters does: of what
    is no pod's, nothing can be known here, and who leads need not be ready. Nor need those of `asked`, who have served
    when they were asked themselves: nodes send where the slices say.
    """
    if service.external:
        return ""
    ready = [endpoint for endpoint in endpoints if endpoint.ready]
    if not ready:
        return f"{service.ref} has no ready address yet"
    living = [pod for pod in pods if not (pod.deleting or pod.finished or pod_doubt(pod, boot_time=boot_time))]
    served = [pod for pod in living if pod.ready or pod.ref in asked]
    alive, serving = _addresses(living), _addresses(served)
    selected = alive if service.publishes_unready else serving

    def doubtful(endpoint: Endpoint) -> bool:
        if service.selector and not endpoint.foreign:
            return shortest(endpoint.address) not in selected
        return bool(endpoint.pod) and shortest(endpoint.address) not in alive

    if dead := sorted({each.address for each in ready if doubtful(each)}):
        return f"{service.ref} still sends to {', '.join(dead)}, where no {_wanted(service)} of this boot is"
    if service.selector and not any(sends_to(endpoints, pod) for pod in served):
        return f"{service.ref} sends to no pod that is ready yet"
    return ""


def sends_to(endpoints: Iterable[Endpoint], pod: Pod) -> bool:
    """Tell whether one of the addresses behind a Service is this pod's."""
    return not _addresses([pod]).isdisjoint(shortest(each.address) for each in endpoints if each.ready)


def _wanted(service: Service) -> str:
    return "pod" if service.publishes_unready or not service.selector else "ready pod"


def _addresses(pods: Iterable[Pod]) -> frozenset[str]:
    """Return the addresses of both families."""
    return frozenset(shortest(address) for pod in pods for address in (pod.ip, *pod.ips) if address)


@lru_cache(maxsize=4096)
def shortest(address: str) -> str:
    """Return an address as it is written shortest: an IPv6 address may be written in many ways."""
    if ":" not in address:
        return address
    try:
        return ip_address(address).compressed
    except ValueError:
        return address
