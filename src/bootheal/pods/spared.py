"""Which dead pods are left where they are, and why: nobody would make them again, or nobody could end them. Pure."""

from collections.abc import Collection, Mapping

from bootheal.cluster.dead_pods import EVICTED
from bootheal.cluster.delete_pod import REPLACED_BY
from bootheal.model import Node, Pod


def spared(pod: Pod, why: str, reasons: Collection[str], nodes: Mapping[str, Node]) -> str:
    """Say why a pod that is dead of `why` is not to be deleted, "" where it is. `nodes`: all there are, by name."""
    if pod.mirror:
        return "a static pod, the kubelet's own"
    if pod.owner is None:
        return "a bare pod, nothing would make it again"
    if pod.owner.kind == "job":
        return "a Job's pod, deleting it would count as a failure"
    if pod.owner.kind not in REPLACED_BY:
        return f"its owner is {pod.owner}, which may not make it again"
    if why not in reasons:
        return "not among cleanup.reasons, since what replaces it may die of the same"
    node = nodes.get(pod.node)
    # Only what has ended for good goes without its kubelet.
    if nodes and pod.node and not pod.finished and not (node and node.ready):
        return f"node {pod.node} is away, and no kubelet would end it"
    if why in EVICTED and node and node.pressures:
        return f"node {pod.node} still has {', '.join(node.pressures)}"
    return ""
