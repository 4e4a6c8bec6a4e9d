"""Where a database is: its Service, its pods, and the port to ask each of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bootheal.cluster.freshness import shortest
from bootheal.model import Auth, Endpoint, Login, Pod, Ref, Service
from bootheal.ports import World

PORT = 5432

# The word on who leads: Patroni's, as each operator has it named, and CloudNativePG's.
ROLE_LABELS = (
    "spilo-role",
    "role",
    "cnpg.io/instanceRole",
    "kubeblocks.io/role",
    "postgres-operator.crunchydata.com/role",
)
LEADER = ("primary", "master")

# By which label an operator names a cluster, and what follows that in Patroni's name for it, its scope.
SCOPES = (
    ("postgres-operator.crunchydata.com/cluster", "-ha"),
    ("cluster-name", ""),
    ("stackgres.io/cluster-name", ""),
    ("apps.kubeblocks.postgres.patroni/scope", ""),
)


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
        return [(pod, database.port or PORT) for pod in _without_fronts(_sorted(pods))]
    service = world.cluster.service(database.namespace, database.service)
    if selector := selecting(database, service):
        pods = world.cluster.pods(database.namespace, selector)
        return [(pod, database.port or service.port_on(pod)) for pod in _without_fronts(_sorted(pods))]
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


def scope(database: Database, service: Service | None, pods: Iterable[Pod]) -> str:
    """Return by which name Patroni keeps a database's lock and configuration: its Service's, where no label tells."""
    named = [*(pod.labels for pod in pods), *((service.labels,) if service else ())]
    told = (labels[key] + suffix for key, suffix in SCOPES for labels in named if key in labels)
    return next(told, database.service)


def _without_fronts(pods: Sequence[Pod]) -> list[Pod]:
    """Leave out what bears a cluster's labels and is none of its members: its poolers would pass for whom they lead to.

    Members tell so themselves, by Patroni's annotation or by their owner; beside them a Deployment or Job has none.
    """
    members = [pod for pod in pods if pod.patroni or (pod.owner and pod.owner.kind == "cluster")]
    beside = ("replicaset", "job") if members else ()
    return [pod for pod in pods if pod in members or not (pod.owner and pod.owner.kind in beside)]


def _of_a_set(pod: Pod) -> bool:
    return bool(pod.owner and pod.owner.kind == "statefulset")


def alive(pod: Pod) -> bool:
    """Tell whether a pod may be a server: it is neither over nor on its way out."""
    return not (pod.deleting or pod.finished)


def _sorted(pods: Iterable[Pod]) -> list[Pod]:
    return sorted(pods, key=lambda pod: pod.ref)
