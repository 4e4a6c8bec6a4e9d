"""A cluster as its API server has it ten minutes after a boot, and what a whole pass makes of it on a clock that jumps.

The objects are raw, and read by the adapters over HTTP; they stay as they are, whatever is done.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.errors import error_for
from bootheal.adapters.scope import Scope
from bootheal.config import load
from bootheal.diagnosis import diagnose
from bootheal.engine import Engine, Inbox, Limits, Recorder
from bootheal.model import (
    Answer,
    BootTime,
    Credentials,
    HostFacts,
    Login,
    Outcome,
    PodToDelete,
    Ref,
    Secret,
    Target,
)
from bootheal.ports import Interest, Partial, World
from support.engine import START, FakeClock, FakeStore, InlineWorkers
from support.healthy import BOOT_ID, Box, Json
from support.served import Served, path_of

AFTER, DEADLINE = 60.0, 420.0
"""In seconds: when a pass begins after the boot, and how long it may take."""

LEADS, FOLLOWS = Answer(ok=True, spoke=True, value="f"), Answer(ok=True, spoke=True, value="t")
REFUSED = Answer(ok=False, spoke=False, text="connection refused")
STARTING = Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is starting up")
SINCE = BootTime.since(START)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What there is, and what a careful person would say of it.

    `declared` is the configuration; `servers` what each database's pod answers, by its name; `logs` what containers
    say; `then` what there is later, so many seconds after the boot, and who answers what. `ends` is how the last step
    ends, `says` what must be told of it or beside it, `never` what must not; `deeds` are all that may be done. `roots`
    are the objects, or causes, that doctor names an hour after the boot; None: none where all is well, else it is not
    asked.
    """

    objects: Callable[[Box], Iterable[Json]]
    declared: str
    ends: str
    says: Sequence[str] = ()
    never: Sequence[str] = ()
    deeds: frozenset[str] = frozenset()
    then: Sequence[tuple[float, Callable[[Box], Iterable[Json]], Mapping[str, Answer]]] = ()
    servers: Mapping[str, Answer] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)
    roots: Sequence[str] | None = None


@dataclass
class Seen:
    """What came of a pass."""

    outcomes: Mapping[str, Outcome]
    deeds: set[str]
    asked: set[str]
    roots: list[str]

    @property
    def last(self) -> Outcome:
        return [*self.outcomes.values()][-1]

    @property
    def told(self) -> str:
        return "\n".join(
            " | ".join((name, str(each.ending), each.why, each.hint, *each.remarks))
            for name, each in self.outcomes.items()
        )


