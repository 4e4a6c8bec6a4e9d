"""A power cut and the boot after it, second by second on a fake clock, with every timing drawn at random.

It plays the API server, the kubelet, the controllers and PostgreSQL as a real boot shows them: first the state
from before the cut, then one thing after the other is found dead, started, ready, and at last sent to. It knows the
truth at every moment, and so whether what is read as healthy is.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

from bootheal.adapters.wallclock import WallClock
from bootheal.errors import MissingError, UnreachableError
from bootheal.model import (
    Admission,
    Answer,
    BootTime,
    Container,
    Credentials,
    Directory,
    Election,
    Endpoint,
    Extensions,
    HostFacts,
    Lease,
    Login,
    Node,
    Occurrence,
    Pod,
    PodToDelete,
    Readiness,
    Ref,
    Secret,
    Service,
    State,
    Target,
    Workload,
)
from bootheal.ports import Interest, Partial, World
from support.engine import START, FakeClock

SHOP = "shop"
OLD, NEW = "old-boot", "new-boot"
RENEWS = 10.0
# name -> (kind, replicas, whether a Service is in front of it, whether it needs the database)
APPS = {
    "postgres": ("statefulset", 1, True, False),
    "django": ("deployment", 2, True, True),
    "nginx": ("deployment", 1, True, False),
    "worker": ("deployment", 1, False, True),
    "agent": ("deployment", 1, False, False),
}
# What is declared of them.
CONFIGURATION = """\
cleanup: {namespaces: [shop], grace: 20}
databases:
  shop: {namespace: shop, service: postgres, dbname: shop, admin: {secret: admin}}
workloads:
  deployment/shop/django: {after: [database/shop]}
  deployment/shop/nginx: {after: [deployment/shop/django]}
  deployment/shop/worker: {after: [database/shop]}
  deployment/shop/agent: {}
"""


class SettableClock(FakeClock):
    """A wall clock that can be set, over a monotonic one that can't."""

    offset = 0.0

    def now(self) -> float:
        return self.time + self.offset

    @property
    def up(self) -> float:
        """Seconds since power-on."""
        return self.time - START


@dataclass
class SimulatedPod:
    """A pod with its one container, as the kubelet has written it last."""

    app: str
    name: str
    uid: str
    ip: str
    state: State = State.RUNNING
    reason: str = ""
    started: float = 0.0
    ready: bool = True
    restarts: int = 0
    alive: bool = False  # the truth: its process runs in this boot
    gone: bool = False
    stuck: bool = False
    created: float = 0.0
    ready_changed: float = 0.0


