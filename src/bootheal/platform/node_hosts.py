"""Does the cluster know this machine by name? k3d tells CoreDNS when it starts a cluster; Docker does not.

CoreDNS keeps such names in one key of a ConfigMap, NodeHosts, a line for each name. Some seconds after its start k3s
applies its own manifest of CoreDNS again: the whole key may be gone then, until k3s writes its own nodes into it, or
for good. What CoreDNS knows before that is not what it will know. Nothing waits for this step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bootheal.errors import ConflictError, MissingError
from bootheal.model import ComponentState, ConfigMap, HostFacts, Node, Ref, Right
from bootheal.ports import Interest, World
from bootheal.step import Act, Action, Judgement, Past, Settled, Step, Wait

NAME = "names"
COREDNS = Ref("configmap", "kube-system", "coredns")
KEY = "NodeHosts"

# What was lost may come back by itself for so long: k3s writes its own nodes' names.
SETTLES_SECONDS = 20.0

# For so long after its container was started k3s may still apply its own manifests: k3s 1.21 did so some seconds after
# its node had become Ready, at 14 to 17 s. What is written before is lost again. What comes later the rest sees.
APPLIES_SECONDS = 30.0

# How CoreDNS' configuration names the list where it reads one.
COREFILE, READS = "Corefile", f"/{KEY}"


@dataclass(frozen=True, kw_only=True)
class RestoreNodeHosts(Action):
    """Add names to what CoreDNS knows, and correct their addresses; every other line stays."""

    by_design = True  # Docker starts the nodes without them

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
        try:
            found = world.cluster.config_map(COREDNS)
        except MissingError:
            raise ConflictError(f"cannot change {COREDNS}: it is gone since it was looked at") from None
        if found.version != self.version:
            raise ConflictError(f"cannot change {COREDNS}: it changed since it was looked at")
        document = found.document(KEY)
        world.writer.write_document(document, merged(document.text, dict(self.names)))


@dataclass(frozen=True, slots=True)
class NodeHostsObservation:
    """What CoreDNS' ConfigMap holds (None: there is none), what it should know, and the nodes.

    `started` is when the youngest container of a server was; None where that is not known.
    """

    found: ConfigMap | None
    names: Mapping[str, str] = field(default_factory=dict)
    unaware: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    started: float | None = None

    @property
    def keeps(self) -> bool:
        """Whether CoreDNS reads such a list, be it there or not."""
        held = (*self.found.data, *self.found.binary) if self.found else ()
        return self.found is not None and (KEY in held or READS in self.found.data.get(COREFILE, ""))

    @property
    def lost(self) -> tuple[tuple[str, str], ...]:
        """The names that CoreDNS does not know, or knows by another address."""
        if self.found is None or not self.keeps:
            return ()
        known = set(_pairs(self.found.document(KEY).text))
        return tuple(sorted(pair for pair in self.names.items() if pair not in known))

    @property
    def why(self) -> str:
        """Say what CoreDNS lacks: an empty list, or one without some names, is another trouble than none."""
        names = ", ".join(name for name, _ in self.lost)
        held = (*self.found.data, *self.found.binary) if self.found else (KEY,)
        gone = "" if KEY in held else f"{COREDNS} has no key {KEY} any more, so "
        return f"{gone}CoreDNS does not know where {names} is"

    @property
    def conditions(self) -> frozenset[str]:
        """How long they have been lost matters."""
        return frozenset({"lost"} if self.lost else ())


@dataclass(frozen=True, kw_only=True)
class NodeHosts(Step[NodeHostsObservation]):
    """Compares; `restore`: tells CoreDNS what it has lost. `registry`: whether images come from one on this machine."""

    restore: bool = False
    registry: bool = False
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
            found = world.cluster.config_map(COREDNS)
        except MissingError:
            found = None
        return NodeHostsObservation(found, facts.names, facts.unaware, nodes, _started(facts))

    def judge(self, seen: NodeHostsObservation, past: Past) -> Judgement:
        """Tell of what is lost, or restore it once k3s has had its say."""
        remarks = tuple(self._remarks(seen))
        if not seen.names:
            return Settled("there are no names of this machine to keep", remarks)
        left = _left_to_apply(seen, past.now)
        if not seen.keeps:
            kept = f"{COREDNS} has no list of names" if seen.found else f"there is no {COREDNS}"
            return Wait(f"{kept} yet", again=left) if left else Settled(f"{kept}, so there is nothing to keep", remarks)
        if not seen.lost:
            if left:
                return Wait("CoreDNS knows this machine by name, but k3s may still take that away", again=left)
            return Settled("CoreDNS knows this machine and the cluster's containers by name", remarks)
        if self.restore:  # to tell of it no proof is needed that it stays so
            left = max(left, SETTLES_SECONDS - max(past.held("lost"), _since_it_applied(seen, past.now)))
        if left > 0:
            return Wait(f"{seen.why}, as while k3s starts", again=left)
        kept = seen.found.document(KEY).kept if seen.found else ""
        if self.restore and seen.found and not kept:
            action = RestoreNodeHosts(
                cause="lost since Docker restarted it", names=seen.lost, version=seen.found.version
            )
            return Act(seen.why, (action,))
        can = f"it was not told, because {kept}" if kept else "cluster.node_hosts: restore lets bootheal tell it"
        return Settled(seen.why, (f"{seen.why}: {can}", *remarks))

    def _remarks(self, seen: NodeHostsObservation) -> Iterator[str]:
        """Tell what somebody can do something about."""
        for node in seen.nodes if len(seen.nodes) > 1 else ():
            address = seen.names.get(node.name)
            if address and node.ip and node.ip != address:
                told = f"node {node.name} says its address is {node.ip}, but its container has {address}"
                yield f"{told}: other nodes may not reach it; `k3d cluster create --subnet` pins addresses"
        for container in seen.unaware if self.registry else ():
            told = f"container {container} does not know host.k3d.internal itself"
            yield f"{told}: an image of a registry there is not found"


def _started(facts: HostFacts) -> float | None:
    running = (each for each in facts.components if each.role == "server" and each.state is ComponentState.RUNNING)
    return max((each.since for each in running if each.since), default=None)


def _left_to_apply(seen: NodeHostsObservation, now: float) -> float:
    """Return for how many seconds k3s may still apply its own manifests; 0 by a clock that was set since."""
    age = APPLIES_SECONDS if seen.started is None else now - seen.started
    return APPLIES_SECONDS - age if 0 <= age < APPLIES_SECONDS else 0.0


def _since_it_applied(seen: NodeHostsObservation, now: float) -> float:
    """Return for how many seconds k3s has had nothing more to apply; 0 where that is not known."""
    return 0.0 if seen.started is None else max(0.0, now - seen.started - APPLIES_SECONDS)


def merged(text: str, names: Mapping[str, str]) -> str:
    """Return the lines with `names` in them: one name a line, since k3s drops lines with more."""
    comments = (f"{line}\n" for line in text.splitlines() if line.lstrip().startswith("#"))
    others = (pair for pair in _pairs(text) if pair[0] not in names)
    return "".join((*comments, *(f"{address} {name}\n" for name, address in (*others, *names.items()))))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Read lines of an address and names, as far as no comment begins. A name may have two, of both kinds of IP."""
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        yield from ((name, address) for name in names)
