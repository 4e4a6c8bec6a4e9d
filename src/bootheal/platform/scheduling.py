"""Can pods be placed? A k3d cluster that was stopped drains its node, and makes it schedulable when it is up again.

Nothing waits for this step: what cannot be placed says so itself. A node that somebody cordoned stays so,
unless the configuration says otherwise.
"""

from dataclasses import dataclass

from bootheal.model import Node, Ref, Right
from bootheal.ports import Interest, World
from bootheal.step import Act, Action, Judgement, Past, Settled, Step, Wait

NAME = "scheduling"
TAINT = "node.kubernetes.io/unschedulable"

# k3d tries every 3 s, once the API server answers; the taint follows within seconds.
CORDONED_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Uncordon(Action):
    """Make a node schedulable, if it is as it was seen."""

    node: str
    version: str

    @property
    def about(self) -> Ref:
        """The node."""
        return Ref("node", "", self.node)

    @property
    def sentence(self) -> str:
        """Say which, and why."""
        return f"uncordon node {self.node} ({self.cause})"

    def apply(self, world: World) -> None:
        """Send the change, with the version as its precondition."""
        world.writer.uncordon(self.node, self.version)


@dataclass(frozen=True, slots=True)
class SchedulingObservation:
    """The nodes that take no new pods."""

    shut: tuple[Node, ...]

    @property
    def conditions(self) -> frozenset[str]:
        """How long each has been so matters."""
        return frozenset(_condition(node) for node in self.shut)


@dataclass(frozen=True, kw_only=True)
class Scheduling(Step[SchedulingObservation]):
    """Waits until each node takes pods; `uncordon`: makes those that stay cordoned schedulable."""

    uncordon: bool = False
    name: str = NAME

    def interests(self) -> frozenset[Interest]:
        """Nodes."""
        return frozenset({Interest("node")})

    def rights(self) -> frozenset[Right]:
        """To change a node, where that is wanted."""
        return frozenset({Right("patch", "nodes")} if self.uncordon else ())

    @property
    def shows_more(self) -> str:
        """Describe the nodes."""
        return "kubectl describe nodes"

    def look(self, world: World) -> SchedulingObservation:
        """Read the nodes."""
        nodes = (node for node in world.cluster.nodes() if node.unschedulable or TAINT in node.taints)
        return SchedulingObservation(tuple(sorted(nodes, key=lambda node: node.name)))

    def judge(self, seen: SchedulingObservation, past: Past) -> Judgement:
        """What k3d does by itself is waited for."""
        if not seen.shut:
            return Settled("every node takes pods")
        names = ", ".join(node.name for node in seen.shut)
        left = CORDONED_SECONDS - min(past.held(_condition(node)) for node in seen.shut)
        if left > 0:
            return Wait(f"node {names} takes no new pods yet, as after `k3d cluster stop`", again=left)
        cordoned = [node for node in seen.shut if node.unschedulable]
        if not cordoned:
            return Wait(f"node {names} still has the taint {TAINT}")
        if self.uncordon:
            cause = f"cordoned for {CORDONED_SECONDS:g} s"
            actions = tuple(Uncordon(cause=cause, node=node.name, version=node.version) for node in cordoned)
            return Act(f"node {names} stays cordoned", actions)
        told = tuple(f"node {node.name} takes no new pods: kubectl uncordon {node.name}" for node in seen.shut)
        return Settled(f"node {names} is left as it is: cordoned", told)


def _condition(node: Node) -> str:
    return f"{node.name} shut"
