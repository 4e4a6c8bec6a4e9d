"""Why a pod is Failed by the kubelet's word: turned away at the door, evicted, or stopped by the shutdown.

Texts: `status.reason` and `status.message` of the pod, and the Event of the same reason. Its controller makes another
one, so that the newest counts, and that only while nothing of its workload lives. "Pod was rejected: " and "Pod " are
put before the message by some versions.
"""

from collections.abc import Iterator

from bootheal.causes.cause import Cause, Gravity, Sign
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.signs import condition, event


def _turned_away(*reasons: str, text: str = "") -> tuple[Sign, ...]:
    def signs() -> Iterator[Sign]:
        for reason in reasons:
            yield from (*condition(reason, text), *event(reason, text))

    return tuple(signs())


TURNED_AWAY: tuple[Cause, ...] = (
    # counted by the scheduler before the node's own pods were: kubernetes#106884, website#47264
    Cause(
        id="node-has-no-room",
        means="the kubelet turned it away, since the node has not the room that it asks for: {said}",
        gravity=Gravity.PASSES,
        signs=(
            *condition("", "Node didn't have enough resource: "),
            *_turned_away(
                "OutOfcpu", "OutOfmemory", "OutOfpods", "OutOfephemeral-storage", "VolumeAttachmentLimitExceeded"
            ),
            # preemption/preemption.go, where nothing may be ended for it: kube-state-metrics#1145
            *_turned_away("UnexpectedAdmissionError", text="error finding a set of pods to preempt"),
            # cm/cpumanager, cm/memorymanager of a node that gives pods processors of their own
            *_turned_away("UnexpectedAdmissionError", text=r"not enough cpus available to satisfy|\[memorymanager\]"),
        ),
        next_step="where it lasts, its requests are too great, or it names its node itself (nodeName): "
        "kubectl describe nodes | grep -A 9 Allocated",
    ),
    # cm/devicemanager; the plugin's pod begins after those that want its devices: kubernetes#125579, #109595
    Cause(
        id="device-not-there",
        means="the kubelet turned it away, since a device that it asks for is not there yet: {said}",
        gravity=Gravity.PASSES,
        signs=_turned_away("UnexpectedAdmissionError", text="[Aa]llocate failed|cannot allocate unhealthy devices"),
        next_step="where it lasts, see the pod of its device plugin, and what the node offers: "
        "kubectl get nodes -o custom-columns=NAME:.metadata.name,OFFERS:.status.allocatable",
    ),
    # lifecycle/predicate.go; the kubelet did not know the labels of its own node yet: kubernetes#92067, #98534, #72502
    Cause(
        id="node-labels-differ",
        means="the kubelet turned it away, since its node has not, or had not yet, the labels that it asks for: {said}",
        gravity=Gravity.PASSES,
        signs=_turned_away("NodeAffinity", "MatchNodeSelector"),
        next_step="where it lasts, a label of the node is lost: kubectl get nodes --show-labels",
    ),
    Cause(
        id="node-ports-taken",
        means="the kubelet turned it away, since another pod has its host port: {said}",
        gravity=Gravity.PASSES,
        signs=_turned_away("NodePorts", "HostPortConflict"),
        next_step="where it lasts, see who has it: sudo ss -ltnp; kubectl get pods -A -o wide",
    ),
    # lifecycle/predicate.go: as it meets static pods, and those that a scheduler had placed before a taint was set
    Cause(
        id="node-turns-away",
        means="the kubelet turned it away, since its node has another name, or a taint that it does not tolerate: "
        "{said}",
        gravity=Gravity.PASSES,
        signs=_turned_away("NodeName", "TaintToleration"),
        next_step="where it lasts: kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",
    ),
    # eviction_manager.go: what the pod has written is more than it is allowed itself; its node may have room
    Cause(
        id="pod-over-its-limit",
        means="the kubelet ended it, because it has written more than it may by its own limits: {said}",
        gravity=Gravity.PERSON,
        signs=_turned_away(
            "Evicted",
            text="ephemeral local storage usage exceeds the total limit of containers"
            r"|Usage of EmptyDir volume \S+ exceeds the limit|exceeded its local ephemeral storage limit",
        ),
        next_step="raise its limits (ephemeral-storage, or sizeLimit of the emptyDir), or see what it writes: "
        + DESCRIBE_POD,
        restart_helps=True,
    ),
    # eviction; an admission handler of its own says "The node had condition: [DiskPressure]."
    Cause(
        id="pod-evicted",
        means="the kubelet ended it, or let it not in, because the node is short of something: {said}",
        gravity=Gravity.PASSES,
        signs=_turned_away("Evicted"),
        next_step="df -h; free -m; kubectl describe nodes shows which pressure it is",
        consequence_of=("disk-full", "node-under-pressure"),
    ),
    # kubelet/nodeshutdown
    Cause(
        id="pod-of-the-shutdown",
        means="the shutdown ended it, or kept it out, and no other has been made yet: {said}",
        gravity=Gravity.HEALED,
        signs=_turned_away("Terminated", "Shutdown", "NodeShutdown"),
        next_step="where it lasts: kubectl -n {namespace} delete pod {name}",
    ),
    # sysctl, apparmor, cm/topologymanager, lifecycle: what the pod asks of its node, which is not allowed or not there
    Cause(
        id="node-does-not-allow",
        means="the kubelet turns it away, since its node does not allow or have what it asks for: {said}",
        gravity=Gravity.PERSON,
        signs=_turned_away(
            "SysctlForbidden",
            "AppArmor",
            "TopologyAffinityError",
            "SMTAlignmentError",
            "PodOSSelectorNodeLabelDoesNotMatch",
            "PodOSNotSupported",
            "PodFeatureUnsupported",
            "InvalidNodeInfo",
            "SupplementalGroupsPolicyNotSupported",
            "PodLevelResourcesNotSupported",
        ),
        next_step="allow it (k3s: --kubelet-arg), or take it out of the pod's template: " + DESCRIBE_POD,
    ),
)
