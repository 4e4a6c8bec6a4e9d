"""Finding the writable primary among a database's pods."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bootheal.errors import PermanentError
from bootheal.model import (
    Answer,
    BootTime,
    Credentials,
    Endpoint,
    Leadership,
    Login,
    Occurrence,
    Operated,
    Pod,
    Ref,
    Secret,
    Service,
    Target,
    Trust,
    Workload,
)
from bootheal.ports import Partial, World
from bootheal.postgres.location import Database
from bootheal.postgres.primary import find
from support.objects import BOOT, THIS_BOOT, a_pod, running

ADMIN = Login(Ref("secret", "shop", "admin"))
SERVICE = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {"app": "db"})
PRIMARY, STANDBY = Answer(ok=True, spoke=True, value="f"), Answer(ok=True, spoke=True, value="t")


@dataclass
class Simulated(Partial):
    """A cluster, host and PostgreSQL of plain values."""

    pods_: list[Pod]
    service_: Service = field(
        default_factory=lambda: Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {"app": "db"})
    )
    endpoints_: list[Endpoint] = field(default_factory=list)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    statefulsets_: list[Workload] = field(default_factory=list)
    operated_: Operated = field(default_factory=Operated)
    events_: list[Occurrence] = field(default_factory=list)

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials("postgres", Secret("x"))

    def pods(self, _namespace: str, labels: Mapping[str, str] | None = None) -> list[Pod]:
        return [pod for pod in self.pods_ if (labels or {}).items() <= pod.labels.items()]

    def service(self, _namespace: str, _name: str) -> Service:
        return self.service_

    def endpoints(self, _namespace: str, _service: str) -> list[Endpoint]:
        return self.endpoints_

    def leadership(self, namespace: str, scope: str) -> Leadership:
        assert namespace == "shop"
        assert scope in {pod.labels.get("cluster-name", "db") for pod in self.pods_} | {"db"}
        return Leadership("db-0", acquired=BOOT - 3600, renewed=BOOT - 10, ttl=30, transitions=4)

    def statefulsets(self, _namespace: str) -> list[Workload]:
        return self.statefulsets_

    def occurrences(self, about: Ref) -> list[Occurrence]:
        return self.events_ if about.kind == "statefulset" else []

    def operated(self, namespace: str, cluster: str) -> Operated:
        assert (namespace, cluster) == ("shop", "db")
        return self.operated_

    def configured(self, _namespace: str, _scope: str) -> None:
        """There is no configuration of Patroni's."""

    def primary_lease(self, namespace: str, cluster: str) -> Leadership:
        assert (namespace, cluster) == ("shop", "db")
        return Leadership("", acquired=0, renewed=0, ttl=1, transitions=2, kind="the primary's lease")

    def certificate(self, where: Ref, key: str) -> str:
        return f"{where} {key}"

    def boot_time(self) -> BootTime:
        return THIS_BOOT

    def ask(
        self, target: Target, who: Credentials, dbname: str, *, timeout: float, sql: str = "", **_options: Any
    ) -> Answer:
        assert timeout > 0
        assert "pg_is_in_recovery" in sql
        self.targets.append(target)
        name = target.pod.name if target.pod else target.host
        self.asked.append(f"{name}:{target.port}")
        return self.answers[name]


def world(simulated: Simulated) -> World:
    return World(cluster=simulated, secrets=simulated, host=simulated, postgres=simulated)


def database(**fields: object) -> Database:
    return Database(**{"name": "shop", "namespace": "shop", "dbname": "shop", "admin": ADMIN, "service": "db"} | fields)  # type: ignore[arg-type]


def db_pod(name: str, **fields: object) -> Pod:
    return a_pod(name, running(), labels={"app": "db"}, **fields)


def test_a_service_that_is_another_name_of_a_host_leads_there() -> None:
    """Type ExternalName: it has no pods and no addresses, which were waited for in vain."""
    alias = Service(Ref("service", "shop", "db"), "", (), external="db.example.org")
    simulated = Simulated([], service_=alias, answers={"db.example.org": PRIMARY})
    found = find(world(simulated), database())
    assert simulated.asked == ["db.example.org:5432"]
    assert (found.service, found.primary) == ("", Target("db.example.org", 5432))
    other = Simulated([db_pod("db-0")], service_=alias, answers={"db-0": PRIMARY})
    assert find(world(other), database(selector={"app": "db"}, port=5432)).all[0].name == "db-0"


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
    assert found.why_none == (
        "pod/shop/db-1 has no address yet; pod/shop/db-2 still shows the previous boot; pod/shop/db-0 is being deleted"
    )


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


