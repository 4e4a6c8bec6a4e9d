"""The gate: the API answers, and the node is Ready in this boot. Nothing else is believed before.

While it is shut, what the host knows of the cluster's components tells why, and sometimes what can be done.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bootheal.causes.machine import of_node
from bootheal.cluster import webhooks
from bootheal.cluster.freshness import away, before_boot, node_doubt
from bootheal.errors import DeniedError, TransientError
from bootheal.model import BootTime, Extensions, HostFacts, Lease, Node, Readiness, Ref, Right
from bootheal.platform import components
from bootheal.platform.boots import boots_of, named
from bootheal.platform.components import Allowed
from bootheal.ports import ClusterReader, Host, Interest, World
from bootheal.step import REFUSAL_TRANSIENT_SECONDS, GiveUp, Judgement, Past, Settled, Step, Wait

NAME = "gate"
LEASES = "kube-node-lease"
OF_CERTIFICATES = frozenset({"k3s-certificate-expired", "k3s-clock-behind"})
BLOCKING_TAINTS = frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})

# How many objects a remark names.
NAMED = 6

# How each sentence begins that says what is wrong with a node, here and in `cluster.freshness`.
_MANY = "waits for more than"
_OF_A_NODE = ("node ", "no node ", _MANY)

# While the API server starts, its checks pass one by one: the one that holds it up is named once it has failed for so
# many seconds.
CHECK_LASTS_SECONDS = 5.0

# A request that a busy API server leaves unanswered is no outage yet: one lasts for so many seconds.
OUTAGE_SECONDS = 5.0
_OUT_OF_REACH = "the API server is out of reach"

# Of a cluster elsewhere any node may be the one that was rebooted, and each is waited for. Who lives renews its Lease
# every ten seconds. What is said of the pods of one that is silent for twice as long is not believed, nothing is done
# for their sake (cluster/freshness.away), and nothing that is on others waits for it.
AWAY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class GateObservation:
    """What the API server and the nodes say; `denied` is why our credentials or rights were refused, maybe for good.

    `watched`: a change of theirs will be told of. `bound`: pods and claims that are bound to a node which this machine
    is not, by its name.
    """

    readiness: Readiness
    unreachable: str = ""
    denied: str = ""
    final: bool = False
    hint: str = ""
    nodes: tuple[tuple[Node, Lease | None], ...] = ()
    watched: bool = False
    boot_id: str | None = None
    epoch: str | None = None
    boot_time: BootTime | None = None
    facts: HostFacts = field(default_factory=HostFacts)
    extensions: Extensions = field(default_factory=Extensions)
    bound: Mapping[str, tuple[Ref, ...]] = field(default_factory=dict)

    @property
    def conditions(self) -> frozenset[str]:
        """How long what keeps the gate shut lasts: a refusal, silence, a check that fails, a component that is down."""
        refused = frozenset({_refused()}) if self.denied else frozenset()
        silent = frozenset({_OUT_OF_REACH}) if self.unreachable else frozenset()
        failing = frozenset({_failing(self.readiness)}) if self.readiness.check else frozenset()
        gone = frozenset(_is_away(node.name) for node, _ in _away(self)) if self.boot_id is None else frozenset()
        return components.conditions(self.facts) | refused | silent | failing | gone


@dataclass(frozen=True, kw_only=True)
class Gate(Step[GateObservation]):
    """Waits for the API server and for this boot's node."""

    name: str = NAME
    allowed: Allowed = field(default_factory=Allowed)

    def interests(self) -> frozenset[Interest]:
        """Nodes and their heartbeats."""
        return frozenset({Interest("node"), Interest("lease", LEASES, pulse=True)})

    @property
    def shows_more(self) -> str:
        """Ask the API server for its checks, and for the nodes."""
        return "kubectl get --raw '/readyz?verbose'; kubectl get nodes"

    def wishes(self) -> frozenset[Right]:
        """To tell of broken webhooks and aggregated APIs, and of what is bound to a node that is away."""
        return webhooks.RIGHTS | {Right("list", "pods"), Right("list", "persistentvolumes")}

    def look(self, world: World) -> GateObservation:
        """Ask /readyz, then read the nodes and their Leases; where they say no, or nothing, ask the host why."""
        seen = _look_at_the_api(world.cluster, world.host)
        up = any(node.ready and node.boot_id == (seen.boot_id or node.boot_id) for node, _ in seen.nodes)
        if up:
            seen = replace(seen, extensions=_look_at_extensions(world.cluster), bound=_bound(world.cluster, seen))
        return seen if up and not self.allowed.restart else replace(seen, facts=world.host.facts())

    def judge(self, seen: GateObservation, past: Past) -> Judgement:
        """Open only for a node of this boot; while shut, what the components call for comes first."""
        judgement = self._judge_api(seen, past)
        if isinstance(judgement, Settled):
            return components.judge_symptoms(seen.facts, past, self.allowed) or judgement
        cause = components.judge(_without_our_own(seen), past, self.allowed)
        if isinstance(cause, Wait):
            both = f"{cause.why}; {judgement.why}"
            if not isinstance(judgement, Wait):
                return judgement
            return Wait(both, hint=judgement.hint, blind=judgement.blind)
        return cause or judgement

    def _judge_api(self, seen: GateObservation, past: Past) -> Judgement:
        if seen.denied:
            if seen.final or past.held(_refused()) >= REFUSAL_TRANSIENT_SECONDS:
                return GiveUp(seen.denied, seen.hint, refused=True)
            return Wait(seen.denied)
        if seen.unreachable:
            passes = past.held(_OUT_OF_REACH) < OUTAGE_SECONDS
            return Wait(f"{seen.unreachable}{_by_the_clock(seen)}", blind=passes)
        if not seen.readiness.ready:
            lasts = past.held(_failing(seen.readiness)) >= CHECK_LASTS_SECONDS
            why = seen.readiness.precisely if lasts else seen.readiness.why
            return Wait(f"the API server is not ready: {why}")
        if not seen.nodes:
            return Wait("no node has registered yet")
        return self._judge_nodes(seen, past)

    def _judge_nodes(self, seen: GateObservation, past: Past) -> Judgement:
        nodes = seen.nodes
        if seen.boot_id is not None:
            # Of several nodes, only the one on this host is of this boot.
            nodes = tuple(pair for pair in nodes if pair[0].boot_id == seen.boot_id) or nodes[:1]
        doubts = {
            node.name: node_doubt(node, lease, boot_id=seen.boot_id, boot_time=seen.boot_time, now=past.now)
            or _unready(node)
            for node, lease in nodes
        }
        well = tuple(pair for pair in nodes if not doubts[pair[0].name])
        awaited = {name: doubt for name, doubt in doubts.items() if doubt and not (well and _left(seen, name, past))}
        if awaited:
            hint = _next_step(nodes, next(iter(awaited.values())))
            return Wait(_doubts(awaited), watched=seen.watched, hint=hint)
        names = ", ".join(node.name for node, _ in well)
        boots = boots_of([node for node, _ in seen.nodes], seen.boot_id, seen.epoch)
        cordoned = tuple(f"node {node.name} is unschedulable (cordoned)" for node, _ in well if node.unschedulable)
        return Settled(
            f"nodes {names} are Ready in this boot" if well[1:] else f"node {names} is Ready in this boot",
            remarks=(
                *seen.facts.failed,
                *cordoned,
                *_lost(seen, well, past),
                *webhooks.remarks(seen.extensions),
            ),
            epoch=seen.epoch or named(boots, past),
            boots=boots,
            baseline={_away_in(node): node.boot_id for node, _ in seen.nodes if doubts.get(node.name)},
        )


