"""What a look at a workload finds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bootheal.causes import registries
from bootheal.causes.pods import Trouble, needs_events, of_log, trouble, turned_away
from bootheal.cluster import refusals, selectors
from bootheal.cluster.dead_pods import lost
from bootheal.cluster.delete_pod import REPLACED_BY
from bootheal.cluster.freshness import away, pod_doubt, workload_doubt
from bootheal.cluster.last_words import last_words
from bootheal.cluster.refusals import Refusals
from bootheal.cluster.rollout import Rollout, crashed, rollout
from bootheal.cluster.rollout import seen as has_seen
from bootheal.cluster.starting import finished, left_over, starting
from bootheal.errors import BoothealError
from bootheal.model import Answer, BootTime, Component, Node, Occurrence, Pod, Ref, Workload
from bootheal.model.sqlstates import ALIVE, RECOVERING
from bootheal.ports import ClusterReader, PodAccess, World
from bootheal.probes import Exec, Probe, Tcp, ask
from bootheal.step import Past
from bootheal.workloads import fronts
from bootheal.workloads.fronts import Fronts, unserved
from bootheal.workloads.strategy import (
    ROLL_OUT,
    Choice,
    Strategy,
    budget_trouble,
    choose,
    pull_trouble,
    rolling_trouble,
)

# Pods whose Events are asked for in one look: replicas that wait mostly wait for the same.
ASKED = 3

# A readiness probe has a period of 10 s by default: what is not well for this long will not be by itself. What starts
# slowly says so, by a startup probe or by the delay of its readiness probe; what has data of its own may be recovering
# or copying it, and would begin anew.
UNWELL_SECONDS, UNWELL_WITH_DATA_SECONDS = 30.0, 300.0

# How it is remembered that it is not well, whatever pods it has.
ILL = "ill"

# And that a database server behind the probe says that it is starting up.
RECOVERS = "recovers"


@dataclass(frozen=True)
class WorkloadObservation:
    """The workload, its pods, and what the probe said (None: not probed).

    `services`: why a Service in front of it may not reach it yet; `shut`: why nobody gets through one although its
    slices are right and the probe is content; `untried`: a Service that nobody could dial from here;
    `log`: the lines that say why a pod loops;
    `choice`: how it would be restarted; `unpullable`, `budget`: why pods that serve should not be replaced now;
    `refusals`: what would keep new pods out; `events`: those of pods whose status says too little; `left_over`: pods
    that the shutdown has left Completed; `absent`: what there is in place of pods; `turned_away`: why the kubelet did
    not let the newest of those in; `unserved`: that nobody comes to it, for all we know; `registries`: the container of
    this machine that serves the image which a pod lacks; `away`: nodes of its pods that show no sign of life;
    `talks`: the probe is a talk or a command, as servers with data are asked.
    """

    workload: Workload
    pods: tuple[Pod, ...]
    rollout: Rollout
    doubt: str = ""
    probe: Answer | None = None
    services: str = ""
    shut: str = ""
    untried: str = ""
    log: tuple[str, ...] = ()
    choice: Choice = ROLL_OUT
    unpullable: str = ""
    budget: str = ""
    boot_time: BootTime | None = None
    refusals: Refusals = field(default_factory=Refusals)
    events: Mapping[Ref, Sequence[Occurrence]] = field(default_factory=dict)
    left_over: tuple[Pod, ...] = ()
    absent: str = ""
    turned_away: Trouble | None = None
    unserved: str = ""
    registries: Mapping[Ref, Component] = field(default_factory=dict)
    away: frozenset[str] = frozenset()
    talks: bool = False

    @property
    def present(self) -> tuple[Pod, ...]:
        """Return its pods but for those on nodes that are away: what is said of these was true once."""
        return tuple(pod for pod in self.pods if pod.node not in self.away) if self.away else self.pods

    @cached_property  # a judgement asks for it again and again
    def troubles(self) -> list[Trouble]:
        """Return what keeps pods back, the gravest first."""
        told = (trouble(pod, self.events.get(pod.ref, ()), boot_time=self.boot_time) for pod in self.present)
        found = [registries.named(each, self.registries.get(each.pod.ref)) for each in told if each]
        first = next(((pod, failed[0]) for pod in self.present if (failed := crashed(pod))), None)
        found += [each for each in [of_log(*first, self.log) if first else None] if each]
        return sorted(found, key=lambda each: -each.gravity.rank)

    @property
    def refused(self) -> bool:
        """Whether its controller cannot create the pods that it lacks."""
        return bool(self.workload.refused) and not self.rollout.done

    @property
    def well(self) -> bool:
        """Whether it is rolled out, in this boot, and its probe has no complaint."""
        return self.rollout.done and not self.doubt and (self.probe is None or self.probe.ok)

    @property
    def unwell(self) -> str:
        """Say what is wrong although every container runs; "" if nothing, or if some still start, or none is there."""
        staying = [pod for pod in self.pods if not pod.deleting]
        if self.well or self.doubt or self.refused or not staying or not has_seen(self.workload):
            return ""  # whose controller does nothing would roll nothing out, either
        if any(starting(pod) or lost(pod) or crashed(pod) or pod.gated or pod.node in self.away for pod in staying):
            return ""
        if self.probe is not None and not self.probe.ok:
            return f"probe: {self.probe}"
        return "" if self.rollout.done else self.rollout.why

    @property
    def unproven(self) -> bool:
        """Whether a bad answer is none about its pods: nobody could be asked, or a server that lives refuses."""
        return self.answers in ALIVE or bool(self.probe and self.probe.unasked)

    @property
    def answers(self) -> str:
        """Return the SQLSTATE of a probe's bad answer, "" where there is none."""
        return self.probe.sqlstate if self.probe and not self.probe.ok else ""

    @property
    def blind_seconds(self) -> float:
        """Return for how many seconds what was begun anew may run as it did before its liveness probe ended it.

        Without a readiness probe it is Ready all the while.
        """
        return 0.0 if self.workload.proves_ready else self.workload.ends_after

    @property
    def slowest_start(self) -> float:
        """Return for how many seconds it may run without being well before it is restarted for that."""
        has_data = any(pod.claims for pod in self.pods)
        loads = self.talks and self.probe is not None and self.probe.spoke  # as Redis does, Ready, for minutes
        if self.rollout.done and not (has_data and (loads or not self.workload.proves_ready)):
            return UNWELL_SECONDS
        usual = UNWELL_WITH_DATA_SECONDS if has_data else UNWELL_SECONDS
        return usual + self.workload.initial_delay + self.workload.min_ready

    @cached_property
    def conditions(self) -> frozenset[str]:
        """How long it has been well, known or unwell as the same pods, not well at all, or at zero, matters."""
        pods = ",".join(sorted(pod.uid for pod in self.pods))
        facts = {
            f"well {pods}": self.well,
            f"known {pods}": self.well and not self.services,
            f"unwell {pods}": bool(self.unwell) and not self.unproven,
            "refused": self.refused,
            "zero": self.workload.desired == 0,
            RECOVERS: self.answers in RECOVERING,
            ILL: not self.well,
        }
        lasting = {each.condition for each in self.troubles}
        return frozenset(lasting | {name for name, holds in facts.items() if holds})

    def held(self, word: str, past: Past) -> float:
        """Return for how long the condition that begins with this word has held."""
        return max((past.held(known) for known in self.conditions if known.split()[0] == word), default=0.0)


