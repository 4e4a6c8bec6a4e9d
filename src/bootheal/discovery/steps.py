"""Which step of the file each workload and each Service is part of. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bootheal.discovery import order
from bootheal.discovery.findings import Edge, FoundDatabase, FoundPooler, FoundServer
from bootheal.discovery.operators import CNPG, CRUNCHY, ZALANDO
from bootheal.discovery.places import Places
from bootheal.discovery.poolers import Bouncer
from bootheal.discovery.uses import Use
from bootheal.model import Ref
from bootheal.model.inventory import Controller

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


@dataclass(frozen=True)
class Steps:
    """The step of each workload, and of each Service that is known to lead to one."""

    places: Places
    controllers: tuple[Controller, ...]
    known: Mapping[Ref, str]

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
    shared: Callable[[Ref], bool],
) -> Steps:
    """Say which step each is part of; a workload that a server is only one container of (`shared`) is its own."""
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
    return Steps(places, controllers, known)
