"""What a look at a workload finds."""

from collections.abc import Sequence
from dataclasses import dataclass

from bootheal.cluster.dead_pods import lost
from bootheal.cluster.delete_pod import REPLACED_BY
from bootheal.cluster.freshness import pod_doubt, service_doubt, workload_doubt
from bootheal.cluster.log_excerpt import salient_lines
from bootheal.cluster.rollout import Rollout, crashed, misconfigured, rollout, starting
from bootheal.errors import PermanentError, TransientError
from bootheal.model import Answer, BootTime, Pod, Service, State, Target, Workload
from bootheal.ports import ClusterReader, PodAccess, World
from bootheal.probes import Http, Probe, Sql, Tcp, ask
from bootheal.step import Past
from bootheal.workloads.strategy import (
    ROLL_OUT,
    Choice,
    Strategy,
    budget_trouble,
    choose,
    pull_trouble,
    rolling_trouble,
)

LOG_LINES = 60

# What a Service sends to is on this machine; an address that is gone does not answer at all.
FRONT_TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class WorkloadObservation:
    """The workload, its pods, and what the probe said (None: not probed).

    `services`: why a Service in front of it may not reach it yet; `shut`: why nobody gets through one although its
    slices are right and the probe is content; `log`: the lines that say why a pod loops;
    `choice`: how it would be restarted; `unpullable`, `budget`: why pods that serve should not be replaced now.
    """

    workload: Workload
    pods: tuple[Pod, ...]
    rollout: Rollout
    doubt: str = ""
    probe: Answer | None = None
    services: str = ""
    shut: str = ""
    log: tuple[str, ...] = ()
    choice: Choice = ROLL_OUT
    unpullable: str = ""
    budget: str = ""
    boot_time: BootTime | None = None

    @property
    def well(self) -> bool:
        """Whether it is rolled out, in this boot, and its probe has no complaint."""
        return self.rollout.done and not self.doubt and (self.probe is None or self.probe.ok)

    @property
    def unwell(self) -> str:
        """Say what is wrong although every container runs; "" if nothing, or if some still start."""
        if self.doubt or any(starting(pod) or lost(pod) or crashed(pod) for pod in self.pods):
            return ""
        if self.probe is not None and not self.probe.ok:
            return f"probe: {self.probe}"
        return "" if self.rollout.done else self.rollout.why

    @property
    def conditions(self) -> frozenset[str]:
        """How long it has been well, known or unwell as the same pods, lacks something, or is at zero, matters."""
        pods = ",".join(sorted(pod.uid for pod in self.pods))
        facts = {
            f"well {pods}": self.well,
            f"known {pods}": self.well and not self.services,
            f"unwell {pods}": bool(self.unwell),
            "misconfigured": any(misconfigured(pod) for pod in self.pods),
            "zero": self.workload.desired == 0,
        }
        return frozenset(name for name, holds in facts.items() if holds)

    def held(self, word: str, past: Past) -> float:
        """Return for how long the condition that begins with this word has held."""
        return max((past.held(known) for known in self.conditions if known.split()[0] == word), default=0.0)


def look(world: World, workload: Workload, strategy: Strategy | None, probe: Probe | None) -> WorkloadObservation:
    """Read the pods; probe those that are ready once the rollout is done. No strategy: it is never restarted."""
    namespace, boot_time = workload.ref.namespace, world.host.boot_time()
    neighbours = world.cluster.pods(namespace)
    wanted = workload.selector.items()
    mine = (pod for pod in neighbours if wanted <= pod.labels.items() and _is_of_a_workload(pod) and not pod.finished)
    pods = tuple(sorted(mine, key=lambda pod: pod.ref))
    doubts = (why for pod in pods if (why := pod_doubt(pod, boot_time=boot_time)))
    doubt = next(doubts, workload_doubt(workload, pods))
    state = rollout(workload, boot_time=boot_time)
    serves = state.done and not doubt
    ready = [pod for pod in pods if pod.ready and not pod.deleting]
    choice = _choose(world.cluster, workload, strategy)
    answer = ask(world, probe, ready) if probe and serves else None
    fronts = _in_front(world.cluster, namespace, pods) if serves else []
    services = next((why for service in fronts if (why := _doubt(world.cluster, service, neighbours, boot_time))), "")
    port = probe.port if isinstance(probe, Http | Tcp | Sql) and answer and answer.ok and not services else 0
    return WorkloadObservation(
        workload,
        pods,
        state,
        doubt,
        probe=answer,
        services=services,
        shut=next((why for service in fronts if port and (why := _shut(world, service, port, ready))), ""),
        log=_why_crashed(world.pod_access, pods),
        choice=choice,
        unpullable=pull_trouble(workload, neighbours),
        budget=budget_trouble(pods, world.cluster.budgets(namespace)) if choice.way != "rollout" else "",
        boot_time=boot_time,
    )


def _is_of_a_workload(pod: Pod) -> bool:
    """Whether something would make it again: a bare pod, or one of a Job, may carry the same labels."""
    return pod.owner is not None and pod.owner.kind in REPLACED_BY


def _choose(cluster: ClusterReader, workload: Workload, strategy: Strategy | None) -> Choice:
    if strategy is None:
        return ROLL_OUT
    claims = workload.claims if strategy in ("auto", "rollout") else ()
    modes = {claim: cluster.access_modes(workload.ref.namespace, claim) for claim in claims}
    return choose(strategy, workload, rolling_trouble(workload, modes) if strategy in ("auto", "rollout") else None)


def _in_front(cluster: ClusterReader, namespace: str, pods: tuple[Pod, ...]) -> list[Service]:
    """Return the Services that send to some of `pods`."""
    services = cluster.services(namespace)
    return [service for service in services if any(service.selects(pod) for pod in pods)]


def _doubt(cluster: ClusterReader, service: Service, neighbours: Sequence[Pod], boot_time: BootTime | None) -> str:
    """Say whether it still sends elsewhere: its slices follow seconds after its pods."""
    endpoints = cluster.endpoints(service.ref.namespace, service.ref.name)
    return service_doubt(service, endpoints, neighbours, boot_time=boot_time)


def _shut(world: World, service: Service, probed: int, ready: Sequence[Pod]) -> str:
    """Say why no connection gets through it to the port that is probed; "" also where its address is out of reach."""
    port = next((port for pod in ready if (port := service.port_to(pod, probed))), 0)
    if not world.direct or not service.cluster_ip or not port:
        return ""
    answer = world.web.tcp(Target(service.cluster_ip, port), FRONT_TIMEOUT_SECONDS)
    return "" if answer.ok else f"{service.ref} lets nobody in: {answer}"


def _why_crashed(access: PodAccess, pods: tuple[Pod, ...]) -> tuple[str, ...]:
    """Return the last words of the first container that crashed, to tell the person why."""
    first = next(((pod.ref, container) for pod in pods for container in crashed(pod)), None)
    if first is None:
        return ()
    pod, container = first
    try:
        previous = container.state is not State.TERMINATED
        return salient_lines(access.log_tail(pod, container.name, LOG_LINES, previous=previous))
    except (TransientError, PermanentError):
        return ()
