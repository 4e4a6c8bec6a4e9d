"""Which step of the file each workload and each Service is part of. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bootheal.discovery import order
from bootheal.discovery.findings import Edge, FoundDatabase, FoundPooler, FoundServer, Known
from bootheal.discovery.operators import CNPG, CRUNCHY, ZALANDO
from bootheal.discovery.places import Places
from bootheal.discovery.poolers import Bouncer
from bootheal.discovery.uses import Use
from bootheal.model import Ref
from bootheal.model.inventory import Controller

_ZALANDO_NAMES = "credentials.postgresql.acid.zalan.do"

DATABASE, POOLER, DEPENDENCY = "database/", "pooler/", "dependency/"


def leads(places: Places, found: Sequence[FoundDatabase], bouncers: Sequence[Bouncer] = ()) -> Mapping[Ref, str]:
    """Return which database each Service leads to, by name; one in front of a pooler leads to that."""
    behind_pooler = {each.controller.ref for each in bouncers}
    leading = {}
    for service in places.inventory.services:
        behind = {each.ref for each in places.behind(service)}
        cluster = _cluster_of(service.selector, service.labels, selects=bool(behind))
        for database in found:
            own = service.ref.name == database.service or bool(behind & set(database.made))
            same = own or (cluster and cluster == database.cluster)
            if same and service.ref.namespace == database.namespace and not behind & behind_pooler:
                leading[service.ref] = database.name
    return leading


def _cluster_of(selector: Mapping[str, str], labels: Mapping[str, str], *, selects: bool) -> str:
    """Return the operator's cluster that a Service belongs to, "" for one of another kind."""
    for key in (CNPG, CRUNCHY):
        if key in selector or (key in labels and not selects):
            return selector.get(key) or labels.get(key, "")
    spilo = selector.get("application") == "spilo" or (labels.get("application") == "spilo" and not selects)
    return (selector.get(ZALANDO) or labels.get(ZALANDO) or "") if spilo else ""


def _made_for(cluster: str, secret: str) -> bool:
    """Whether an operator makes a Secret of this name for a role of a cluster."""
    return secret in (f"{cluster}-app", f"{cluster}-superuser") or (
        secret.startswith(f"{cluster}-pguser-") or secret.endswith(f".{cluster}.{_ZALANDO_NAMES}")
    )


@dataclass(frozen=True)
class Steps:
    """The step of each workload, and of each Service that is known to lead to one.

    `databases` are all that there are, `behind` is the step of the database behind that of a pooler.
    """

    places: Places
    controllers: tuple[Controller, ...]
    known: Mapping[Ref, str]
    databases: tuple[FoundDatabase, ...] = ()
    behind: Mapping[str, str] = field(default_factory=dict)

    def of(self, use: Use) -> Iterator[str]:
        """Return the steps that a use leads to."""
        if use.service is not None:
            if step := self.known.get(use.service.ref):
                yield step
            else:
                behind = self.places.behind(use.service)
                yield from sorted({self.known[each.ref] for each in behind if each.ref in self.known})
        elif use.labels is not None and use.ref:
            refs = order.behind(use.labels, use.ref.namespace, self.controllers)
            yield from (self.known[ref] for ref in refs)
        elif use.ref and use.ref in self.known:
            yield self.known[use.ref]

    def by_secret(self, controller: Controller, edges: Iterable[Edge]) -> Iterator[Edge]:
        """Return the databases that a workload logs in to by their operators' Secrets, wherever it is told the hosts.

        Those that its other `edges` lead to, straight or through a pooler, are left out.
        """
        boxes = (*controller.init, *controller.boxes)
        sources = (each.source for box in boxes for each in (*box.environment, *box.mounts))
        names = {source.name for source in sources if source and source.kind == "secret"}
        reached = {each.to for each in edges if each.known is not Known.GUESSED}
        reached |= {self.behind[each] for each in reached if each in self.behind}
        for database in self.databases:
            made = sorted(name for name in names if database.cluster and _made_for(database.cluster, name))
            refs = (Ref("service", database.namespace, database.service), *database.made)
            step = next(filter(None, map(self.known.get, refs)), "")
            if made and step and step not in reached and database.namespace == controller.ref.namespace:
                yield Edge(step, f"secret/{made[0]}, which it logs in with, is its operator's")

    def in_front(self, server: FoundServer) -> tuple[Edge, ...]:
        """Return what a pooler comes after that only an operator's label or object puts in front of its database."""
        every = set(self.known.values())
        names = (f"{kind}{server.database}" for kind in (DATABASE, DEPENDENCY) if server.database)
        return tuple(Edge(name, "it stands in front of it") for name in names if name in every)


def steps(
    places: Places,
    controllers: tuple[Controller, ...],
    found: Sequence[FoundDatabase],
    made: Sequence[FoundPooler],
    others: Sequence[FoundServer],
    *,
    every: Sequence[FoundDatabase],
    shared: Callable[[Ref], bool],
) -> Steps:
    """Say which step each is part of; a workload that a server is only one container of (`shared`) is its own.

    `every` database is also one of which no login is known, and which is one of `others`.
    """
    known = {each.ref: str(each.ref) for each in controllers}
    known |= {ref: f"{DATABASE}{name}" for ref, name in leads(places, found).items()}
    known |= {ref: f"{DATABASE}{each.name}" for each in found for ref in each.made if not shared(ref)}
    known |= {ref: f"{DEPENDENCY}{each.name}" for each in others for ref in each.made if not shared(ref)}
    services = ((Ref("service", each.namespace, each.service), each) for each in others if each.service)
    known |= {ref: f"{DEPENDENCY}{each.name}" for ref, each in services}
    known |= {each.deployment: f"{POOLER}{each.name}" for each in made}
    for service in places.inventory.services:
        steps_behind = (known.get(each.ref, "") for each in places.behind(service))
        if step := next((step for step in steps_behind if step.startswith(POOLER)), ""):
            known[service.ref] = step
    behind = {f"{POOLER}{each.name}": f"{DATABASE}{each.database}" for each in made}
    behind |= {f"{DEPENDENCY}{each.name}": f"{DATABASE}{each.database}" for each in others if each.database}
    return Steps(places, controllers, known, tuple(every), behind)
