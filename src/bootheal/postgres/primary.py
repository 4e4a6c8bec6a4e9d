"""Which pod of a database is the writable primary? Found by asking, never assumed.

Pod Ready proves nothing (operators ship no readiness probe), nor does "pod 0"
(Patroni elects any member). The server itself is asked, over TCP.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bootheal.cluster.freshness import pod_doubt, sends_to, service_doubt
from bootheal.cluster.starting import clock
from bootheal.errors import BoothealError, PermanentError
from bootheal.model import Answer, Leadership, Pod, Service, Target, Trust
from bootheal.ports import World
from bootheal.postgres.absence import CLUSTER_LABEL, Held, absent, held_back
from bootheal.postgres.location import (
    LEADER,
    PORT,
    ROLE_LABELS,
    SCOPES,
    Database,
    alive,
    pods_and_ports,
    scope,
    selecting,
)

TIMEOUT_SECONDS = 3.0

FOLLOWER = ("replica", "sync_standby", "secondary")
ROLES = (*LEADER, *FOLLOWER, "standby_leader")

# Who makes another member the primary where one fails.
MANAGED_LABELS = ("cnpg.io/cluster", "postgres-operator.crunchydata.com/cluster", "spilo-role")

READ_ONLY = "select pg_is_in_recovery() or current_setting('transaction_read_only')::bool"


@dataclass(frozen=True, slots=True)
class Server:
    """One server of the database and what it said. `doubt`: why it was not asked.

    It is called by its pod's name; `pod` is None for a server outside the cluster, which is called by its host's.
    `stale`: what is known of its pod is of the previous boot.
    """

    name: str
    target: Target | None = None
    answer: Answer | None = None
    doubt: str = ""
    pod: Pod | None = None
    stale: bool = False

    @property
    def writable(self) -> bool:
        """Whether this is a primary."""
        return bool(self.answer and self.answer.ok and self.answer.value == "f")

    @property
    def follows(self) -> bool:
        """Whether this is a standby, by its own word or else by the cluster's, which may be late."""
        if self.answer and self.answer.ok:
            return not self.writable
        return any(self.pod.labels.get(key) in FOLLOWER for key in ROLE_LABELS) if self.pod else False


@dataclass(frozen=True, slots=True)
class Servers:
    """All servers of the database; `service`: why the Service in front of them may not lead there yet.

    Where there is no primary, `lock` is what Patroni's says, `held` who holds servers back. `absent` says of pods that
    are no servers any more, or of the lack of any, what they are.
    """

    all: tuple[Server, ...]
    service: str = ""
    lock: Leadership | None = None
    absent: tuple[str, ...] = ()
    held: tuple[Held, ...] = ()

    @property
    def managed(self) -> bool:
        """Whether somebody makes another server the primary where one fails."""
        pods = [server.pod for server in self.all if server.pod]
        labelled = any(key in pod.labels for pod in pods for key in MANAGED_LABELS)
        return labelled or self.lock is not None or any(pod.patroni for pod in pods)

    @property
    def primary(self) -> Target | None:
        """The one that takes writes; None where there is none, or more than one."""
        return self.writable[0].target if len(self.writable) == 1 else None

    @property
    def writable(self) -> tuple[Server, ...]:
        """Those that take writes: for a moment of a switchover it may look as if there were two."""
        return tuple(server for server in self.all if server.writable)

    @property
    def all_spoke(self) -> bool:
        """Whether every server answered: before that, the one that is missing may be the primary."""
        return all(server.answer and server.answer.spoke for server in self.all)

    def answered(self, *sqlstates: str) -> Server | None:
        """Return the first server that answered with one of `sqlstates`."""
        return next((s for s in self.all if s.answer and s.answer.sqlstate in sqlstates), None)

    @property
    def why_none(self) -> str:
        """Say why there is no primary, server by server."""
        held = (each.why for each in self.held)
        told = "; ".join((*(describe(server) for server in self.all), *self.absent, *held, *_lock(self.lock)))
        return told or "none of its pods exists yet"

    @property
    def way(self) -> str:
        """Say what a person does, where no primary comes before; "" where one may, as while one was not asked yet."""
        if any(server.answer is None for server in self.all):
            return ""
        return next((each.way for each in self.held if each.way), "")


def describe(server: Server) -> str:
    """Say what a server answered, or why it was not asked, and what the cluster says of it."""
    if server.answer is None:
        return server.doubt
    of_pod = _told(server.pod, ready=server.answer.spoke) if server.pod else ""
    told = f"; {of_pod}" if of_pod else ""
    if server.answer.ok:
        return f"{server.name} takes writes" if server.writable else f"{server.name} is read-only (a standby{told})"
    return f"{server.name}: {server.answer}" + (f" ({told[2:]})" if told else "")


def _told(pod: Pod, *, ready: bool) -> str:
    """Return what the cluster says of a server and since when: it may be late, so it decides nothing.

    Whether a pod is `ready` changes with each turn of a crash loop: of a silent server its container tells more.
    """
    role = next((f"labelled {pod.labels[key]}" for key in ROLE_LABELS if pod.labels.get(key) in ROLES), "")
    patroni = f"Patroni says {pod.patroni}" if pod.patroni else ""
    since = f"{'' if pod.ready else 'not '}Ready since {clock(pod.ready_changed)}" if pod.ready_changed else ""
    return ", ".join(text for text in (role, patroni, since if ready else "") if text)