def look(world: World, workload: Workload, strategy: Strategy | None, probe: Probe | None) -> WorkloadObservation:
    """Read the pods; probe those that are ready once the rollout is done. No strategy: it is never restarted."""
    namespace, boot_time = workload.ref.namespace, world.host.boot_time()
    mine = [pod for pod in world.cluster.pods(namespace, workload.selector) if _is_of_a_workload(pod)]
    pods = tuple(sorted((pod for pod in mine if not pod.finished), key=lambda pod: pod.ref))
    unpulled = world.cluster.unpulled(namespace)
    refused = refusals.look(world.cluster, namespace, unpulled) if strategy else Refusals()
    gone = _away(world, refused.nodes if strategy else world.cluster.nodes(), pods)
    doubts = (why for pod in pods if (why := _pod_doubt(pod, gone, boot_time)))
    doubt = next(doubts, workload_doubt(workload, pods))
    state = rollout(workload, boot_time=boot_time)
    serves = state.done and not doubt
    ready = [pod for pod in pods if pod.ready and not pod.deleting]
    choice = _choose(world.cluster, workload, strategy)
    answer = ask(world, probe, ready) if probe and serves else None
    front = fronts.look(world, pods, ready, probe if answer and answer.ok else None) if serves else Fronts()
    events = _events(world.cluster, pods)
    return WorkloadObservation(
        workload,
        pods,
        state,
        doubt,
        probe=answer,
        services=front.doubt,
        shut=front.shut,
        untried=front.untried,
        log=_why_crashed(world.pod_access, (pod for pod in pods if pod.node not in gone)),
        choice=choice,
        unpullable=pull_trouble(workload, unpulled),
        budget=budget_trouble(pods, world.cluster.budgets(namespace)) if choice.way != "rollout" else "",
        boot_time=boot_time,
        refusals=refused,
        events=events,
        left_over=tuple(pod for pod in mine if left_over(pod, boot_time)),
        absent="" if pods else _absent(workload, mine),
        turned_away=None if pods else turned_away(mine),
        unserved=unserved(world.cluster, workload, pods[0].labels) if serves and pods and not front.there else "",
        registries=_registries(world, pods, events),
        away=gone,
        talks=isinstance(probe, Tcp | Exec),
    )


