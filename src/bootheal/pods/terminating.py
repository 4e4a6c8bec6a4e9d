"""Pods that stay Terminating: what holds them, and the one case in which forcing harms nobody.

Forcing takes a pod out of the API without anybody having stopped its containers, and a
StatefulSet then starts a second one of the same name. So it is done on request only, and only
where the kubelet of this boot says that it knows no such pod: nothing of it can be running.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bootheal.cluster import refusals
from bootheal.cluster.delete_pod import REPLACED_BY
from bootheal.cluster.freshness import node_doubt
from bootheal.errors import DeniedError
from bootheal.model import BootTime, Lease, Node, Pod, Ref
from bootheal.ports import PodAccess, World
from bootheal.step import Action


@dataclass(frozen=True, slots=True)
class Terminating:
    """The pods that are being deleted, their nodes, and the UIDs that each node's kubelet knows (or why not).

    `refused`: by UID, why no successor would take a pod's place, for those that may be forced.
    """

    pods: tuple[Pod, ...] = ()
    nodes: Mapping[str, tuple[Node, Lease | None]] = field(default_factory=dict)
    known: Mapping[str, frozenset[str] | str] = field(default_factory=dict)
    boot_id: str | None = None
    boot_time: BootTime | None = None
    refused: Mapping[str, str] = field(default_factory=dict)

    def overdue(self, now: float, seconds: float) -> list[Pod]:
        """Return the pods that should have gone `seconds` ago, their own grace period included."""
        return [pod for pod in self.pods if _late(pod, now) >= seconds]

    def objection(self, pod: Pod, now: float) -> str:
        """Say why forcing this pod could do harm, "" where it cannot."""
        if pod.finalizers:
            return "a finalizer is not bootheal's to take off"
        if pod.mirror:
            return "a static pod is the kubelet's own, which knows it by another UID"
        if pod.node not in self.nodes:
            return f"there is no node {pod.node} whose kubelet could be asked"
        node, lease = self.nodes[pod.node]
        doubt = node_doubt(node, lease, boot_id=self.boot_id, boot_time=self.boot_time, now=now)
        if doubt or not node.ready:
            return doubt or f"node {node.name} is not Ready"
        known = self.known.get(pod.node, f"the kubelet of {pod.node} was not asked")
        if isinstance(known, str):
            return known
        return f"the kubelet of {pod.node} still knows it" if pod.uid in known else ""


@dataclass(frozen=True, kw_only=True)
class ForceDeletePod(Action):
    """Take one pod out of the API without waiting for a kubelet that does not know it."""

    by_design = True  # a reboot leaves pods behind that no kubelet knows
    apart = True

    pod: Ref
    uid: str
    version: str

    @property
    def about(self) -> Ref:
        """The pod."""
        return self.pod

    @property
    def sentence(self) -> str:
        """Say which pod, and why."""
        return f"force the deletion of {self.pod} ({self.cause})"

    def apply(self, world: World) -> None:
        """Delete it with no grace period, with UID and version as its preconditions."""
        world.writer.delete_pod(self.pod, self.uid, self.version, force=True)


def look(world: World, pods: Iterable[Pod], *, ask: bool) -> Terminating:
    """Collect what is known of the pods that are being deleted; `ask` their kubelets, too."""
    found = tuple(pod for pod in pods if pod.deleting)
    if not found:
        return Terminating()
    nodes = {node.name: (node, world.cluster.lease(node.name)) for node in world.cluster.nodes()}
    asked = {pod.node for pod in found if not pod.finalizers} & nodes.keys() if ask else ()
    known = {name: _known(world.pod_access, name) for name in sorted(asked)}
    refused = dict(_refused(world, found)) if ask else {}
    return Terminating(found, nodes, known, world.host.boot_id(), world.host.boot_time(), refused)


def _refused(world: World, pods: Sequence[Pod]) -> Iterator[tuple[str, str]]:
    """Say of which pods no successor would be taken; a namespace that goes away wants none."""
    replaced = [pod for pod in pods if pod.owner and pod.owner.kind in REPLACED_BY]
    for namespace in sorted({pod.ref.namespace for pod in replaced}):
        found = refusals.look(world.cluster, namespace)
        if not found.admission.going_away:
            yield from (
                (pod.uid, why) for pod in replaced if pod.ref.namespace == namespace and (why := found.placed(pod))
            )


def _known(access: PodAccess, node: str) -> frozenset[str] | str:
    try:
        known = access.pods_of_kubelet(node)
    except DeniedError as error:
        return f"{error} ({error.hint})"
    # One that has been restarted answers before it has read its pods, whose containers run on (kubernetes#112119).
    return known or f"the kubelet of {node} knows of no pod at all, as when it has just begun"


def remarks(terminating: Terminating, now: float, grace: float, force_after: float | None) -> Iterator[str]:
    """Name each pod that is stuck, what holds it, and why it was not forced where that was asked for."""
    for pod in terminating.overdue(now, grace):
        text = f"{pod.ref} should have gone {_duration(_late(pod, now))} ago: {_holds(pod, terminating)}"
        asked = force_after is not None and _late(pod, now) >= force_after
        objection = terminating.objection(pod, now) if asked else ""
        yield text + (f"; not forced: {objection}" if objection else "")


def _late(pod: Pod, now: float) -> float:
    return float("-inf") if pod.delete_by is None else now - pod.delete_by


def _holds(pod: Pod, terminating: Terminating) -> str:
    if pod.finalizers:
        return f"finalizer {', '.join(pod.finalizers)} holds it; who set it must take it off"
    if pod.node and pod.node not in terminating.nodes:
        return f"there is no node {pod.node} any more, whose kubelet could end it"
    node = terminating.nodes[pod.node][0] if pod.node else None
    if node and not node.ready:
        return f"node {pod.node} is not Ready, and no kubelet ends it; it goes when {pod.node} comes back"
    volumes = f", perhaps with persistentvolumeclaim {', '.join(pod.claims)}" if pod.claims else ""
    see = f"see `kubectl -n {pod.ref.namespace} describe pod {pod.ref.name}`"
    return f"the kubelet of {pod.node or 'no node'} is not done{volumes}; {see}"


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 2 * 60 else f"{seconds:.0f} s"