def _lock(lock: Leadership | None) -> Iterator[str]:
    """Say who leads as far as the lock knows, until when nobody else may, and when that last changed."""
    if lock is None:
        return
    if not lock.leader:
        yield f"{lock.kind} is nobody's"
        return
    since = f", since {clock(lock.acquired)}" if lock.acquired else ""
    yield (
        f"{lock.kind} is {lock.leader}'s until {clock(lock.renewed + lock.ttl)} (ttl {lock.ttl:g} s){since}, "
        f"after {lock.transitions} changes"
    )
    if lock.also:
        yield f"{lock.also} holds an older lock: remove it if nothing writes it any more"


def find(world: World, database: Database) -> Servers:
    """Ask every pod of the database, in the order of their names; or its host, or the one that its Service names."""
    admin, trust = world.secrets.credentials(database.admin), _trust(world, database)

    def ask(target: Target) -> Answer:
        return world.postgres.ask(target, admin, database.dbname, timeout=TIMEOUT_SECONDS, sql=READ_ONLY)

    if host := database.host or _alias(world, database):
        target = Target(host, database.port or PORT, trust=trust, auth=database.auth)
        return Servers((Server(host, target, ask(target)),))
    boot_time = world.host.boot_time()
    servers = []
    pods = pods_and_ports(world, database)
    for pod, port in pods:
        if not alive(pod):
            continue
        stale = pod_doubt(pod, boot_time=boot_time)
        if doubt := stale or ("" if pod.ip else f"{pod.ref} has no address yet"):
            servers.append(Server(pod.ref.name, doubt=doubt, pod=pod, stale=bool(stale)))
            continue
        if not port:
            hint = f"name one: databases.{database.name}.port"
            raise PermanentError(f"cannot tell the port of database {database.name}: its Service has none", hint=hint)
        target = Target(pod.ip, port, pod.ref, trust, database.auth)
        servers.append(Server(pod.ref.name, target, ask(target), pod=pod))
    service = world.cluster.service(database.namespace, database.service) if database.service else None
    said = _service_doubt(world, database, servers)
    if any(server.writable for server in servers):
        return Servers(tuple(servers), said)
    found = [pod for pod, _ in pods]
    held = _held(world, database, found, service)
    lock = _leadership(world, database, servers, service)
    return Servers(tuple(servers), said, lock, _absent(world, database, found, held, service), held)


def _alias(world: World, database: Database) -> str:
    """Return the host outside the cluster that its Service is another name of (ExternalName), "" where it is none."""
    if not database.service or database.selector:
        return ""
    return world.cluster.service(database.namespace, database.service).external


def _absent(
    world: World, database: Database, pods: Sequence[Pod], held: Sequence[Held], service: Service | None
) -> tuple[str, ...]:
    """Say what is missing, where something is."""
    labels = selecting(database, service)
    if service and not (labels or pods or service.external):
        endpoints = world.cluster.endpoints(database.namespace, database.service)
        at = ", ".join(sorted({endpoint.address for endpoint in endpoints}))
        why = f"{at} is of none" if at else "nobody has written an address"
        return (f"{service.ref} selects no pods, and {why}",)
    return absent(database.namespace, labels, pods, held)


def _held(world: World, database: Database, pods: Sequence[Pod], service: Service | None) -> tuple[Held, ...]:
    """Ask who holds its servers back; of a Service without a selector only a label that names a cluster tells whose."""
    of_cluster = {key: value for key, value in (service.labels if service else {}).items() if key in dict(SCOPES)}
    labels = selecting(database, service) or of_cluster
    of_patroni = not pods or any(pod.patroni for pod in pods)
    named = scope(database, service, pods) if of_patroni else ""
    return held_back(world, database.namespace, named, labels, pods)


def _leadership(
    world: World, database: Database, servers: Sequence[Server], service: Service | None
) -> Leadership | None:
    """Ask for the lock of Patroni or CloudNativePG where it explains something; nothing fails for want of it.

    A Service that selects none and leads to none may be one whose addresses Patroni writes.
    """
    pods = [server.pod for server in servers if server.pod]
    cluster = next((pod.labels[CLUSTER_LABEL] for pod in pods if CLUSTER_LABEL in pod.labels), "")
    unnamed = service and not (pods or selecting(database, service))
    named = scope(database, service, pods)
    try:
        if cluster:
            return world.cluster.primary_lease(database.namespace, cluster)
        if named and (unnamed or any(pod.patroni for pod in pods)):
            return world.cluster.leadership(database.namespace, named)
    except BoothealError:
        return None
    return None


def _trust(world: World, database: Database) -> Trust | None:
    if database.authority is None:
        return None
    return Trust(world.secrets.certificate(database.authority, database.authority_key), database.certified)


def _service_doubt(world: World, database: Database, servers: Sequence[Server]) -> str:
    """Poolers and applications come through the Service: not to an address that is gone, nor only to standbys."""
    if not database.service:
        return ""
    endpoints = world.cluster.endpoints(database.namespace, database.service)
    service = world.cluster.service(database.namespace, database.service)
    pods = world.cluster.pods(database.namespace)
    asked = [server.pod.ref for server in servers if server.pod and server.answer and server.answer.ok]
    if doubt := service_doubt(service, endpoints, pods, boot_time=world.host.boot_time(), asked=asked):
        return doubt
    primary = next((server.pod for server in servers if server.writable), None)
    # else of what is behind it nothing is known
    told = service.selector or any(each.pod for each in endpoints) or any(sends_to(endpoints, pod) for pod in pods)
    if primary and told and not service.external and not sends_to(endpoints, primary):
        ready = {endpoint.address for endpoint in endpoints if endpoint.ready}
        return f"{service.ref} sends to {', '.join(sorted(ready))}, and not yet to the primary {primary.ref.name}"
    return ""
