"""Cluster DNS: waited for where it can be looked at, never for ever."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from bootheal.errors import BoothealError, DeniedError, MissingError
from bootheal.model import Answer, BootTime, Endpoint, Occurrence, Pod, Ref, Service, Target
from bootheal.platform.dns import Dns, DnsObservation, _target
from bootheal.ports import Partial, World
from bootheal.step import GiveUp, Settled, Wait
from support.objects import BOOT, NOW, THIS_BOOT, a_pod, past, running, waiting

SILENT = Answer(ok=False, spoke=False, text="no answer in time")


def test_an_answer_settles_it() -> None:
    """Whatever the answer is."""
    assert Dns().judge(DnsObservation(answer=Answer(ok=True, spoke=True)), past()) == Settled("cluster DNS answers")


def test_stale_slices_are_waited_for() -> None:
    """For seconds after a power cut its Service sends to dead addresses."""
    judgement = Dns().judge(DnsObservation(doubt="service/kube-system/kube-dns has no ready address yet"), past())
    assert judgement == Wait("service/kube-system/kube-dns has no ready address yet")


@pytest.mark.parametrize("why", ["cannot find service/kube-system/kube-dns", "cannot use …: 403 Forbidden"])
def test_a_dns_that_cannot_be_looked_at_is_remarked_and_waited_for_by_nobody(why: str) -> None:
    """A cluster may have none, or not let us look."""
    judgement = Dns().judge(DnsObservation(unknown=why), past())
    assert isinstance(judgement, Settled)
    assert judgement.remarks == (why,)


def test_silence_towards_us_counts_for_half_a_minute() -> None:
    """A firewall may be what keeps quiet: fresh endpoints are good enough then, and the silence is told."""
    assert Dns().judge(DnsObservation(answer=SILENT), past()) == Wait("cluster DNS does not answer: no answer in time")
    judgement = Dns().judge(DnsObservation(answer=SILENT), past(first_seen={"silent": NOW - 30}))
    assert isinstance(judgement, Settled)
    assert "no answer in time" in judgement.remarks[0]


def test_it_is_asked_as_everybody_asks_it_or_in_its_pod() -> None:
    """By the Service's address on the host, through a port-forward to its pod from elsewhere."""
    service = Service(Ref("service", "kube-system", "kube-dns"), "10.43.0.10", ((53, "dns"),))
    pod = a_pod("coredns", ip="10.42.0.3", ports={"dns": 5353})
    assert _target(service, pod, direct=True) == Target("10.43.0.10", 53)
    assert _target(service, pod, direct=False) == Target("10.42.0.3", 5353, pod.ref)


@dataclass
class Simulated(Partial):
    """A cluster with or without CoreDNS, and a DNS that answers."""

    endpoints_: list[Endpoint] = field(default_factory=lambda: [Endpoint("10.42.0.3", 53)])
    pods_: list[Pod] = field(default_factory=lambda: [a_pod("coredns", ip="10.42.0.3")])
    error: BoothealError | None = None
    asked: list[Target] = field(default_factory=list)
    events: list[Occurrence] = field(default_factory=list)
    log: str = ""
    present: str = ""
    shut: BoothealError | None = None

    def service(self, namespace: str, name: str) -> Service:
        if self.error:
            raise self.error
        return Service(Ref("service", namespace, name), "10.43.0.10", ((53, 53),), {"k8s-app": "kube-dns"})

    def pods(self, namespace: str, labels: Mapping[str, str] | None = None) -> list[Pod]:
        return self.pods_

    def endpoints(self, _namespace: str, _service: str) -> list[Endpoint]:
        return self.endpoints_

    def boot_time(self) -> BootTime:
        return THIS_BOOT

    def occurrences(self, _about: Ref) -> list[Occurrence]:
        return self.events

    def log_tail(self, _pod: Ref, _container: str, _lines: int, *, previous: bool) -> str:
        return self.log if previous else self.present

    def dns(self, target: Target, _name: str, timeout: float) -> Answer:
        assert timeout > 0
        self.asked.append(target)
        if self.shut:
            raise self.shut
        return Answer(ok=True, spoke=True)


def look(simulated: Simulated, *, direct: bool = True) -> DnsObservation:
    return Dns().look(World(cluster=simulated, host=simulated, web=simulated, pod_access=simulated, direct=direct))


def test_it_is_asked_only_when_its_slices_are_of_this_boot() -> None:
    """A question to a dead address would only cost its timeout."""
    stale = Simulated([Endpoint("10.42.0.99", 53)])
    assert "10.42.0.99" in look(stale).doubt
    assert stale.asked == []
    fresh = Simulated()
    assert look(fresh) == DnsObservation(answer=Answer(ok=True, spoke=True))
    assert fresh.asked == [Target("10.43.0.10", 53)]


