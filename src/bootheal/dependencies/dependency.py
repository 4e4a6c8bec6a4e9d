"""Something else that must serve before what comes after it: Redis, RabbitMQ, Kafka, a proxy.

Declared under `dependencies`. It is asked and waited for, and never touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bootheal.cluster.freshness import pod_doubt, sends_to, service_doubt
from bootheal.errors import PermanentError
from bootheal.model import Answer, Pod, Right, Service, Target
from bootheal.model.sqlstates import RECOVERING, RECOVERS_WITHIN_SECONDS, REFUSED
from bootheal.ports import ClusterReader, Interest, World
from bootheal.probes import Exec, Probe, Sql, Url, ask, ask_at
from bootheal.step import Judgement, Past, Settled, Step, Wait

RECOVERS = "recovers"


@dataclass(frozen=True, slots=True)
class DependencyObservation:
    """The answer, or why nobody was asked; `service`: why the Service in front of it may not lead there yet."""

    answer: Answer | None = None
    doubt: str = ""
    service: str = ""

    @property
    def conditions(self) -> frozenset[str]:
        """For how long it has been recovering matters: not for ever."""
        recovers = self.answer is not None and self.answer.sqlstate in RECOVERING
        return frozenset({RECOVERS} if recovers else ())


@dataclass(frozen=True, kw_only=True)
class Dependency(Step[DependencyObservation]):
    """Waits until `probe` is answered: by every Ready pod of `service` or `selector`, by `host`, or by its own URL.

    Of a Service without a selector by whoever is at its addresses.
    """

    probe: Probe
    namespace: str = ""
    service: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    host: str = ""

    @property
    def _in_pods(self) -> bool:
        return bool(self.service or self.selector)

    def interests(self) -> frozenset[Interest]:
        """Its pods, and what is known of its Service."""
        kinds = ("pod", "service", "endpointslice") if self._in_pods else ()
        return frozenset(Interest(kind, self.namespace) for kind in kinds)

    def rights(self) -> frozenset[Right]:
        """What its kind of probe needs."""
        match self.probe:
            case Exec():
                return frozenset(Right(verb, "pods/exec", self.namespace) for verb in ("get", "create"))
            case Sql(login=login):
                return frozenset({Right("get", "secrets", login.secret.namespace)})
            case _:
                return frozenset()

    def look(self, world: World) -> DependencyObservation:
        """Ask."""
        if isinstance(self.probe, Url):
            return DependencyObservation(ask(world, self.probe, ()))
        if self.host and not isinstance(self.probe, Exec):
            return DependencyObservation(ask_at(world, self.probe, Target(self.host, self.probe.port)))
        if (external := self._external(world.cluster)) and not isinstance(self.probe, Exec):
            return DependencyObservation(ask_at(world, self.probe, Target(external, self.probe.port)))
        service = world.cluster.service(self.namespace, self.service) if self.service else None
        if service and not (self.selector or service.selector):
            return self._at_addresses(world, service)
        pods = self._pods(world.cluster, self.selector or (service.selector if service else {}))
        boot_time = world.host.boot_time()
        doubts = {pod.ref: pod_doubt(pod, boot_time=boot_time) for pod in pods}
        ready = [pod for pod in pods if pod.ready and not doubts[pod.ref]]
        if not ready:
            return DependencyObservation(
                doubt=next((doubts[pod.ref] or f"{pod.ref} is not Ready" for pod in pods), "it has no pod yet")
            )
        return DependencyObservation(ask(world, self.probe, ready), service=self._service_doubt(world))

    def _external(self, cluster: ClusterReader) -> str:
        """Return the host that the Service is another name of, whatever selector it has."""
        return cluster.service(self.namespace, self.service).external if self.service and not self.selector else ""

    def _at_addresses(self, world: World, service: Service) -> DependencyObservation:
        """Ask each address that somebody has written for a Service without a selector, be it a pod's or not."""
        endpoints = [each for each in world.cluster.endpoints(self.namespace, self.service) if each.ready]
        doubt = self._service_doubt(world)
        pods = [pod for pod in self._pods(world.cluster, {}) if sends_to(endpoints, pod)]
        outside = sorted({each.address for each in endpoints if not any(sends_to([each], pod) for pod in pods)})
        if isinstance(self.probe, Exec) and outside and not doubt:
            hint = f"give dependencies.{self.name.rpartition('/')[2]} a selector, or another kind of probe"
            raise PermanentError(f"cannot tell the pods of {service.ref}: no selector", hint=hint)
        if doubt or isinstance(self.probe, Exec | Url):
            return DependencyObservation(None if doubt else ask(world, self.probe, pods), doubt)
        answer = ask(world, self.probe, pods)
        for address in outside:
            if answer is None or answer.ok:
                answer = ask_at(world, self.probe, Target(address, self.probe.port))
        return DependencyObservation(answer)

    def _pods(self, cluster: ClusterReader, selector: Mapping[str, str]) -> list[Pod]:
        found = cluster.pods(self.namespace, selector)
        return sorted((pod for pod in found if not (pod.deleting or pod.finished)), key=lambda pod: pod.ref)

    def _service_doubt(self, world: World) -> str:
        if not self.service:
            return ""
        service, pods = world.cluster.service(self.namespace, self.service), world.cluster.pods(self.namespace)
        endpoints = world.cluster.endpoints(self.namespace, self.service)
        return service_doubt(service, endpoints, pods, boot_time=world.host.boot_time())

    def _hint(self, answer: Answer) -> str:
        """Say what a person does where the login is refused: another step may mend that meanwhile."""
        login = self.probe.login if isinstance(self.probe, Sql) and answer.sqlstate in REFUSED else None
        return f"compare {login.secret} (the login of its probe) with the role" if login else ""

    def judge(self, seen: DependencyObservation, past: Past) -> Judgement:
        """Wait until it answers well."""
        if seen.answer is None:
            return Wait(seen.doubt)
        if not seen.answer.ok:
            recovers = RECOVERS in seen.conditions and past.held(RECOVERS) < RECOVERS_WITHIN_SECONDS
            return Wait(str(seen.answer), counts=not recovers, hint=self._hint(seen.answer))
        return Wait(seen.service) if seen.service else Settled("it answers as it should")