def _doubts(awaited: Mapping[str, str]) -> str:
    """Say what keeps the gate shut. Of a hundred nodes that come one after the other not each is news."""
    name, doubt = next(iter(awaited.items()))
    return doubt if len(awaited) <= NAMED else f"{_MANY} {NAMED} nodes: the first {doubt.removeprefix(f'node {name} ')}"


def _by_the_clock(seen: GateObservation) -> str:
    """Name the clock where it may be the reason: a certificate is judged by it, a refused connection is not."""
    blamed = seen.facts.clock_synchronised is False and "certificate" in seen.unreachable.lower()
    return "; this machine's clock is not synchronised yet" if blamed else ""


def waits_for_a_node(why: str) -> bool:
    """Tell whether what the gate waits for, in its own words, is a node: the API server is ready by then."""
    return any(part.startswith(_OF_A_NODE) for part in why.split("; "))


def _without_our_own(seen: GateObservation) -> HostFacts:
    """Who refuses an old certificate of ours says so in its log, as of any other."""
    if not seen.denied:
        return seen.facts
    others = tuple(symptom for symptom in seen.facts.symptoms if symptom.kind not in OF_CERTIFICATES)
    return replace(seen.facts, symptoms=others)


def _refused() -> str:
    """Name the condition for this process alone: the next one may have been given another credential."""
    return f"refused as process {os.getpid()}"


def _failing(readiness: Readiness) -> str:
    return f"/readyz names {readiness.check}"