def test_addresses_without_a_name_are_their_pods() -> None:
    """Somebody's own script writes Endpoints: an address is a pod's, and the port is the one of the Service's name."""
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {}, port_names=("sql",))
    pods = [db_pod("db-0", ip="10.42.0.1"), db_pod("db-1", ip="10.42.0.2", ips=("10.42.0.2", "fd42::2"))]
    ports = {"metrics": 9187, "sql": 5433}
    simulated = Simulated(pods, service, [Endpoint("10.42.0.2", 9187, ports=ports)], {"db-1": PRIMARY})
    simulated.endpoints_.append(Endpoint("FD42:0:0:0:0:0:0:2", 9187, ports={"metrics": 9187}))
    found = find(world(simulated), database())
    assert (simulated.asked, found.service) == (["db-1:5433"], "")


def test_an_address_of_a_standby_is_no_primarys_whoever_wrote_it() -> None:
    """It once counted as one of which nothing is known, since no pod is named beside it."""
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {})
    owner = Ref("statefulset", "shop", "db")
    pods = [db_pod(f"db-{n}", ip=f"10.42.0.{n}", owner=owner) for n in (1, 2)]
    answers = {"db-1": STANDBY, "db-2": PRIMARY}
    found = find(world(Simulated(pods, service, [Endpoint("10.42.0.1", 5432)], answers)), database())
    assert found.service == "service/shop/db sends to 10.42.0.1, and not yet to the primary db-2"


def test_a_service_without_a_selector_has_all_members_of_whom_it_names() -> None:
    """Who leads next is one of them, and followers explain: they are of one StatefulSet."""
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {})
    pods = [db_pod(name, owner=Ref("statefulset", "shop", name[:2])) for name in ("db-0", "db-1", "web-0")]
    at = [Endpoint("10.42.0.7", 5433, "db-0")]
    simulated = Simulated(pods, service, at, {"db-0": STANDBY, "db-1": PRIMARY})
    found = find(world(simulated), database())
    assert simulated.asked == ["db-0:5433", "db-1:5433"]
    assert found.primary is not None
    assert found.primary.pod == Ref("pod", "shop", "db-1")


def test_while_nobody_leads_patronis_members_are_known_by_the_labels_of_their_service() -> None:
    """A member that leads no more takes the address away: why none of them starts is told all the same."""
    ours, other = {"application": "patroni", "cluster-name": "db"}, {"application": "patroni", "cluster-name": "x"}
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), labels=ours)
    pods = [
        a_pod("db-0", running(), labels=ours | {"role": "replica"}, patroni="replica, start failed"),
        a_pod("x-0", running(), labels=other, patroni="replica, running"),
        a_pod("web-0", running(), labels=ours),
    ]
    simulated = Simulated(pods, service, answers={"db-0": Answer(ok=False, spoke=False, text="connection refused")})
    said = find(world(simulated), database()).why_none
    assert simulated.asked == ["db-0:5432"]
    assert said.startswith("db-0: connection refused (labelled replica, Patroni says replica, start failed); ")


def test_a_service_without_a_selector_that_names_nobody_is_explained() -> None:
    """Patroni takes the address away while another member becomes the leader: whose turn it is, it says itself."""
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), {})
    found = find(world(Simulated([db_pod("db-0")], service)), database())
    assert found.why_none == (
        "service/shop/db selects no pods, and nobody has written an address; "
        "Patroni's lock is db-0's until 13:47:00 UTC (ttl 30 s), since 12:46:40 UTC, after 4 changes"
    )


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
    """Server by server, with the SQLSTATE."""
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
        a_pod("db-0", running(), labels=late, ready_changed=BOOT + 20),
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
    assert find(world(simulated), database()).why_none == "no pod in namespace shop has the labels app=db,role=replica"