def test_through_a_port_forward_a_pod_that_serves_is_asked() -> None:
    """One that still calls itself ready, since the reboot or while it is deleted, would cost 30 s."""
    stale = a_pod("coredns-a", running(started=BOOT - 1), ip="10.42.0.2")
    leaving = a_pod("coredns-b", ip="10.42.0.4", deleting=True)
    simulated = Simulated(pods_=[stale, leaving, a_pod("coredns-c", ip="10.42.0.3")])
    assert look(simulated, direct=False).answer
    assert [target.host for target in simulated.asked] == ["10.42.0.3"]


@pytest.mark.parametrize("error", [MissingError("cannot find it"), DeniedError("cannot use it: 403", status=403)])
def test_no_coredns_and_no_right_to_see_it_are_no_failures(error: BoothealError) -> None:
    """They are told, and nothing waits."""
    assert look(Simulated(error=error)) == DnsObservation(unknown=str(error))


def test_no_right_to_ask_it_is_no_failure_either() -> None:
    """A run with the rights of `rbac` alone gave up here, and left all that comes after it: its slices were right."""
    refused = DeniedError("cannot open a port-forward to pod/kube-system/coredns-1: 403", status=403)
    seen = look(Simulated(shut=refused), direct=False)
    assert Dns().judge(seen, past()) == Settled("cluster DNS was not checked", (str(refused),))


LABELS = {"k8s-app": "kube-dns"}
LOOP = '[FATAL] plugin/loop: Loop (127.0.0.1:52177 -> :53) detected for zone ".", see coredns.io/plugins/loop'


def crashing(log: str) -> DnsObservation:
    pod = a_pod("coredns-1", waiting("CrashLoopBackOff", restarts=3), ready=False, labels=LABELS)
    return look(Simulated(endpoints_=[], pods_=[pod], log=log))


@pytest.mark.parametrize(
    ("log", "words", "next_step"),
    [
        (LOOP, "CoreDNS asks itself", "resolv.conf"),
        ("/etc/coredns/Corefile:5 - Error during parsing: Unknown directive", "Corefile", "edit configmap coredns"),
        (
            "listen tcp :53: bind: address already in use",
            "another process has the port by which it is to be asked",
            "ss -lnup",
        ),
    ],
)
def test_a_coredns_that_crash_loops_is_told_with_its_log(log: str, words: str, next_step: str) -> None:
    """No workload is tried before names are found: what a person must mend is given up, not waited out."""
    seen = crashing(log)
    waits = Dns().judge(seen, past())
    assert isinstance(waits, Wait)
    assert words in waits.why
    judgement = Dns().judge(seen, past(first_seen=dict.fromkeys(seen.conditions, NOW - 3)))
    assert isinstance(judgement, GiveUp)
    assert next_step in judgement.hint


def test_a_coredns_that_crash_loops_for_a_reason_that_passes_is_waited_for() -> None:
    """It cannot reach the API server, or says nothing that is known."""
    for log in ("[ERROR] plugin/kubernetes: Failed to watch: dial tcp 10.43.0.1:443: connect: no route to host", "x"):
        seen = crashing(log)
        judgement = Dns().judge(seen, past(first_seen=dict.fromkeys(seen.conditions, NOW - 600)))
        assert isinstance(judgement, Wait)
        assert "pod/shop/coredns-1" in judgement.why


def test_a_coredns_that_runs_and_does_not_serve_is_told_with_its_log() -> None:
    """Its probe only says 503; that it does not reach the API server stands in its present log."""
    pod = a_pod("coredns-1", running(ready=False), ready=False, labels=LABELS)
    simulated = Simulated(endpoints_=[], pods_=[pod], events=[Occurrence("Unhealthy", "HTTP 503", NOW)])
    simulated.present = "[WARNING] plugin/kubernetes: dial tcp 10.43.0.1:443: i/o timeout"
    judgement = Dns().judge(look(simulated), past())
    assert isinstance(judgement, Wait)
    assert "pod/shop/coredns-1 says: " in judgement.why
    assert "10.43.0.1:443: i/o timeout" in judgement.why
    assert judgement.why.endswith("(CoreDNS cannot reach the API server)")


def test_a_coredns_without_a_sandbox_tells_its_event() -> None:
    """Its status says ContainerCreating and no more."""
    pod = a_pod("coredns-1", waiting("ContainerCreating"), ready=False, labels=LABELS)
    event = Occurrence("FailedCreatePodSandBox", "no IP addresses available in range set: 10.42.0.1-10.42.0.254", NOW)
    judgement = Dns().judge(look(Simulated(endpoints_=[], pods_=[pod], events=[event])), past())
    assert isinstance(judgement, Wait)
    assert "no pod address left" in judgement.why
