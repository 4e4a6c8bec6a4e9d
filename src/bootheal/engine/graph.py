"""The graph as it stands: who may go, who waits for a place, who is stopped because of whom."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from bootheal.engine.node import Node
from bootheal.engine.places import Places
from bootheal.engine.plan import Plan
from bootheal.engine.steadiness import Steadiness
from bootheal.model import Outcome
from bootheal.ports import Interest
from bootheal.step import Step


class _Interested:
    """Who is interested in objects of one kind and namespace, by how their names begin: a storm changes thousands."""

    def __init__(self) -> None:
        self._by_name: defaultdict[str, list[tuple[Interest, Node]]] = defaultdict(list)
        self._lengths: list[int] = []

    def add(self, interest: Interest, node: Node) -> None:
        """Take note of an interest."""
        self._by_name[interest.name].append((interest, node))
        self._lengths = sorted({len(name) for name in self._by_name})

    def covering(self, change: Interest) -> Iterator[tuple[Interest, Node]]:
        """Yield those that a change concerns: `change.name` is "" where any object may have changed."""
        if not change.name:
            yield from chain.from_iterable(self._by_name.values())
            return
        for length in self._lengths:
            if length <= len(change.name):
                yield from self._by_name.get(change.name[:length], ())


class Graph:
    """One node for each step of the plan, in the plan's order; `max_parallel` of them may restart something at once."""

    def __init__(self, plan: Plan, max_parallel: int) -> None:
        self._plan, self.places = plan, Places(max_parallel)
        self._nodes = {name: Node(step, step.interests()) for name, step in plan.steps.items()}
        self._interested: dict[tuple[str, str], _Interested] = {}
        for node in self:
            for interest in node.interests:
                self._interested.setdefault((interest.kind, interest.namespace), _Interested()).add(interest, node)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def __getitem__(self, name: str) -> Node:
        return self._nodes[name]

    def __len__(self) -> int:
        return len(self._nodes)

    def of(self, step: Step[Any]) -> Node | None:
        """Return the node of this very step, None if another plan's was meant."""
        node = self._nodes.get(step.name)
        return node if node and node.step is step else None

    @property
    def interests(self) -> frozenset[Interest]:
        """All that any step is interested in."""
        return frozenset(interest for node in self for interest in node.interests)

    @property
    def settled(self) -> int:
        """How many have settled."""
        return sum(1 for node in self if node.settled)

    def ready(self, node: Node) -> bool:
        """Whether all that it comes after has settled, for as much as is known now."""
        return all(self._nodes[name].sound for name in node.step.after)

    def dependants(self, node: Node) -> Iterator[Node]:
        """Those that come directly after it."""
        return (self[name] for name in self._plan.dependants[node.name])

    def wake(self, change: Interest) -> None:
        """Something changed: those that are interested look again."""
        interested = self._interested.get((change.kind, change.namespace))
        for interest, node in interested.covering(change) if interested else ():
            if not (interest.pulse and node.settled):
                node.wake(soon=interest.sum)

    def offer_places(self) -> None:
        """Let no more look again than there are places: a place that becomes free must not wake hundreds."""
        queue = (node for node in self if node.queued and self.ready(node))
        for node in islice(queue, self.places.free):
            node.due = 0.0

    def because(self, node: Node) -> str:
        """Say which of all that it comes after have failed as of now; those that were skipped themselves have not."""
        ancestors = self._plan.ancestors[node.name]
        culprits = [other.name for other in self if other.name in ancestors and other.failed and not other.skipped]
        return f", because {' and '.join(culprits)} failed"

    def outcomes(self, start: float) -> Iterator[Outcome]:
        """Tell how each ended, in seconds since `start`; who is to blame may have changed since it was skipped."""
        return (node.outcome(start, self.because(node) if node.skipped else "") for node in self)

    def stand_still(self, node: Node, now: float) -> None:
        """It is not well any more: those that come after it wait for it, and may keep no place that it could need."""
        for other in self:
            if node.name in self._plan.ancestors[other.name]:
                other.stand_still(now)
                self.places.release(other.name)

    def reopen(self) -> None:
        """Whatever was judged is not believed any more."""
        self.places.clear()
        for node in self:
            node.reopen()
            node.steadiness = Steadiness()

    def revive(self, node: Node) -> None:
        """It has not failed after all: nor have those that were skipped only because of it."""
        node.reopen()
        for other in self:  # in an order in which each follows all that it comes after
            if other.skipped and not any(self[name].failed for name in other.step.after):
                other.reopen()