def test_a_service_that_leads_to_a_standby_only_is_doubted() -> None:
    """After a failover the label, and so the address, may be late."""
    pods = [db_pod("db-0", ip="10.42.0.1"), db_pod("db-1", ip="10.42.0.2")]
    simulated = Simulated(pods, endpoints_=[Endpoint("10.42.0.1", 5432, "db-0")])
    simulated.answers = {"db-0": STANDBY, "db-1": PRIMARY}
    said = find(world(simulated), database()).service
    assert said == "service/shop/db sends to 10.42.0.1, and not yet to the primary db-1"
    simulated.endpoints_.append(Endpoint("10.42.0.2", 5432, "db-1"))
    assert find(world(simulated), database()).service == ""


@pytest.mark.parametrize("selector", [{}, {"app": "db"}])
def test_the_services_address_of_who_has_just_been_asked_is_enough(selector: dict[str, str]) -> None:
    """Patroni's Service has no selector; a readiness probe comes by every ten seconds, and plays no part."""
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), selector)
    leader = a_pod("db-0", running(ready=False), labels={"app": "db"}, ip="10.42.0.165", ready=False)
    simulated = Simulated([leader], service, [Endpoint("10.42.0.165", 5432, "db-0")], {"db-0": PRIMARY})
    assert find(world(simulated), database()).service == ""
    simulated.answers = {"db-0": Answer(ok=False, spoke=False, text="connection refused")}
    assert bool(find(world(simulated), database()).service) == bool(selector)


# --- the kinds of databases -----------------------------------------------------------------------


def spilo(name: str, role: str, patroni: str = "", **fields: Any) -> Pod:
    labels = {"application": "spilo", "cluster-name": "shop-db", "spilo-role": role}
    return a_pod(name, running(), labels=labels, patroni=patroni, **fields)


@pytest.mark.parametrize("word", ["master", "primary"])
def test_zalando(word: str) -> None:
    """Its Service has no selector, and no address while nobody leads: its labels are those of the pods."""
    labels = {"application": "spilo", "cluster-name": "shop-db", "spilo-role": word}
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), labels=labels)
    pods = [
        spilo("db-0", word, "primary, starting", ready_changed=BOOT + 5),
        spilo("db-1", "replica", "replica, running"),
    ]
    simulated = Simulated(pods, service, answers={"db-0": STANDBY, "db-1": STANDBY})
    assert find(world(simulated), database()).why_none == (
        f"db-0 is read-only (a standby; labelled {word}, Patroni says primary, starting, Ready since 13:46:45 UTC); "
        "db-1 is read-only (a standby; labelled replica, Patroni says replica, running); "
        "Patroni's lock is db-0's until 13:47:00 UTC (ttl 30 s), since 12:46:40 UTC, after 4 changes"
    )
    simulated.answers = {"db-0": STANDBY, "db-1": PRIMARY}
    found = find(world(simulated), database())
    assert found.primary is not None
    assert found.primary.pod == Ref("pod", "shop", "db-1")
    assert found.lock is None


def test_cloudnativepg() -> None:
    """Its Service selects the leader by label, under the names of this operator; the query decides."""
    selector = {"cnpg.io/cluster": "shop-db", "role": "primary"}
    service = Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, "postgresql"),), selector)
    pods = [
        a_pod(
            f"shop-db-{n}", running(), labels={"cnpg.io/cluster": "shop-db", "role": role}, ports={"postgresql": 5432}
        )
        for n, role in ((1, "primary"), (2, "replica"))
    ]
    simulated = Simulated(pods, service, answers={"shop-db-1": STANDBY, "shop-db-2": PRIMARY})
    found = find(world(simulated), database())
    assert found.primary is not None
    assert found.primary.pod == Ref("pod", "shop", "shop-db-2")


def test_a_server_outside_the_cluster() -> None:
    """It has no pods and no Service: its host is asked, by the usual port."""
    simulated = Simulated([], answers={"db.example.org": PRIMARY})
    found = find(world(simulated), database(service="", host="db.example.org"))
    assert found.primary == Target("db.example.org", 5432)
    assert found.service == ""
    simulated.answers = {"db.example.org": Answer(ok=False, spoke=False, text="connection refused")}
    said = find(world(simulated), database(service="", host="db.example.org", port=6000)).why_none
    assert said == "db.example.org: connection refused"
    assert simulated.asked[-1] == "db.example.org:6000"


def test_a_declared_authority_goes_with_every_question() -> None:
    """And with the primary that others are given."""
    simulated = Simulated([db_pod("db-0")], answers={"db-0": PRIMARY})
    declared = database(authority=Ref("secret", "shop", "db-ca"), authority_key="ca.crt", certified="db.shop.svc")
    found = find(world(simulated), declared)
    trust = Trust("secret/shop/db-ca ca.crt", "db.shop.svc")
    assert found.primary is not None
    assert found.primary.trust == trust
    assert [target.trust for target in simulated.targets] == [trust]


