"""Cluster DNS: poolers and applications find each other by name, and crash or cache the failure where they can't.

Databases are asked by their pods' addresses, so nothing of theirs waits for this.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bootheal.causes.pods import Trouble, needs_events, of_log, trouble
from bootheal.cluster.freshness import sends_to, service_doubt
from bootheal.cluster.last_words import last_words, present_words
from bootheal.cluster.rollout import crashed
from bootheal.errors import DeniedError, MissingError
from bootheal.model import Answer, Pod, Ref, Right, Service, State, Target
from bootheal.ports import World
from bootheal.step import GiveUp, Judgement, Past, Settled, Step, Wait

NAME = "dns"
SERVICE = Ref("service", "kube-system", "kube-dns")
DEPLOYMENT = Ref("deployment", "kube-system", "coredns")
PORT = 53

# There in every cluster; where the cluster's domain is another, the answer is that it does not exist.
QUESTION = "kubernetes.default.svc.cluster.local"
TIMEOUT_SECONDS = 2.0

# A firewall may keep us from asking. What the cluster itself says of its DNS is good enough then.
SILENT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DnsObservation:
    """What can be known of the cluster's DNS: why it was not looked at, why it can't serve yet, what it answered.

    `trouble`: what keeps a pod of it back.
    """

    unknown: str = ""
    doubt: str = ""
    answer: Answer | None = None
    trouble: Trouble | None = None

    @property
    def conditions(self) -> frozenset[str]:
        """For how long it should have answered and did not, and how long what keeps it back has."""
        silent = {"silent"} if self.answer and not self.answer.ok else set()
        return frozenset(silent | ({self.trouble.condition} if self.trouble else set()))


@dataclass(frozen=True, kw_only=True)
class Dns(Step[DnsObservation]):
    """Waits until the cluster's DNS answers; where there is none, or it can't be looked at, it only says so."""

    dispensable = True

    name: str = NAME

    @property
    def shows_more(self) -> str:
        """Show what CoreDNS says, and its pods."""
        return "kubectl -n kube-system logs deployment/coredns; kubectl -n kube-system get pods -o wide"

    def wishes(self) -> frozenset[Right]:
        """To find it."""
        namespace = SERVICE.namespace
        listed = (Right("list", "pods", namespace), Right("list", "endpointslices", namespace, "discovery.k8s.io"))
        told = (Right("list", "events", namespace), Right("get", "pods/log", namespace))
        return frozenset({Right("get", "services", namespace), *listed, *told})

    def look(self, world: World) -> DnsObservation:
        """Judge its slices, and ask it where they are good."""
        try:
            service = world.cluster.service(SERVICE.namespace, SERVICE.name)
            pods = world.cluster.pods(SERVICE.namespace)
            endpoints = world.cluster.endpoints(SERVICE.namespace, SERVICE.name)
        except (MissingError, DeniedError) as error:
            return DnsObservation(unknown=str(error))
        if doubt := service_doubt(service, endpoints, pods, boot_time=world.host.boot_time()):
            mine = [pod for pod in pods if service.selects(pod) or not service.selector]
            return DnsObservation(doubt=doubt, trouble=_trouble(world, mine))
        pod = next((pod for pod in pods if pod.ready and sends_to(endpoints, pod)), None)
        if pod is None:
            return DnsObservation(unknown=f"{SERVICE} leads out of the cluster")
        target = _target(service, pod, direct=world.direct)
        try:
            return DnsObservation(answer=world.web.dns(target, QUESTION, TIMEOUT_SECONDS))
        except DeniedError as error:
            return DnsObservation(unknown=str(error))

    def judge(self, seen: DnsObservation, past: Past) -> Judgement:
        """Nothing is done about it: CoreDNS is a workload like others, for who declares it."""
        if seen.unknown:
            return Settled("cluster DNS was not checked", (seen.unknown,))
        if seen.answer is None:
            return _judge_silent(seen, past)
        if seen.answer.ok:
            return Settled("cluster DNS answers")
        why = f"cluster DNS does not answer: {seen.answer}"
        if past.held("silent") < SILENT_SECONDS:
            return Wait(why)
        return Settled("cluster DNS has fresh endpoints", (f"{why} (asked from here)",))


def _judge_silent(seen: DnsObservation, past: Past) -> Judgement:
    """Say why it has no address; what only a person mends is given up, since names will not be found before."""
    found = seen.trouble
    if found is None:
        return Wait(seen.doubt)
    why = f"{seen.doubt}: {found.text}"
    if found.certain(past):
        return GiveUp(why, found.next_step, person=found.data)
    return Wait(why, hint=found.next_step)


def _trouble(world: World, pods: Sequence[Pod]) -> Trouble | None:
    """Return the gravest of what its pods, their words and their Events tell; of the same gravity their words."""
    found: list[Trouble | None] = []
    for pod in pods:
        events = world.cluster.occurrences(pod.ref) if needs_events(pod) else ()
        found += [of_log(pod, each, last_words(world.pod_access, pod, each)) for each in crashed(pod)]
        alive = (each for each in pod.containers if each.state is State.RUNNING and not each.ready)
        found += [of_log(pod, each, present_words(world.pod_access, pod, each), runs=True) for each in alive]
        found.append(trouble(pod, events, boot_time=world.host.boot_time()))
    return max((each for each in found if each), key=lambda each: each.gravity.rank, default=None)


def _target(service: Service, pod: Pod, *, direct: bool) -> Target:
    """Return the Service's address as everybody uses it, or a pod where only a port-forward gets there."""
    if direct and service.cluster_ip:
        return Target(service.cluster_ip, PORT)
    return Target(pod.ip, service.port_on(pod) or PORT, pod.ref)
