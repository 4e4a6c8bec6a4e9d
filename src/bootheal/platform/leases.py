"""Who leads, when the leader is dead: the control plane waits for the Leases of its own predecessors.

client-go waits a whole lease duration, counted from when it first sees a record, although the process that wrote it
died with the previous boot. Until then no pod is scheduled and no Service follows its pods: 14 of 35 seconds, measured
on Kubernetes 1.36. A Lease whose holder is empty is taken at the next retry, 2 s later.

A holder is only believed to be dead where that is proven: the one machine that it can have been on is in a new boot,
the record is of before it and by a process of that machine, and nobody has renewed it for longer than anybody alive
would wait. What a database elects its primary by is never touched. Nothing waits for this step.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bootheal.cluster.freshness import before_boot
from bootheal.errors import DeniedError
from bootheal.model import BootTime, Election, Node, Pod, Ref, Right
from bootheal.ports import World
from bootheal.step import Act, Action, Judgement, Past, Settled, Step, Wait

NAME = "leases"
CONTROL_PLANE = "kube-system"
GROUP = "coordination.k8s.io"

# What Kubernetes' own parts elect their leaders by. `k3s-etcd` is not among them: that is a database's.
OWN = ("kube-controller-manager", "kube-scheduler", "cloud-controller-manager", "k3s", "k3s-cloud-controller-manager")

# All names that are taken: of these the last is a database's.
ELECTED = (*OWN, "k3s-etcd")

# A leader that lives renews every two seconds of a lease of 15 s, or in that proportion.
WATCHED_SECONDS = 2.5
WATCHED_SHARE = 0.2

# Nobody waits for a verdict while one is watched for longer, and what takes longer still is left to time: who asks for
# a Lease of hours may renew it every few minutes.
WAITED_FOR_SECONDS, LONGEST_WATCHED_SECONDS = 15.0, 60.0

# By what a database's lock is known: PostgreSQL's operators, etcd, and whoever else keeps data.
_DATABASES = (
    *("cnpg.io", "postgres", "patroni", "spilo", "crunchydata", "stackgres", "percona", "mysql", "mariadb", "mongodb"),
    *("etcd", "redis", "rabbitmq", "elastic", "longhorn", "rook", "ceph", "stolon", "kafka", "zookeeper", "cassandra"),
    *("scylla", "clickhouse", "cockroach", "consul", "vault", "minio", "opensearch", "nats"),
)


@dataclass(frozen=True, kw_only=True)
class ReleaseLease(Action):
    """Empty the holder of a Lease whose holder is dead, if nobody has written it since."""

    by_design = True  # a process that was killed has released nothing

    lease: Ref
    version: str
    holder: str

    @property
    def about(self) -> Ref:
        """The Lease."""
        return self.lease

    @property
    def sentence(self) -> str:
        """Say which, and of whom."""
        return f"release {self.lease} ({self.cause})"

    def apply(self, world: World) -> None:
        """Write it, with the resourceVersion as precondition: whoever has renewed it meanwhile keeps it."""
        world.writer.release(self.lease, self.version)


@dataclass(frozen=True, slots=True)
class LeasesObservation:
    """The Leases whose holders may be dead, and why less is known than could be."""

    stale: tuple[Election, ...] = ()
    unknown: str = ""
    denied: str = ""

    @property
    def conditions(self) -> frozenset[str]:
        """How long each record has stayed as it is matters; a new one begins anew."""
        return frozenset(map(_condition, self.stale))


@dataclass(frozen=True, kw_only=True)
class Leases(Step[LeasesObservation]):
    """Releases them; `report`: only tells. `own` are the control plane's; in `namespaces` operators have theirs."""

    dispensable = True

    own: tuple[Ref, ...] = tuple(Ref("lease", CONTROL_PLANE, name) for name in OWN)
    namespaces: tuple[str, ...] = ()
    report: bool = False
    name: str = NAME

    def wishes(self) -> frozenset[Right]:
        """To read them, and to write them: without, everything only takes longer."""
        verbs = ("list",) if self.report else ("list", "patch")
        places = (CONTROL_PLANE, *self.namespaces)
        pods = {Right("list", "pods", namespace) for namespace in self.namespaces}
        return frozenset(pods | {Right(verb, "leases", place, GROUP) for verb in verbs for place in places})

    @property
    def shows_more(self) -> str:
        """Show who holds what, and since when."""
        return f"kubectl -n {CONTROL_PLANE} get leases -o wide"

    # --- looking ----------------------------------------------------------------------------------

    def look(self, world: World) -> LeasesObservation:
        """Read the Leases where they can be judged, and find those that no process of this boot has written."""
        boot_time, boot_id = world.host.boot_time(), world.host.boot_id()
        nodes = tuple(world.cluster.nodes())
        machine = _only(nodes)
        if boot_time is None or boot_id is None or machine is None or machine.boot_id != boot_id:
            return LeasesObservation(unknown="more machines than this one may hold them, or its boot is not known")
        try:
            stale = tuple(self._stale(world, machine, boot_time, alone=len(nodes) == 1))
            may = self.report or all(self._may(world, each) for each in stale)
        except DeniedError as error:
            return LeasesObservation(unknown=str(error))
        return LeasesObservation(stale, denied="" if may else "the right to patch them is missing: see bootheal rbac")

    def _may(self, world: World, found: Election) -> bool:
        return world.cluster.may(Right("patch", "leases", found.ref.namespace, GROUP), found.ref.name)

    def _stale(self, world: World, machine: Node, boot_time: BootTime, *, alone: bool) -> Iterator[Election]:
        for found in world.cluster.elections(CONTROL_PLANE):
            if found.ref in self.own and _of_machine(found, machine) and _of_before(found, boot_time):
                yield found
        for namespace in self.namespaces if alone else ():
            pods = world.cluster.pods(namespace)
            for found in world.cluster.elections(namespace):
                if _of_before(found, boot_time) and _by_a_pod(found, pods) and not _of_a_database(found):
                    yield found

    # --- judging ----------------------------------------------------------------------------------

    def judge(self, seen: LeasesObservation, past: Past) -> Judgement:
        """Watch each record for as long as anybody alive would leave it as it is; then release it."""
        if seen.unknown:
            return Settled(f"who holds Leases of leader election was not judged: {seen.unknown}")
        if not seen.stale:
            return Settled("no Lease of leader election is held by a process of the previous boot")
        names = ", ".join(str(found.ref) for found in seen.stale)
        why = f"{names}: held by a process of the previous boot"
        if self.report or seen.denied:
            return Settled(why, (f"{why}; {seen.denied or 'stale_leases.action: release lets bootheal release it'}",))
        left = {found.ref: _watch(found) - past.held(_condition(found)) for found in seen.stale}
        if ripe := [found for found in seen.stale if left[found.ref] <= 0]:
            return Act(why, tuple(_release(found) for found in ripe))
        again, watched = max(min(left.values()), 0.1), f"{why}, it seems; watched for a sign of life"
        return Wait(watched, again=again) if again <= WAITED_FOR_SECONDS else Settled(watched, again=again)