class Machine(Partial):
    """The cluster, the host and PostgreSQL behind their ports."""

    def __init__(self, seed: int, clock: SettableClock, error: float = 0.0) -> None:
        """Draw everything from `seed`. By `error` seconds the wall clock is wrong until the network sets it right."""
        self.clock = clock
        self.draw = random.Random(seed).uniform  # noqa: S311 - a story, not a secret
        self.changed: Callable[[Interest], None] = lambda _what: None
        clock.offset = error
        # systemd notes both clocks when it begins; see adapters/systemctl.py.
        self.wall = WallClock(lambda: (clock.up, clock.now()), earlier=[(0.0, clock.now())])
        self.numbers = count(10)
        self.deleted: list[str] = []
        self.unsound: list[str] = []
        self.gate_true: float | None = None
        self.gate_by = ""
        self.answers = self.accepting = self.alive = False
        self.readyz = 503
        off, before = self.draw(3, 300), START
        self.node = Node("box", OLD, ready=True)
        self.renewed = before - off - self.draw(0, RENEWS)
        self.shown = {pod.name: pod for app in APPS for pod in self._pods_of(app, before - off - self.draw(60, 7200))}
        self.available = {app: replicas for app, (_, replicas, _, _) in APPS.items()}
        self.generation, self.observed = dict.fromkeys(APPS, 1), dict.fromkeys(APPS, 1)
        self.slices = {app: self._addresses(app) for app, (_, _, service, _) in APPS.items() if service}
        self._script()

    # --- the story --------------------------------------------------------------------------------

    def _pods_of(self, app: str, started: float) -> Iterator[SimulatedPod]:
        for number in range(APPS[app][1]):
            name = f"{app}-{number}"
            yield SimulatedPod(app, name, f"uid-{name}", self._ip(), started=started, created=started)

    def _ip(self) -> str:
        return f"10.42.0.{next(self.numbers)}"

    def _script(self) -> None:
        draw = self.draw
        api = draw(0.3, 4)
        self.controllers = api + draw(1, 16)
        self.at(draw(0.5, 25), self._set_the_clock)
        self.at(api, self._answer)
        self.at(api + draw(0, 2), self._readyz(500))
        self.at(api + draw(2, 5), self._readyz(200))
        fresh = api + draw(0.2, 6)
        self.at(fresh, self._node(boot_id=NEW, ready=draw(0, 1) < 0.5, taints=("node.kubernetes.io/not-ready",)))
        self.at(max(api, fresh + draw(-0.3, 0.5)), self._renew)
        ready = fresh + draw(0, 9)
        self.at(ready, self._node(boot_id=NEW, ready=True, taints=("node.kubernetes.io/not-ready",)))
        self.at(ready + draw(0, 0.5), self._node(boot_id=NEW, ready=True))
        for pod in self.shown.values():
            found = fresh + draw(0.2, 7)
            pod.stuck = pod.app == "nginx" and draw(0, 1) < 0.3
            self.at(found, self._found(pod))
            if not pod.stuck:
                self.at(found + draw(0.3, 5), self._start(pod))

    def at(self, up: float, happen: Callable[[], None]) -> None:
        """Let something happen `up` seconds after power-on, and see what it made true."""

        def happening() -> None:
            happen()
            self._watch_the_truth(happen.__qualname__)

        self.clock.at(up, happening)

    def soon(self, low: float, high: float, happen: Callable[[], None]) -> None:
        self.at(self.clock.up + self.draw(low, high), happen)

    def _tell(self, kind: str, namespace: str, name: str) -> None:
        if self.answers:
            self.changed(Interest(kind, namespace, name))

    def _answer(self) -> None:
        self.answers = True
        for kind, namespace in (("node", ""), ("lease", "kube-node-lease"), ("pod", SHOP), ("endpointslice", SHOP)):
            self._tell(kind, namespace, "")

    def _set_the_clock(self) -> None:
        self.clock.offset = 0.0

    def _readyz(self, status: int) -> Callable[[], None]:
        def readyz() -> None:
            self.readyz = status

        return readyz

    def _node(self, **fields: Any) -> Callable[[], None]:
        def node() -> None:
            self.node = Node("box", **fields)
            self._tell("node", "", "box")

        return node

    def _renew(self) -> None:
        self.alive = True
        self.renewed = self.clock.now()
        self._tell("lease", "kube-node-lease", "box")
        self.at(self.clock.up + RENEWS, self._renew)

    def _found(self, pod: SimulatedPod) -> Callable[[], None]:
        def found() -> None:
            if not pod.gone:
                pod.state, pod.reason, pod.ready = State.TERMINATED, "Unknown", False
                pod.ready_changed = self.clock.now()
                self._pod_changed(pod)

        return found

    def _start(self, pod: SimulatedPod) -> Callable[[], None]:
        def start() -> None:
            if pod.gone or pod.alive:
                return
            pod.state, pod.reason, pod.alive, pod.ip = State.RUNNING, "", True, self._ip()
            pod.started = float(int(self.clock.now()))
            pod.restarts += 1
            self._pod_changed(pod)
            if pod.app == "postgres":
                self.soon(0.5, 20, self._accept)
            if APPS[pod.app][3] and not self.accepting:
                self.soon(0.1, 2, self._crash(pod))
            else:
                self.soon(0.05, 1.5, self._become_ready(pod))

        return start

    def _accept(self) -> None:
        self.accepting = True

    def _become_ready(self, pod: SimulatedPod) -> Callable[[], None]:
        def ready() -> None:
            if not pod.gone and pod.alive:
                pod.ready = True
                self._pod_changed(pod)

        return ready

    def _crash(self, pod: SimulatedPod) -> Callable[[], None]:
        def crash() -> None:
            if pod.gone:
                return
            pod.state, pod.reason, pod.alive, pod.ready = State.WAITING, "CrashLoopBackOff", False, False
            self._pod_changed(pod)
            pause = min(300.0, 10.0 * 2 ** max(0, pod.restarts - 1))
            self.at(self.clock.up + pause, self._start(pod))

        return crash

    def _pod_changed(self, pod: SimulatedPod) -> None:
        self._tell("pod", SHOP, pod.name)
        self._control(1, self._count(pod.app))
        if pod.app in self.slices:
            self._control(2, self._send(pod.app))

    def _control(self, longest: float, happen: Callable[[], None]) -> None:
        """Let a controller do something, once the controllers have been elected."""
        self.at(max(self.clock.up, self.controllers) + self.draw(0, longest), happen)

    def _count(self, app: str) -> Callable[[], None]:
        def counted() -> None:
            self.available[app] = sum(pod.ready for pod in self.shown.values() if pod.app == app)
            self._tell(APPS[app][0], SHOP, app)

        return counted

    def _send(self, app: str) -> Callable[[], None]:
        def send() -> None:
            self.slices[app] = self._addresses(app)
            self._tell("endpointslice", SHOP, f"{app}-abc")

        return send

    def _addresses(self, app: str) -> list[str]:
        return [pod.ip for pod in self.shown.values() if pod.app == app and pod.ready]

    # --- the truth --------------------------------------------------------------------------------

    def _watch_the_truth(self, because: str) -> None:
        if self.gate_true is None and self.gate_is_true():
            self.gate_true, self.gate_by = self.clock.time, because.rpartition(".")[2]

    def gate_is_true(self) -> bool:
        """Whether the API server is ready and the node is, in this boot."""
        node = self.node
        fresh = self.alive and node.boot_id == NEW and node.ready and not node.taints
        return self.answers and self.readyz == 200 and fresh

    def serves(self, app: str) -> bool:
        """Whether all its processes run in this boot and are sent to, and to nobody else."""
        pods = [pod for pod in self.shown.values() if pod.app == app]
        if app == "postgres" and not self.accepting:
            return False
        alive = len(pods) == APPS[app][1] and all(pod.alive and pod.ready for pod in pods)
        return alive and (app not in self.slices or set() < set(self.slices[app]) <= set(self._addresses(app)))

    # --- the ports --------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        """The world that it is."""
        return World(cluster=self, pod_access=self, secrets=self, writer=self, watcher=self, host=self, postgres=self)

    def _reach(self) -> None:
        if not self.answers:
            raise UnreachableError("cannot reach the API server: connection refused")

    def readiness(self) -> Readiness:
        self._reach()
        return Readiness(ready=self.readyz == 200, why=f"/readyz says {self.readyz}")

    def nodes(self) -> Sequence[Node]:
        self._reach()
        return [self.node]

    def watched(self, _kind: str, _namespace: str = "") -> bool:
        return True

    def lease(self, _node: str) -> Lease:
        self._reach()
        return Lease(self.renewed)

    def elections(self, _namespace: str) -> Sequence[Election]:
        self._reach()
        return ()  # k3s with sqlite elects no leader

    def pods(self, _namespace: str, labels: Mapping[str, str] | None = None) -> Sequence[Pod]:
        self._reach()
        pods = [_snapshot(pod) for pod in self.shown.values()]
        return [pod for pod in pods if (labels or {}).items() <= pod.labels.items()]

    def unpulled(self, _namespace: str) -> Sequence[Pod]:
        self._reach()
        return ()

    def workload(self, ref: Ref) -> Workload:
        self._reach()
        replicas, available = APPS[ref.name][1], self.available[ref.name]
        return Workload(
            ref,
            uid=f"uid-{ref.name}",
            version="1",
            generation=self.generation[ref.name],
            observed=self.observed[ref.name],
            desired=replicas,
            replicas=replicas,
            updated=replicas,
            ready=available,
            available=available,
            selector={"app": ref.name},
        )

    def service(self, namespace: str, name: str) -> Service:
        self._reach()
        if name not in self.slices:
            raise MissingError(f"cannot find service/{namespace}/{name}")
        return Service(Ref("service", namespace, name), "10.43.0.1", ((5432, 5432),), {"app": name})

    def services(self, namespace: str) -> Sequence[Service]:
        return [self.service(namespace, name) for name in self.slices]

    def endpoints(self, _namespace: str, service: str) -> Sequence[Endpoint]:
        self._reach()
        return [Endpoint(address, 5432) for address in self.slices[service]]

    def directory(self, *_about: Any) -> Any:
        return Directory.UNKNOWN

    def extensions(self) -> Extensions:
        return Extensions()

    def admission(self, namespace: str) -> Admission:
        return Admission(namespace)

    def occurrences(self, about: Ref) -> Sequence[Occurrence]:
        return ()

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials("postgres", Secret("x"))

    def log_tail(self, *_about: Any, **_options: Any) -> str:
        return ""

    def delete_pod(self, pod: Ref, uid: str, version: str = "", *, force: bool = False) -> None:
        doomed = self.shown.get(pod.name)
        if doomed is None or doomed.uid != uid:
            return
        if doomed.alive or doomed.state is State.RUNNING:
            self.unsound.append(f"{self.clock.up:.2f} s: deleted {doomed.name}, which is not known to be dead")
        self._remove(doomed)

    def delete_pods(self, pods: Sequence[PodToDelete]) -> None:
        for pod in pods:
            self.delete_pod(pod.ref, pod.uid)

    def pod_evidence(self, *_about: Any) -> Mapping[str, str]:
        return {}

    def roll_out(self, workload: Ref, *_more: Any) -> None:
        self.generation[workload.name] += 1
        self._tell(workload.kind, SHOP, workload.name)
        self._control(0.5, self._roll(workload.name))

    def _roll(self, app: str) -> Callable[[], None]:
        """Replace every pod at once, as strategy Recreate does."""

        def rolled() -> None:
            for pod in [pod for pod in self.shown.values() if pod.app == app]:
                self._remove(pod)
            self.observed[app], self.available[app] = self.generation[app], 0
            self._tell(APPS[app][0], SHOP, app)

        return rolled

    def _remove(self, pod: SimulatedPod) -> None:
        self.deleted.append(pod.name)
        pod.gone, pod.alive, pod.ready = True, False, False
        del self.shown[pod.name]
        self._pod_changed(pod)
        self._control(1, self._replace(pod))

    def _replace(self, old: SimulatedPod) -> Callable[[], None]:
        def replace() -> None:
            name = f"{old.name}x"
            now = self.clock.now()
            new = SimulatedPod(
                old.app, name, f"uid-{name}", "", State.WAITING, "ContainerCreating", ready=False, created=now
            )
            self.shown[name] = new
            self._pod_changed(new)
            self.soon(0.3, 3, self._start(new))

        return replace

    def watch(self, _interests: frozenset[Interest], changed: Callable[[Interest], None]) -> None:
        self.changed = changed

    def boot_id(self) -> str:
        return NEW

    epoch = boot_id

    def boot_time(self) -> BootTime:
        return self.wall.boot_time()

    def facts(self) -> HostFacts:
        return HostFacts()

    def ask(self, target: Target, *_who: Any, **_options: Any) -> Answer:
        pod = next((pod for pod in self.shown.values() if pod.app == "postgres" and pod.ip == target.host), None)
        if pod is None or not pod.alive:
            return Answer(ok=False, spoke=False, text="no answer in time")
        if not self.accepting:
            return Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is starting up")
        return Answer(ok=True, spoke=True, value="f")


def _snapshot(pod: SimulatedPod) -> Pod:
    """Return what the API shows of it. It is asked far more often than it changes."""
    started = pod.started if pod.state is State.RUNNING else None
    container = pod.state, pod.reason, pod.ready, pod.restarts, started
    return _parsed((pod.app, pod.name, pod.uid, pod.ip), (pod.created, pod.ready_changed), container)


@lru_cache(maxsize=1024)
def _parsed(
    who: tuple[str, str, str, str], since: tuple[float, float], shown: tuple[State, str, bool, int, float | None]
) -> Pod:
    (app, name, uid, ip), (created, ready_changed) = who, since
    state, reason, ready, restarts, started = shown
    return Pod(
        Ref("pod", SHOP, name),
        uid,
        "1",
        "Running",
        ip=ip,
        ready=ready,
        created=created,
        owner=Ref("replicaset" if APPS[app][0] == "deployment" else "statefulset", SHOP, app),
        labels={"app": app},
        containers=(Container("main", state, reason, ready=ready, restarts=restarts, started=started),),
        ready_changed=ready_changed,
    )
