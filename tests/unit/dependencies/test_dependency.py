"""Other services that must serve first: whom to ask, and what the answer means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bootheal.dependencies.dependency import Dependency, DependencyObservation
from bootheal.errors import PermanentError
from bootheal.model import Answer, BootTime, Endpoint, Login, Pod, Ref, Right, Service, Target
from bootheal.ports import Partial, World
from bootheal.probes import Exec, Sql, Tcp, Url
from bootheal.step import Settled, Wait
from support.objects import BOOT, NOW, a_pod, past, running

PING = Tcp(6379, "PING\r\n", "+PONG")
REDIS = Dependency(name="dependency/redis", probe=PING, namespace="shop", service="redis")
GOOD = Answer(ok=True, spoke=True)
BAD = Answer(ok=False, spoke=True, text="says '-LOADING', not '+PONG'")


@dataclass
class Simulated(Partial):
    """A cluster, its host and whoever listens, of plain values."""

    pods_: list[Pod] = field(default_factory=lambda: [a_pod("redis-0", labels={"app": "redis"})])
    selector: dict[str, str] = field(default_factory=lambda: {"app": "redis"})
    endpoints_: list[Endpoint] = field(default_factory=lambda: [Endpoint("10.42.0.7", 6379, "redis-0")])
    answers: Mapping[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    external: str = ""

    def pods(self, _namespace: str, labels: Mapping[str, str] | None = None) -> list[Pod]:
        return [pod for pod in self.pods_ if (labels or {}).items() <= pod.labels.items()]

    def service(self, namespace: str, name: str) -> Service:
        return Service(
            Ref("service", namespace, name), "10.43.0.1", ((6379, 6379),), self.selector, external=self.external
        )

    def endpoints(self, _namespace: str, _service: str) -> list[Endpoint]:
        return self.endpoints_

    def boot_time(self) -> BootTime:
        return BootTime.since(BOOT)

    def tcp(self, target: Target, timeout: float, *, send: str = "", expect: str = "") -> Answer:
        assert (send, expect) == ("PING\r\n", "+PONG")
        who = target.pod.name if target.pod else target.host
        self.asked.append(f"{who}:{target.port}")
        return self.answers.get(who, GOOD)

    def visit(self, url: str, *_: Any, **_options: Any) -> Answer:
        self.asked.append(url)
        return GOOD


def look(simulated: Simulated, step: Dependency = REDIS) -> DependencyObservation:
    return step.look(World(cluster=simulated, host=simulated, web=simulated))


def test_another_name_for_a_host_leads_to_that_host() -> None:
    """Whatever the ExternalName's selector would choose: Kubernetes does not heed it, and makes no slices."""
    simulated = Simulated(external="redis.example.org", endpoints_=[])
    assert isinstance(REDIS.judge(look(simulated), past()), Settled)
    assert simulated.asked == ["redis.example.org:6379"]


def test_every_ready_pod_is_asked() -> None:
    """One bad answer is enough to wait; pods that are not Ready take no part, nor do those of the previous boot."""
    labels = {"app": "redis"}
    pods = [
        a_pod("redis-0", labels=labels),
        a_pod("redis-1", labels=labels),
        a_pod("redis-2", running(ready=False), labels=labels),
        a_pod("redis-3", running(started=BOOT - 60), labels=labels),
        a_pod("redis-4", labels=labels, deleting=True),
        a_pod("other"),
    ]
    simulated = Simulated(pods, answers={"redis-1": BAD})
    seen = look(simulated)
    assert simulated.asked == ["redis-0:6379", "redis-1:6379"]
    assert REDIS.judge(seen, past()) == Wait("redis-1 says '-LOADING', not '+PONG'")
    assert REDIS.judge(look(Simulated(pods)), past()) == Settled("it answers as it should")


@pytest.mark.parametrize(
    ("pods", "why"),
    [
        ([], "it has no pod yet"),
        ([a_pod("redis-0", running(ready=False), labels={"app": "redis"})], "pod/shop/redis-0 is not Ready"),
        (
            [a_pod("redis-0", running(started=BOOT - 60), labels={"app": "redis"})],
            "pod/shop/redis-0 still shows the previous boot",
        ),
    ],
)
def test_where_nobody_can_be_asked_the_reason_is_told(pods: list[Pod], why: str) -> None:
    """After a boot pods come one by one."""
    simulated = Simulated(pods)
    assert REDIS.judge(look(simulated), past()) == Wait(why)
    assert simulated.asked == []


def test_its_service_must_lead_there() -> None:
    """Applications come through it."""
    said = REDIS.judge(look(Simulated(endpoints_=[])), past())
    assert said == Wait("service/shop/redis has no ready address yet")


