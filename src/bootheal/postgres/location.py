"""Where a database is: its Service, its pods, and the port to ask each of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bootheal.cluster.freshness import shortest
from bootheal.model import Auth, Endpoint, Login, Pod, Ref, Service
from bootheal.ports import World

PORT = 5432

# Patroni's and CloudNativePG's word on who leads.
ROLE_LABELS = ("spilo-role", "role", "cnpg.io/instanceRole")
LEADER = ("primary", "master")


@dataclass(frozen=True, slots=True)
class Database:
    """Where a database lives: at `host` outside the cluster, or in pods.

    Its pods are found by `selector`, else by the Service's selector or addresses. `port` 0 means: the port
    that the Service has. `authority` and its key are where the certificate of who signs the server's is kept;
    `certified` is the name that the server's must be for. `auth`: how it may ask for a password beside SCRAM.
    """

    name: str
    namespace: str
    dbname: str
    admin: Login
    service: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    host: str = ""
    authority: Ref | None = None
    authority_key: str = ""
    certified: str = ""
    auth: Auth = Auth.SCRAM


def pods_of(world: World, database: Database) -> list[Pod]:
    """Return the pods of a database in the cluster, those that may take writes and those that follow them."""
    return [pod for pod, _ in pods_and_ports(world, database) if alive(pod)]


def pods_and_ports(world: World, database: Database) -> list[tuple[Pod, int]]:
    """Return the pods with the port to ask, by selector or, for a Service without one, by its addresses."""
    if not database.service:
        pods = world.cluster.pods(database.namespace, database.selector)
        return [(pod, database.port or PORT) for pod in _sorted(pods)]
    service = world.cluster.service(database.namespace, database.service)
    if selector := selecting(database, service):
        pods = world.cluster.pods(database.namespace, selector)
        return [(pod, database.port or service.port_on(pod)) for pod in _sorted(pods)]
    endpoints = world.cluster.endpoints(database.namespace, database.service)
    pods = world.cluster.pods(database.namespace)
    at = _named(service, endpoints, pods)
    return [(pod, database.port or port) for pod, port in _members(service, _sorted(pods), at)]


def _named(service: Service, endpoints: Iterable[Endpoint], pods: Iterable[Pod]) -> dict[str, int]:
    """Return the pods that the addresses name, or are of, each with the port of the slice that the Service goes by."""
    lying = {shortest(address): pod.ref.name for pod in pods if alive(pod) for address in (pod.ip, *pod.ips) if address}
    named = [(each.pod or lying.get(shortest(each.address), ""), each) for each in endpoints]
    first = {name: each.port for name, each in named if name}
    return first | {name: port for name, each in named if name and (port := each.port_of(service))}


def _members(service: Service, pods: Sequence[Pod], named: Mapping[str, int]) -> Iterator[tuple[Pod, int]]:
    """Yield the pods of a Service without a selector, whose addresses Patroni or its operator writes, with their ports.

    Whoever they name was the leader once; what the same StatefulSet has made are its fellow members. While nobody leads
    there may be no address, and Crunchy's operator writes that of another Service: those pods of Patroni's are members
    that are labelled as the Service is, whatever that says of who leads.
    """
    labels = {key: value for key, value in service.labels.items() if value not in LEADER}
    owners = {pod.owner: named[pod.ref.name] for pod in pods if _of_a_set(pod) and pod.ref.name in named}
    for pod in pods:
        labelled = pod.patroni and labels and labels.items() <= pod.labels.items()
        if port := named.get(pod.ref.name) or owners.get(pod.owner):
            yield pod, port
        elif labelled:
            yield pod, service.port_on(pod)


def selecting(database: Database, service: Service | None) -> dict[str, str]:
    """Return the labels that the database's pods have: the Service's selector without the leader's label.

    That is not believed, and followers explain, too. A Service whose addresses Patroni writes has no selector, but
    Zalando's operator labels it as it labels the pods.
    """
    if database.selector or service is None:
        return dict(database.selector)
    labelled = any(service.labels.get(key) in LEADER for key in ROLE_LABELS)
    selector = service.selector or (service.labels if labelled else {})
    return {key: value for key, value in selector.items() if key not in ROLE_LABELS or value not in LEADER}


def _of_a_set(pod: Pod) -> bool:
    return bool(pod.owner and pod.owner.kind == "statefulset")


def alive(pod: Pod) -> bool:
    """Tell whether a pod may be a server: it is neither over nor on its way out."""
    return not (pod.deleting or pod.finished)


def _sorted(pods: Iterable[Pod]) -> list[Pod]:
    return sorted(pods, key=lambda pod: pod.ref)
