"""Two real servers, one a streaming standby of the other: who is the primary, before, while and after it changes."""

import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from bootheal.adapters.postgres.server import PostgresServer
from bootheal.model import Credentials, Endpoint, Login, Pod, Ref, Service
from bootheal.ports import Partial, World
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.step import Settled, Wait
from support.objects import a_pod, past, running
from support.postgres import ADDRESS, ADMIN, RealPostgres, servers, until
from support.reach import direct

STEP = DatabaseStep(
    name="database/shop",
    database=Database("shop", "shop", "shop", Login(Ref("secret", "shop", "admin")), service="db"),
)


@dataclass
class Cluster(Partial):
    """Two pods behind a Service that selects the leader by its label; `labelled` is whose label says so."""

    first: RealPostgres
    second: RealPostgres
    labelled: str = "db-0"

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return ADMIN

    def pods(self, _namespace: str, labels: Mapping[str, str] | None = None) -> list[Pod]:
        pods = [self._pod("db-0", self.first), self._pod("db-1", self.second)]
        return [pod for pod in pods if (labels or {}).items() <= pod.labels.items()]

    def _pod(self, name: str, server: RealPostgres) -> Pod:
        labels = {"app": "db", "role": "primary" if name == self.labelled else "replica"}
        return a_pod(name, running(), labels=labels, ip=ADDRESS, ports={"postgresql": server.port})

    def service(self, namespace: str, name: str) -> Service:
        ref = Ref("service", namespace, name)
        return Service(ref, "10.43.0.1", ((5432, "postgresql"),), {"app": "db", "role": "primary"})

    def endpoints(self, _namespace: str, _service: str) -> list[Endpoint]:
        return [Endpoint(ADDRESS, 5432, self.labelled)]

    def boot_time(self) -> None:
        return None

    def log_tail(self, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
        return (self.first if pod.name == "db-0" else self.second).log


@pytest.fixture
def pair() -> Iterator[Cluster]:
    """A primary and its standby, both running."""
    with servers() as garage:
        primary, standby = garage.new("first"), garage.new("second")
        primary.initialise()
        primary.start()
        standby.copy_from(primary)
        standby.start()
        yield Cluster(primary, standby)


def test_the_primary_is_found_before_and_after_a_failover(pair: Cluster) -> None:
    """The label says nothing, a standby is told with what its label claims, and the same data is the same data."""
    reach = direct()
    postgres = PostgresServer(reach.open, reach.local)
    world = World(cluster=pair, pod_access=pair, secrets=pair, host=pair, postgres=postgres)
    before = STEP.judge(STEP.look(world), past())
    assert isinstance(before, Settled)
    assert before.why == "db-0 accepts connections and takes writes"
    assert before.baseline["system identifier"].isdigit()

    pair.first.stop(signal.SIGQUIT)
    gone = STEP.judge(STEP.look(world), past(baseline=before.baseline))
    assert isinstance(gone, Wait)
    assert gone.why == (
        "no writable primary: db-0: connection refused (labelled primary); "
        "db-1 is read-only (a standby; labelled replica)"
    )

    target = STEP.look(world).servers.all[1].target
    assert target is not None
    assert postgres.ask(target, ADMIN, "shop", timeout=5, sql="select pg_promote()").value == "t"
    after = STEP.judge(STEP.look(world), past(baseline=before.baseline))
    assert isinstance(after, Settled)
    assert after.why == "db-1 accepts connections and takes writes"
    assert after.baseline["system identifier"] == before.baseline["system identifier"]
    assert (after.baseline["primary"], after.baseline["primary before"]) == ("db-1", "db-0")

    pair.first.start()  # the old primary comes back as one, as without a leader lock it may
    until(lambda: STEP.look(world).two, "both do not take writes")
    assert isinstance(STEP.judge(STEP.look(world), past()), Wait)