NO_POD = "no pod in namespace shop has the labels app=db"


def hibernating() -> Service:
    selector = {"cnpg.io/cluster": "db", "cnpg.io/instanceRole": "primary"}
    return Service(Ref("service", "shop", "db"), "10.43.0.1", ((5432, 5432),), selector)


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        ([], "no pod in namespace shop has the labels app=db"),
        (
            [db_pod("db-0", phase="Succeeded")],
            "pod/shop/db-0 is Completed",
        ),
        ([db_pod("db-0", phase="Failed", reason="Evicted")], "pod/shop/db-0 is Evicted"),
        (
            [db_pod("db-0", phase="Failed", reason="Evicted", message="The node had condition: [DiskPressure].")],
            "pod/shop/db-0 is Evicted: The node had condition: [DiskPressure].",
        ),
        ([db_pod("db-0", phase="Failed")], "pod/shop/db-0 is Failed"),
        (
            [db_pod("db-0", deleting=True, delete_by=BOOT + 30)],
            "pod/shop/db-0 is being deleted, due to be gone at 13:47:10 UTC",
        ),
        (
            [db_pod("db-0", deleting=True, finalizers=("example.org/backup",))],
            "pod/shop/db-0 is being deleted, held by example.org/backup",
        ),
    ],
)
def test_a_pod_that_is_no_server_any_more_is_told_as_what_it_is(pods: list[Pod], said: str) -> None:
    """Completed by a graceful shutdown, evicted, on its way out; not as if there had never been one."""
    assert find(world(Simulated(pods)), database()).why_none == said


def test_a_set_that_is_scaled_to_zero_is_named() -> None:
    """By the labels that it shares with the database's pods; others are no matter."""
    one = Workload(Ref("statefulset", "shop", "db"), "u", "1", 1, 1, desired=0, selector={"app": "db"})
    others = [replace(one, selector={"app": "web"}), replace(one, ref=Ref("statefulset", "shop", "x"), desired=1)]
    simulated = Simulated([], statefulsets_=[*others, one])
    assert find(world(simulated), database()).why_none == "statefulset/shop/db is scaled to zero"


REFUSED = 'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota: mem'


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([("FailedCreate", BOOT + 9)], f"statefulset/shop/db cannot create its pods: {REFUSED}"),
        ([("FailedCreate", BOOT + 9), ("SuccessfulCreate", BOOT + 20)], NO_POD),
        ([("FailedCreate", BOOT - 99)], NO_POD),
        ([], NO_POD),
    ],
)
def test_a_set_that_may_not_make_its_pods_is_told_with_the_reason(events: list[tuple[str, float]], said: str) -> None:
    """It says so in Events only: a quota, a webhook; what it said before this boot is history."""
    one = Workload(Ref("statefulset", "shop", "db"), "u", "1", 1, 1, desired=1, selector={"app": "db"})
    told = [Occurrence(reason, REFUSED, at) for reason, at in events]
    assert find(world(Simulated([], statefulsets_=[one], events_=told)), database()).why_none == said


def test_a_cluster_that_is_hibernated_is_named() -> None:
    """CloudNativePG deletes its pods, and keeps the volumes."""
    simulated = Simulated([], hibernating(), operated_=Operated(hibernated=True))
    said = find(world(simulated), database()).why_none
    assert said == "cluster/shop/db is hibernated (annotation cnpg.io/hibernation)"


@pytest.mark.parametrize("fenced", ["db-1", "*"])
def test_a_fenced_instance_is_named(fenced: str) -> None:
    """Its PostgreSQL is held stopped; and the lease of the primary says who leads."""
    pods = [a_pod("db-1", running(), labels={"cnpg.io/cluster": "db"})]
    refused = Answer(ok=False, spoke=False, text="connection refused")
    simulated = Simulated(pods, hibernating(), answers={"db-1": refused}, operated_=Operated(fenced=(fenced,)))
    assert find(world(simulated), database()).why_none == (
        "db-1: connection refused; db-1 fenced (annotation cnpg.io/fencedInstances of cluster/shop/db); "
        "the primary's lease is nobody's"
    )