def _only(nodes: Iterable[Node]) -> Node | None:
    """Return the one node that the control plane can have been on; None where there may be another."""
    every = list(nodes)
    planes = [node for node in every if node.control_plane]
    if len(every) == 1:
        return every[0]
    return planes[0] if len(planes) == 1 else None


def _of_machine(found: Election, machine: Node) -> bool:
    """Whether its holder calls itself by the name of this machine, which may have capitals: a node's has none."""
    return found.holder.lower().startswith(f"{machine.name}_")


def _of_before(found: Election, boot_time: BootTime) -> bool:
    """Whether it is held, by a record whose every time lies before this boot, and that can be watched."""
    times = [time for time in (found.renewed, found.acquired) if time]
    known = found.holder and found.renewed and _watch(found) <= LONGEST_WATCHED_SECONDS
    return bool(known) and all(before_boot(time, boot_time) for time in times)


def _by_a_pod(found: Election, pods: Iterable[Pod]) -> bool:
    """Whether its holder names a pod of its namespace: who holds it from elsewhere may live."""
    return any(found.holder.startswith(f"{pod.ref.name}_") or found.holder == pod.ref.name for pod in pods)


def _of_a_database(found: Election) -> bool:
    words = " ".join((found.ref.name, *found.marks)).lower()
    return any(word in words for word in _DATABASES)


def _watch(found: Election) -> float:
    return max(WATCHED_SECONDS, WATCHED_SHARE * found.duration)


def _condition(found: Election) -> str:
    return f"{found.ref} stays at {found.version}"


def _release(found: Election) -> ReleaseLease:
    cause = "its holder was a process of the previous boot"
    return ReleaseLease(cause=cause, lease=found.ref, version=found.version, holder=found.holder)
