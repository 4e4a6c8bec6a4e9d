"""Does the cluster know this machine by name? k3d tells CoreDNS when it starts a cluster; Docker does not.

CoreDNS keeps such names in one key of a ConfigMap, NodeHosts, a line for each name. k3s may write it anew
when it starts, with its own nodes only. Nothing waits for this step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bootheal.errors import ConflictError, MissingError
from bootheal.model import Document, Node, Ref, Right
from bootheal.ports import Interest, World
from bootheal.step import Act, Action, Judgement, Past, Settled, Step, Wait

NAME = "names"
COREDNS = Ref("configmap", "kube-system", "coredns")
KEY = "NodeHosts"

# k3s applies its own manifests in the first seconds of a start: what is written before is lost again.
SETTLES_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class RestoreNodeHosts(Action):
    """Add names to what CoreDNS knows, and correct their addresses; every other line stays."""

    names: tuple[tuple[str, str], ...]
    version: str

    @property
    def about(self) -> Ref:
        """The ConfigMap."""
        return COREDNS

    @property
    def sentence(self) -> str:
        """Say which names."""
        return f"tell CoreDNS of {', '.join(name for name, _ in self.names)} ({self.cause})"

    def apply(self, world: World) -> None:
        """Write the one key, if nobody has changed the ConfigMap since."""
        document = world.cluster.document(COREDNS, KEY)
        if document.version != self.version:
            raise ConflictError(f"cannot change {COREDNS}: it changed since it was looked at")
        world.writer.write_document(document, merged(document.text, dict(self.names)))


@dataclass(frozen=True, slots=True)
class NodeHostsObservation:
    """What CoreDNS knows (None: it keeps no such list), what it should know, and the nodes."""

    document: Document | None
    names: Mapping[str, str] = field(default_factory=dict)
    unaware: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()

    @property
    def lost(self) -> tuple[tuple[str, str], ...]:
        """The names that CoreDNS does not know, or knows by another address."""
        if self.document is None:
            return ()
        known = set(_pairs(self.document.text))
        return tuple(sorted(pair for pair in self.names.items() if pair not in known))

    @property
    def conditions(self) -> frozenset[str]:
        """How long they have been lost matters."""
        return frozenset({"lost"} if self.lost else ())


@dataclass(frozen=True, kw_only=True)
class NodeHosts(Step[NodeHostsObservation]):
    """Compares; `restore`: tells CoreDNS what it has lost."""

    restore: bool = False
    name: str = NAME

    def interests(self) -> frozenset[Interest]:
        """Nodes: when one comes, k3s writes the list."""
        return frozenset({Interest("node")})

    def rights(self) -> frozenset[Right]:
        """To read the list, and to write it where that is wanted."""
        verbs = ("get", "patch") if self.restore else ("get",)
        return frozenset(Right(verb, "configmaps", COREDNS.namespace) for verb in verbs)

    @property
    def shows_more(self) -> str:
        """Show the names that CoreDNS gives out."""
        return "kubectl -n kube-system get configmap coredns -o yaml"

    def look(self, world: World) -> NodeHostsObservation:
        """Read the list, and ask the host for the names."""
        facts, nodes = world.host.facts(), tuple(world.cluster.nodes())
        try:
            document = world.cluster.document(COREDNS, KEY)
        except MissingError:
            document = None
        return NodeHostsObservation(document, facts.names, facts.unaware, nodes)

    def judge(self, seen: NodeHostsObservation, past: Past) -> Judgement:
        """Tell of what is lost, or restore it once k3s has had its say."""
        remarks = tuple(_remarks(seen))
        if seen.document is None or not seen.names:
            return Settled("there are no names of this machine to keep", remarks)
        if not seen.lost:
            return Settled("CoreDNS knows this machine and the cluster's containers by name", remarks)
        names = ", ".join(name for name, _ in seen.lost)
        why = f"CoreDNS does not know where {names} is"
        if past.held("lost") < SETTLES_SECONDS:
            return Wait(f"{why}, as while k3s starts", again=SETTLES_SECONDS - past.held("lost"))
        if self.restore:
            action = RestoreNodeHosts(
                cause="lost since Docker restarted it", names=seen.lost, version=seen.document.version
            )
            return Act(why, (action,))
        return Settled(why, (f"{why}: cluster.node_hosts: restore lets bootheal tell it", *remarks))


def merged(text: str, names: Mapping[str, str]) -> str:
    """Return the lines with `names` in them: one name a line, since k3s drops lines with more."""
    others = (pair for pair in _pairs(text) if pair[0] not in names)
    return "".join(f"{address} {name}\n" for name, address in (*others, *names.items()))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Read lines of an address and names. A name may have two, of both kinds of IP."""
    for line in text.splitlines():
        address, *names = line.split() or [""]
        yield from ((name, address) for name in names)


def _remarks(seen: NodeHostsObservation) -> Iterator[str]:
    for node in seen.nodes:
        address = seen.names.get(node.name)
        if address and node.ip and node.ip != address:
            told = f"node {node.name} says its address is {node.ip}, but its container has {address}"
            yield f"{told}: other nodes may not reach it; `k3d cluster create --subnet` pins addresses"
    for container in seen.unaware:
        yield f"container {container} does not know host.k3d.internal itself: an image of a registry there is not found"