def _look_at_the_api(cluster: ClusterReader, host: Host) -> GateObservation:
    seen = GateObservation(Readiness(ready=False))
    try:
        readiness = cluster.readiness()
        if not readiness.ready:
            return replace(seen, readiness=readiness)
        nodes = tuple((node, cluster.lease(node.name)) for node in cluster.nodes())
        watched = cluster.watched("node") and cluster.watched("lease", LEASES)
    except DeniedError as error:
        return replace(seen, denied=str(error), final=error.final, hint=error.hint)
    except TransientError as error:
        return replace(seen, unreachable=str(error))
    return GateObservation(
        readiness, nodes=nodes, watched=watched, boot_id=host.boot_id(), epoch=host.epoch(), boot_time=host.boot_time()
    )


def _look_at_extensions(cluster: ClusterReader) -> Extensions:
    """Look for what a person should know, and what may refuse our writes; the gate does not depend on it."""
    try:
        return cluster.extensions()
    except TransientError:
        return Extensions()


def _away(seen: GateObservation) -> list[tuple[Node, Lease | None]]:
    """Return the nodes that are not Ready and not this machine; of a cluster elsewhere those that are silent."""
    if seen.boot_id is None:
        return [(node, lease) for node, lease in seen.nodes if away(node, lease, boot_id=None, boot_time=None)]
    return [(node, lease) for node, lease in seen.nodes if node.boot_id != seen.boot_id and not node.ready]


def _bound(cluster: ClusterReader, seen: GateObservation) -> dict[str, tuple[Ref, ...]]:
    """Ask what is bound to nodes that are away; nobody waits for it.

    Of a cluster elsewhere all are silent at first, and count as Ready for 40 s: of such it is asked once few are left.
    """
    silent = [node for node, _ in _away(seen)]
    few = len(silent) < len(seen.nodes) and len(silent) <= NAMED
    try:
        return {node.name: tuple(cluster.bound_to(node.name)) for node in silent if few or not node.ready}
    except TransientError:
        return {}


def _is_away(name: str) -> str:
    return f"node {name} is away"


def _left(seen: GateObservation, name: str, past: Past) -> bool:
    """Tell whether a node has been silent for so long that others do not wait for it, or was left before."""
    if seen.boot_id is not None:
        return False
    before = (past.baseline.get(_away_in(node)) == node.boot_id for node, _ in seen.nodes if node.name == name)
    return past.held(_is_away(name)) >= AWAY_SECONDS or any(before)


def _away_in(node: Node) -> str:
    """Name that a node was left when the gate opened last: in that boot nobody waits for it again."""
    return f"left {node.name} in boot"


def _lost(seen: GateObservation, here: Sequence[tuple[Node, Lease | None]], past: Past) -> Iterator[str]:
    """Tell of each node that does not come back, with what is bound to it: this machine may have another name now."""
    names, addresses = [node.name for node, _ in here], {node.ip for node, _ in here}
    for node, lease in _away(seen):
        if seen.boot_id is None and not _left(seen, node.name, past):
            continue
        if seen.boot_id and lease and _renewed(lease, seen.boot_time, past.now):
            continue
        bound = seen.bound.get(node.name, ())
        told = ", ".join(map(str, bound[:NAMED])) + (f" and {len(bound) - NAMED} more" if len(bound) > NAMED else "")
        stays = f"; bound to it: {told}" if bound else ""
        if seen.boot_id and len(names) == 1 and (not node.ip or node.ip in addresses):
            yield (
                f"node {node.name} is not this machine's any more: this boot has registered as {names[0]}{stays}; "
                f"volumes of local-path stay with {node.name}: give the host its old name "
                f"(hostnamectl set-hostname {node.name}, or k3s --node-name {node.name}) and restart k3s"
            )
        else:
            yield f"node {node.name} has not come back{stays}; start that machine, or kubectl delete node {node.name}"


def _renewed(lease: Lease, boot_time: BootTime | None, now: float) -> bool:
    return not before_boot(lease.renewed, boot_time) and now - lease.renewed <= lease.duration


def _next_step(nodes: Sequence[tuple[Node, Lease | None]], doubt: str) -> str:
    """Return what a person does about a node that says itself why it is not Ready, "" where none is meant."""
    found = (of_node(node) for node, _ in nodes if doubt == _unready(node))
    return next((each.next_step for each in found if each), "")


def _unready(node: Node) -> str:
    if not node.ready:
        return f"node {node.name} is not Ready: {node.why}"
    taints = sorted(BLOCKING_TAINTS.intersection(node.taints))
    return f"node {node.name} still has the taint {taints[0]}" if taints else ""
