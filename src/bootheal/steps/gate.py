"""The gate: the API answers, and the node is Ready in this boot. Nothing else is believed before."""

from dataclasses import dataclass

from bootheal.errors import DeniedError
from bootheal.freshness import node_doubt
from bootheal.model import Lease, Node, Readiness
from bootheal.ports import Interest, World
from bootheal.step import GiveUp, Judgement, Past, Settled, Step, Wait

NAME = "gate"
LEASES = "kube-node-lease"
BLOCKING_TAINTS = frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})

# The API server starts to answer before it has loaded its own roles: a refusal may pass.
REFUSAL_PASSES = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the API server and the nodes say; `denied` holds a refusal of our credentials or rights."""

    readiness: Readiness
    denied: str = ""
    hint: str = ""
    nodes: tuple[tuple[Node, Lease | None], ...] = ()
    boot_id: str | None = None
    boot_time: float | None = None

    @property
    def conditions(self) -> frozenset[str]:
        """How long we have been refused matters."""
        return frozenset({"denied"}) if self.denied else frozenset()


@dataclass(frozen=True, kw_only=True)
class Gate(Step[Seen]):
    """Waits for the API server and for this boot's node."""

    name: str = NAME

    def interests(self) -> frozenset[Interest]:
        """Nodes and their heartbeats."""
        return frozenset({Interest("node"), Interest("lease", LEASES)})

    def look(self, world: World) -> Seen:
        """Ask /readyz, then read the nodes and their Leases."""
        try:
            readiness = world.cluster.readiness()
            if not readiness.ready:
                return Seen(readiness)
            nodes = tuple((node, world.cluster.lease(node.name)) for node in world.cluster.nodes())
        except DeniedError as error:
            return Seen(Readiness(ready=False), denied=str(error), hint=error.hint)
        return Seen(readiness, nodes=nodes, boot_id=world.host.boot_id(), boot_time=world.host.boot_time())

    def judge(self, seen: Seen, past: Past) -> Judgement:
        """Open only for a node of this boot."""
        if seen.denied:
            if past.held("denied") >= REFUSAL_PASSES:
                return GiveUp(seen.denied, seen.hint)
            return Wait(seen.denied)
        if not seen.readiness.ready:
            return Wait(f"the API server is not ready: {seen.readiness.why}")
        if not seen.nodes:
            return Wait("no node has registered yet")
        return self._judge_nodes(seen, past)

    def _judge_nodes(self, seen: Seen, past: Past) -> Judgement:
        nodes = seen.nodes
        if seen.boot_id is not None:
            # Of several nodes, only the one on this host is of this boot.
            nodes = tuple(pair for pair in nodes if pair[0].boot_id == seen.boot_id) or nodes[:1]
        for node, lease in nodes:
            doubt = node_doubt(node, lease, boot_id=seen.boot_id, boot_time=seen.boot_time, now=past.now)
            doubt = doubt or _unready(node)
            if doubt:
                return Wait(doubt)
        names = ", ".join(node.name for node, _ in nodes)
        return Settled(
            f"node {names} is Ready in this boot",
            remarks=tuple(f"node {node.name} is unschedulable (cordoned)" for node, _ in nodes if node.unschedulable),
            epoch=seen.boot_id or "+".join(node.boot_id for node, _ in nodes),
        )


def _unready(node: Node) -> str:
    if not node.ready:
        return f"node {node.name} is not Ready: {node.why}"
    taints = sorted(BLOCKING_TAINTS.intersection(node.taints))
    return f"node {node.name} still has the taint {taints[0]}" if taints else ""
