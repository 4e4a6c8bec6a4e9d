"""Finding the writable primary among a database's pods."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from bootheal.errors import PermanentError
from bootheal.model import Answer, BootTime, Credentials, Endpoint, Login, Pod, Ref, Secret, Service, Target
from bootheal.ports import World
from bootheal.primary import Database, find
from support.objects import BOOT, THIS_BOOT, a_pod, running

ADMIN = Login(Ref("secret", "shop", "admin"))
SERVICE = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {"app": "db"})
PRIMARY, STANDBY = Answer(ok=True, spoke=True, value="f"), Answer(ok=True, spoke=True, value="t")


@dataclass
class Simulated:
    """A cluster, host and PostgreSQL of plain values."""

    pods_: list[Pod]
    service_: Service = field(
        default_factory=lambda: Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {"app": "db"})
    )
    endpoints_: list[Endpoint] = field(default_factory=list)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def credentials(self, _login: Login) -> Credentials:
        return Credentials("postgres", Secret("x"))

    def pods(self, _namespace: str, labels: Mapping[str, str] | None = None) -> list[Pod]:
        return [pod for pod in self.pods_ if (labels or {}).items() <= pod.labels.items()]

    def service(self, _namespace: str, _name: str) -> Service:
        return self.service_

    def endpoints(self, _namespace: str, _service: str) -> list[Endpoint]:
        return self.endpoints_

    def boot_time(self) -> BootTime:
        return THIS_BOOT

    def ask(self, target: Target, _who: Credentials, _dbname: str, *, timeout: float, sql: str) -> Answer:
        assert timeout > 0
        assert "pg_is_in_recovery" in sql
        assert target.pod is not None
        self.asked.append(f"{target.pod.name}:{target.port}")
        return self.answers[target.pod.name]


def world(simulated: Simulated) -> World:
    return World(simulated, simulated, simulated, None, None)  # type: ignore[arg-type]


def database(**fields: object) -> Database:
    return Database(**{"name": "shop", "namespace": "shop", "dbname": "shop", "admin": ADMIN, "service": "db"} | fields)  # type: ignore[arg-type]


def db_pod(name: str, **fields: object) -> Pod:
    return a_pod(name, running(), labels={"app": "db"}, **fields)


def test_the_one_that_takes_writes_is_the_primary_whatever_its_number() -> None:
    """Patroni elects any member."""
    simulated = Simulated([db_pod("db-0"), db_pod("db-1")], answers={"db-0": STANDBY, "db-1": PRIMARY})
    found = find(world(simulated), database())
    assert found.primary is not None
    assert found.primary.pod == Ref("pod", "shop", "db-1")
    assert simulated.asked == ["db-0:5432", "db-1:5432"]


def test_pods_that_end_have_no_address_or_are_of_the_previous_boot_are_not_asked() -> None:
    """Their addresses may be somebody else's by now."""
    old = a_pod("db-2", running(started=BOOT - 60), labels={"app": "db"})
    simulated = Simulated([db_pod("db-0", deleting=True), db_pod("db-1", ip=""), old])
    found = find(world(simulated), database())
    assert found.primary is None
    assert simulated.asked == []
    assert found.why_none == "pod/shop/db-1 has no address yet; pod/shop/db-2 still shows the previous boot"


def test_a_named_port_is_looked_up_in_the_pod() -> None:
    """A Service may name its target port."""
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, "postgresql"),), {"app": "db"})
    simulated = Simulated([db_pod("db-0", ports={"postgresql": 5433})], service, answers={"db-0": PRIMARY})
    find(world(simulated), database())
    assert simulated.asked == ["db-0:5433"]


def test_a_service_without_a_selector_names_its_pods_by_its_addresses() -> None:
    """Patroni writes them itself."""
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {})
    simulated = Simulated(
        [db_pod("db-0"), db_pod("other")], service, [Endpoint("10.42.0.7", 5432, "db-0")], {"db-0": PRIMARY}
    )
    assert find(world(simulated), database()).primary is not None
    assert simulated.asked == ["db-0:5432"]


def test_labels_serve_where_there_is_no_service() -> None:
    """With PostgreSQL's own port, unless another is given."""
    simulated = Simulated([db_pod("db-0")], answers={"db-0": PRIMARY})
    find(world(simulated), database(service="", selector={"app": "db"}))
    find(world(simulated), database(service="", selector={"app": "db"}, port=6000))
    assert simulated.asked == ["db-0:5432", "db-0:6000"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (STANDBY, "db-0 is read-only (a standby)"),
        (Answer(ok=False, spoke=False, text="connection refused"), "db-0: connection refused"),
        (Answer(ok=False, spoke=True, sqlstate="57P03", text="starting up"), "db-0: starting up (57P03)"),
    ],
)
def test_why_there_is_none_is_told(answer: Answer, why: str) -> None:
    """Member by member, with the SQLSTATE."""
    assert find(world(Simulated([db_pod("db-0")], answers={"db-0": answer})), database()).why_none == why


def test_a_service_without_a_port_needs_one_from_the_configuration() -> None:
    """Nothing is dialled on port 0."""
    service = Service(Ref("service", "shop", "db"), "None", (), {"app": "db"})
    with pytest.raises(PermanentError, match="cannot tell the port of database shop") as error:
        find(world(Simulated([db_pod("db-0")], service)), database())
    assert error.value.hint == "name one: databases.shop.port"


def test_the_leaders_label_is_not_believed() -> None:
    """It is left out of the Service's selector, so that followers explain; and it is told with what contradicts it."""
    selector = {"app": "db", "cnpg.io/instanceRole": "primary"}
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), selector)
    late = {"app": "db", "cnpg.io/instanceRole": "primary"}
    pods = [
        a_pod("db-0", running(), labels=late, turned=BOOT + 20),
        a_pod("db-1", running(), labels={"app": "db", "cnpg.io/instanceRole": "replica"}),
    ]
    simulated = Simulated(pods, service, answers={"db-0": STANDBY, "db-1": STANDBY})
    said = find(world(simulated), database()).why_none
    assert said == (
        "db-0 is read-only (a standby; labelled primary, Ready since 13:47:00 UTC); "
        "db-1 is read-only (a standby; labelled replica)"
    )


def test_a_label_that_names_no_leader_still_selects() -> None:
    """`role: database` is somebody's own; and a Service of replicas leads to replicas."""
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {"app": "db", "role": "replica"})
    simulated = Simulated([db_pod("db-0")], service)
    assert find(world(simulated), database()).why_none == "none of its pods exists yet"


def test_a_service_that_leads_to_a_standby_only_is_doubted() -> None:
    """After a failover the label, and so the address, may be late."""
    pods = [db_pod("db-0", ip="10.42.0.1"), db_pod("db-1", ip="10.42.0.2")]
    simulated = Simulated(pods, endpoints_=[Endpoint("10.42.0.1", 5432, "db-0")])
    simulated.answers = {"db-0": STANDBY, "db-1": PRIMARY}
    said = find(world(simulated), database()).service
    assert said == "service/shop/db sends to 10.42.0.1, and not yet to the primary db-1"
    simulated.endpoints_.append(Endpoint("10.42.0.2", 5432, "db-1"))
    assert find(world(simulated), database()).service == ""