def _away(world: World, nodes: Sequence[Node], pods: Iterable[Pod]) -> frozenset[str]:
    """Return which nodes of these pods are away; where there is one node only, the gate has seen to it."""
    if len(nodes) <= 1:
        return frozenset()
    boot_id, boot_time, homes = world.host.boot_id(), world.host.boot_time(), {pod.node for pod in pods}
    theirs = [(node, world.cluster.lease(node.name)) for node in nodes if node.name in homes]
    return frozenset(node.name for node, lease in theirs if away(node, lease, boot_id=boot_id, boot_time=boot_time))


def _pod_doubt(pod: Pod, gone: frozenset[str], boot_time: BootTime | None) -> str:
    return on_away(pod) if pod.ready and pod.node in gone else pod_doubt(pod, boot_time=boot_time)


def on_away(pod: Pod) -> str:
    """Say why nothing is known of it, and nothing is done for its sake."""
    return f"{pod.ref} is on node {pod.node}, which shows no sign of life"


def _registries(
    world: World, pods: Sequence[Pod], events: Mapping[Ref, Sequence[Occurrence]]
) -> Mapping[Ref, Component]:
    """Look for the registry of images that pods lack among this machine's containers; nothing fails for want of it."""
    waiting = [pod for pod in pods if registries.waits(pod)]
    if not waiting or world.containers is None:
        return {}
    try:
        nodes, containers = world.cluster.nodes(), world.containers.registries()
    except BoothealError:
        return {}
    return registries.serving_each(waiting, events, containers, nodes)


def _events(cluster: ClusterReader, pods: Sequence[Pod]) -> dict[Ref, Sequence[Occurrence]]:
    """Ask for the Events of some pods whose status says too little."""
    asked = [pod.ref for pod in pods if needs_events(pod)][:ASKED]
    return {ref: cluster.occurrences(ref) for ref in asked}


def _absent(workload: Workload, mine: Iterable[Pod]) -> str:
    """Say what there is in place of the workload's pods: those that have ended, or none with its labels."""
    newest = sorted(mine, key=lambda pod: (-pod.created, pod.ref))
    if ended := [finished(pod) for pod in newest]:
        return "; ".join(ended[:ASKED])
    return f"no pod has the labels {selectors.spelled(workload.selector)}"


def _is_of_a_workload(pod: Pod) -> bool:
    """Whether something would make it again: a bare pod, or one of a Job, may carry the same labels."""
    return pod.owner is not None and pod.owner.kind in REPLACED_BY


def _choose(cluster: ClusterReader, workload: Workload, strategy: Strategy | None) -> Choice:
    if strategy is None:
        return ROLL_OUT
    claims = workload.claims if strategy in ("auto", "rollout") else ()
    modes = {claim: cluster.access_modes(workload.ref.namespace, claim) for claim in claims}
    return choose(strategy, workload, rolling_trouble(workload, modes) if strategy in ("auto", "rollout") else None)


def _why_crashed(access: PodAccess, pods: Iterable[Pod]) -> tuple[str, ...]:
    """Return the last words of the first container that crashed, to tell the person why."""
    first = next(((pod, container) for pod in pods for container in crashed(pod)), None)
    return last_words(access, *first) if first else ()
