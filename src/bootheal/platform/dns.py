"""Cluster DNS: poolers and applications find each other by name, and crash or cache the failure where they can't.

Databases are asked by their pods' addresses, so nothing of theirs waits for this.
"""

from dataclasses import dataclass

from bootheal.cluster.freshness import sends_to, service_doubt
from bootheal.errors import DeniedError, MissingError
from bootheal.model import Answer, Pod, Ref, Right, Service, Target
from bootheal.ports import World
from bootheal.step import Judgement, Past, Settled, Step, Wait

NAME = "dns"
SERVICE = Ref("service", "kube-system", "kube-dns")
PORT = 53

# There in every cluster; where the cluster's domain is another, the answer is that it does not exist.
QUESTION = "kubernetes.default.svc.cluster.local"
TIMEOUT_SECONDS = 2.0

# A firewall may keep us from asking. What the cluster itself says of its DNS is good enough then.
SILENT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DnsObservation:
    """What can be known of the cluster's DNS: why it was not looked at, why it can't serve yet, what it answered."""

    unknown: str = ""
    doubt: str = ""
    answer: Answer | None = None

    @property
    def conditions(self) -> frozenset[str]:
        """For how long it should have answered and did not."""
        return frozenset({"silent"}) if self.answer and not self.answer.ok else frozenset()


@dataclass(frozen=True, kw_only=True)
class Dns(Step[DnsObservation]):
    """Waits until the cluster's DNS answers; where there is none, or it can't be looked at, it only says so."""

    name: str = NAME

    def wishes(self) -> frozenset[Right]:
        """To find it."""
        namespace = SERVICE.namespace
        listed = (Right("list", "pods", namespace), Right("list", "endpointslices", namespace, "discovery.k8s.io"))
        return frozenset({Right("get", "services", namespace), *listed})

    def look(self, world: World) -> DnsObservation:
        """Judge its slices, and ask it where they are good."""
        try:
            service = world.cluster.service(SERVICE.namespace, SERVICE.name)
            pods = world.cluster.pods(SERVICE.namespace)
            endpoints = world.cluster.endpoints(SERVICE.namespace, SERVICE.name)
        except (MissingError, DeniedError) as error:
            return DnsObservation(unknown=str(error))
        if doubt := service_doubt(service, endpoints, pods, boot_time=world.host.boot_time()):
            return DnsObservation(doubt=doubt)
        pod = next((pod for pod in pods if pod.ready and sends_to(endpoints, pod)), None)
        if pod is None:
            return DnsObservation(unknown=f"{SERVICE} leads out of the cluster")
        target = _target(service, pod, direct=world.direct)
        return DnsObservation(answer=world.web.dns(target, QUESTION, TIMEOUT_SECONDS))

    def judge(self, seen: DnsObservation, past: Past) -> Judgement:
        """Nothing is done about it: CoreDNS is a workload like others, for who declares it."""
        if seen.unknown:
            return Settled("cluster DNS was not checked", (seen.unknown,))
        if seen.answer is None:
            return Wait(seen.doubt)
        if seen.answer.ok:
            return Settled("cluster DNS answers")
        why = f"cluster DNS does not answer: {seen.answer}"
        if past.held("silent") < SILENT_SECONDS:
            return Wait(why)
        return Settled("cluster DNS has fresh endpoints", (f"{why} (asked from here)",))


def _target(service: Service, pod: Pod, *, direct: bool) -> Target:
    """Return the Service's address as everybody uses it, or a pod where only a port-forward gets there."""
    if direct and service.cluster_ip:
        return Target(service.cluster_ip, PORT)
    return Target(pod.ip, service.port_on(pod) or PORT, pod.ref)