@dataclass
class Surroundings(Partial):
    """The host, the servers, and whoever is told to change anything: it is only noted."""

    situation: Situation
    server: Served
    clock: FakeClock
    servers: Mapping[str, Answer]
    deeds: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)

    def boot_id(self) -> str:
        return BOOT_ID

    def epoch(self) -> str:
        return BOOT_ID

    def boot_time(self) -> BootTime:
        return SINCE

    def facts(self) -> HostFacts:
        return HostFacts()

    def directory(self, *_about: Any) -> Any:
        return ""

    def watch(self, interests: frozenset[Interest], changed: Callable[[Interest], None]) -> None:
        """Nothing changes."""

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials("postgres", Secret("x"))

    def ask(self, target: Target, *_who: Any, **_options: Any) -> Answer:
        name = target.pod.name if target.pod else target.host
        self.asked.add(f"{name}:{target.port}")
        return self.servers.get(name, REFUSED)

    def tcp(self, target: Target, timeout: float, **_options: Any) -> Answer:
        return Answer(ok=True, spoke=True)

    def log_tail(self, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
        return self.situation.logs.get(pod.name, "")

    def pod_evidence(self, *_about: Any) -> Mapping[str, str]:
        return {}

    def delete_pod(self, pod: Ref, uid: str, version: str = "", *, force: bool = False) -> None:
        self.deeds.add(f"{'force' if force else 'delete'} {pod.name}")
        self._replace(pod)

    def delete_pods(self, pods: Sequence[PodToDelete]) -> None:
        for each in pods:
            self.delete_pod(each.ref, each.uid)

    def _replace(self, pod: Ref) -> None:
        """Its successor has the same name, and fails as it did."""
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
        if self.server.objects[path]["status"]["phase"] == "Failed":
            del self.server.objects[path]
            return
        now = f"{datetime.fromtimestamp(self.clock.now(), UTC):%Y-%m-%dT%H:%M:%SZ}"
        self.server.objects[path] = _later(self.server.objects[path], now)
        metadata = self.server.objects[path]["metadata"]
        metadata |= {"uid": f"{metadata['uid']}+", "creationTimestamp": now}

    def roll_out(self, workload: Ref, *_more: Any) -> None:
        self.deeds.add(f"roll out {workload.name}")

    def scale(self, workload: Ref, version: str, replicas: int, **_more: Any) -> None:
        self.deeds.add(f"scale {workload.name} to {replicas}")

    def request_reconciliation(self, what: Ref, at: float) -> None:
        self.deeds.add(f"reconcile {what.name}")

    def release(self, lease: Ref, version: str) -> None:
        self.deeds.add(f"release {lease.name}")

    def uncordon(self, node: str, version: str) -> None:
        self.deeds.add(f"uncordon {node}")


class Answering(Api):
    """An API server in this process: what it says is parsed as if it had come over a wire."""

    def __init__(self, served: Served, scope: Scope) -> None:
        super().__init__(Partial(), scope)
        self.served = served

    def get(self, path: str, query: Any = (), *, about: str) -> Any:
        status, said = self.served.answer("GET", path)
        if status != 200:
            raise error_for(status, about)
        return json.loads(json.dumps(said))

    def text(self, path: str, query: Any = (), *, about: str, timeout: float = 0) -> tuple[int, str]:
        status, said = self.served.answer("GET", path)
        return status, said if isinstance(said, str) else json.dumps(said)

    def write(self, method: str, path: str, body: Any, *, about: str, content_type: str = "") -> Any:
        assert "/selfsubject" in path, "who changes anything is `Surroundings`"
        every = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        return {
            **body,
            "status": {"allowed": True, "resourceRules": [every], "nonResourceRules": [], "incomplete": False},
        }


def _later(each: Any, now: str) -> Any:
    """Return an object all of whose moments are now."""
    if isinstance(each, dict):
        return {key: now if str(key).endswith(("At", "Time")) else _later(value, now) for key, value in each.items()}
    return [_later(one, now) for one in each] if isinstance(each, list) else each


def box() -> Box:
    return Box("box", START)


def seen(situation: Situation, directory: Path) -> Seen:
    """Let a pass be made, and doctor look."""
    clock = FakeClock()
    clock.time = START + AFTER
    file = directory / "bootheal.yaml"
    file.write_text(situation.declared)
    it, server = box(), Served(directory / "kubeconfig")
    around = Surroundings(situation, server, clock, situation.servers)

    def become(objects: Callable[[Box], Iterable[Json]], servers: Mapping[str, Answer]) -> None:
        server.objects = {path_of(each): each for each in (*it.node(), *objects(it))}
        around.servers = servers

    become(situation.objects, situation.servers)
    for after, objects, servers in situation.then:
        clock.at(after, partial(become, objects, servers))
    with Scope(lambda _remark: None) as scope:
        server.now = lambda: datetime.fromtimestamp(clock.now(), UTC)
        cluster = KubeCluster(Answering(server, scope))
        world = World(
            cluster=cluster.reader,
            pod_access=around,
            secrets=around,
            writer=around,
            watcher=around,
            host=around,
            postgres=around,
            web=around,
        )
        engine = Engine(
            load(file).plan,
            world,
            clock=clock,
            workers=InlineWorkers(),
            memory=Recorder(FakeStore(), clock),
            tell=lambda _event: None,
            inbox=Inbox(),
            limits=Limits(deadline=DEADLINE),
        )
        report = engine.run("old-boot")
        clock.time = START + 3600
        scene = replace(cluster.scenes.scene(), now=clock.now(), boot_id=BOOT_ID, boot_time=SINCE)
        found = diagnose(scene)
    roots = [f"{each.id} {each.about}" for each in (*found.found, *found.passing)]
    return Seen({each.step: each for each in report.outcomes}, around.deeds, around.asked, roots)


DATABASE = """\
databases:
  db: {namespace: shop, service: SERVICE, dbname: shop, admin: {secret: admin}}
"""


def declared(service: str, selector: str = "") -> str:
    """Return the configuration of a database behind a Service, or with labels."""
    which = f"selector: {selector}" if selector else f"service: {service}"
    return DATABASE.replace("service: SERVICE", which)