def test_of_a_service_without_a_selector_whoever_is_at_its_addresses_is_asked() -> None:
    """Somebody has written them: a pod's, named or not and Ready or not, and one outside of the cluster."""
    pods = [a_pod("redis-0", running(ready=False), ready=False), a_pod("other", ip="10.42.0.8")]
    at = [Endpoint("10.42.0.7", 6379), Endpoint("192.0.2.7", 6379), Endpoint("192.0.2.8", 6379, ready=False)]
    simulated = Simulated(pods, selector={}, endpoints_=at)
    assert REDIS.judge(look(simulated), past()) == Settled("it answers as it should")
    assert simulated.asked == ["redis-0:6379", "192.0.2.7:6379"]
    bad = Simulated(pods, selector={}, endpoints_=at, answers={"redis-0": BAD})
    assert REDIS.judge(look(bad), past()) == Wait("redis-0 says '-LOADING', not '+PONG'")
    bad.answers = {"192.0.2.7": BAD}
    assert REDIS.judge(look(bad), past()) == Wait(BAD.text)


@pytest.mark.parametrize(
    ("endpoints", "why"),
    [
        ([], "service/shop/redis has no ready address yet"),
        ([Endpoint("192.0.2.7", 6379, ready=False)], "service/shop/redis has no ready address yet"),
        (
            [Endpoint("10.42.0.9", 6379, "redis-0")],
            "service/shop/redis still sends to 10.42.0.9, where no pod of this boot is",
        ),
    ],
)
def test_an_address_of_before_is_waited_for(endpoints: list[Endpoint], why: str) -> None:
    """Who has written it writes it anew."""
    simulated = Simulated(selector={}, endpoints_=endpoints)
    assert REDIS.judge(look(simulated), past()) == Wait(why)
    assert simulated.asked == []


def test_a_command_needs_a_pod_to_run_in() -> None:
    """It is not known of an address outside of the cluster."""
    step = Dependency(name="dependency/redis", probe=Exec(("true",)), namespace="shop", service="redis")
    with pytest.raises(PermanentError, match="cannot tell the pods of service/shop/redis") as error:
        look(Simulated(selector={}, endpoints_=[Endpoint("192.0.2.7", 6379)]), step)
    assert error.value.hint == "give dependencies.redis a selector, or another kind of probe"


def test_a_host_and_a_url_are_asked_from_here() -> None:
    """Without pods, and without any interest in the cluster."""
    simulated = Simulated([])
    outside = Dependency(name="dependency/redis", probe=PING, host="redis.example.org")
    door = Dependency(name="dependency/door", probe=Url("https://shop.local/"))
    for step in (outside, door):
        assert isinstance(step.judge(look(simulated, step), past()), Settled)
        assert step.interests() == frozenset()
    assert simulated.asked == ["redis.example.org:6379", "https://shop.local/"]


def test_crash_recovery_is_waited_for_here_too() -> None:
    """An sql probe of a database that is not declared as one."""
    said = Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is starting up")
    seen = DependencyObservation(said)
    assert REDIS.judge(seen, past()) == Wait("the database system is starting up (57P03)", counts=False)
    for_days = past(first_seen=dict.fromkeys(seen.conditions, NOW - 7 * 3600))
    assert REDIS.judge(seen, for_days) == Wait("the database system is starting up (57P03)")


def test_a_login_that_is_refused_is_told_with_its_secret() -> None:
    """It is waited for: a credential that has drifted may be mended by another step."""
    login = Login(Ref("secret", "shop", "reporting"))
    step = Dependency(name="dependency/db", probe=Sql("select 1", "shop", login), namespace="shop", service="db")
    refused = DependencyObservation(Answer(ok=False, spoke=True, sqlstate="28P01", text="no"))
    hint = "compare secret/shop/reporting (the login of its probe) with the role"
    assert step.judge(refused, past()) == Wait("no (28P01)", hint=hint)
    full = DependencyObservation(Answer(ok=False, spoke=True, sqlstate="53300", text="full"))
    assert step.judge(full, past()) == Wait("full (53300)")


def test_each_kind_of_probe_names_the_rights_that_it_needs() -> None:
    """For `check`, before the reboot in which they would be missed."""
    command = Dependency(name="dependency/mq", probe=Exec(("true",)), namespace="shop", selector={"app": "mq"})
    login = Login(Ref("secret", "shop", "app"))
    sql = Dependency(name="dependency/db", probe=Sql("select 1", "shop", login), namespace="shop", service="db")
    assert Right("create", "pods/exec", "shop") in command.rights()
    assert sql.rights() == {Right("get", "secrets", "shop")}
    assert REDIS.rights() == frozenset()
