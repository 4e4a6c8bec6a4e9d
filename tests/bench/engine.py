"""Part (a): how near the engine comes to the longest path through a graph, on the real clock.

The engine, its clock, its threads and its state file are the real ones. The workloads are
simulated: once started, each is ready after a time that is known beforehand.
"""

import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.row import CannotMeasureError, Row
from bootheal.adapters.clock import SystemClock, ThreadWorkers
from bootheal.adapters.scope import Scope
from bootheal.adapters.state import StateFile
from bootheal.engine import Engine, Inbox, Limits, Recorder
from bootheal.engine.plan import arrange
from bootheal.model import Ref, Verdict
from bootheal.ports import Interest, World
from bootheal.step import Act, Action, Judgement, Past, Settled, Step, Wait
from support.engine import Facts, Watchable

PART = "engine: 200 simulated workloads, total time over the longest path"
WORKLOADS, LAYERS, LONGEST_PATH = 200, 8, 9.0
SHORTEST, LONGEST = 0.05, 2.0
PODS = Interest("pod", "shop")


@dataclass(frozen=True, slots=True)
class Workload:
    """A node of the graph: `seconds` from its start until it is ready."""

    name: str
    after: tuple[str, ...]
    seconds: float


def graph(workloads: int = WORKLOADS, layers: int = LAYERS, longest: float = LONGEST_PATH) -> list[Workload]:
    """Draw a layered graph, the same each time, scaled so that its longest path takes `longest` seconds."""
    source = random.Random(200)  # noqa: S311 - a fixed graph, not cryptography
    drawn: list[list[Workload]] = []
    for layer in range(layers):
        size = workloads * (layer + 1) // layers - workloads * layer // layers
        before = [workload.name for workload in drawn[-1]] if drawn else []
        names = [f"deployment/shop/app-{layer}-{number}" for number in range(size)]
        drawn.append([Workload(name, _after(before, source), source.uniform(SHORTEST, LONGEST)) for name in names])
    flat = [workload for layer_drawn in drawn for workload in layer_drawn]
    scale = longest / longest_path(flat)
    return [Workload(workload.name, workload.after, workload.seconds * scale) for workload in flat]


def _after(before: list[str], source: random.Random) -> tuple[str, ...]:
    return tuple(sorted(source.sample(before, min(len(before), source.randint(1, 3)))))


def longest_path(workloads: list[Workload]) -> float:
    """Return the seconds that no engine can beat; each workload must follow what it comes after."""
    ready: dict[str, float] = {}
    for workload in workloads:
        ready[workload.name] = workload.seconds + max((ready[name] for name in workload.after), default=0.0)
    return max(ready.values())


@dataclass
class SimulatedCluster(Watchable):
    """Knows when each workload was started; `tells` of changes as a watch would, or leaves it to polling."""

    tells: bool
    started: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def start(self, workload: Workload) -> None:
        """Start it; it will be ready by itself."""
        self.started[workload.name] = time.monotonic()
        if self.tells:
            self.changed(PODS)
            timer = threading.Timer(workload.seconds, self.changed, [PODS])
            timer.daemon = True
            timer.start()

    def age(self, workload: Workload) -> float | None:
        """Return the seconds since its start, None before."""
        began = self.started.get(workload.name)
        return None if began is None else time.monotonic() - began


@dataclass(frozen=True, kw_only=True)
class Start(Action):
    """Start a simulated workload."""

    workload: Workload

    @property
    def about(self) -> Ref:
        """The Deployment."""
        return Ref("deployment", "shop", self.workload.name)

    @property
    def sentence(self) -> str:
        """Name it."""
        return f"start {self.workload.name}"

    def apply(self, world: World) -> None:
        """Start it."""
        _simulated(world).start(self.workload)


@dataclass(frozen=True, kw_only=True)
class Simulated(Step[Facts]):
    """Starts a simulated workload once all it comes after is ready, then waits for it."""

    workload: Workload

    def interests(self) -> frozenset[Interest]:
        """All workloads live in one namespace, so that each change wakes all of them."""
        return frozenset({PODS})

    def look(self, world: World) -> Facts:
        """See how long it has been running."""
        return Facts(_simulated(world).age(self.workload))

    def judge(self, seen: Facts, past: Past) -> Judgement:
        """Start, wait, settle."""
        if seen.value is None:
            return Act("not started", (Start(cause="after a reboot", workload=self.workload),))
        return Settled("ready") if seen.value >= self.workload.seconds else Wait("starting")


def _simulated(world: World) -> SimulatedCluster:
    assert isinstance(world.cluster, SimulatedCluster)
    return world.cluster


def run(workloads: list[Workload], directory: Path, *, tells: bool) -> tuple[float, float]:
    """Let an engine bring all workloads up; return the seconds it took, and those of processor time."""
    cluster = SimulatedCluster(tells)
    world = World(cluster=cluster, watcher=cluster)
    clock, scope = SystemClock(), Scope(sys.exit)
    memory = Recorder(StateFile(directory), clock)
    engine = Engine(
        arrange(Simulated(name=item.name, after=item.after, workload=item) for item in workloads),
        world,
        clock=clock,
        workers=ThreadWorkers(scope),
        memory=memory,
        tell=memory.progress,
        inbox=Inbox(),
        limits=Limits(deadline=120.0, max_parallel=len(workloads)),
    )
    busy = time.process_time()
    with scope, memory.hold():
        report = engine.run("bench")
    if report.verdict is not Verdict.HEALED:
        raise CannotMeasureError(f"cannot measure the engine: its run ended {report.verdict.value}")
    return report.seconds, time.process_time() - busy


def measure(workloads: list[Workload] | None = None) -> Iterator[Row]:
    """Yield the rows: woken by watch events, as workloads are, and by polling alone, as while a watch is broken."""
    workloads = workloads or graph()
    path = longest_path(workloads)
    for tells, how in ((True, "woken by watch events"), (False, "woken by polling alone")):
        with TemporaryDirectory() as directory:
            seconds, busy = run(workloads, Path(directory), tells=tells)
        # Polling is for while a watch is broken: 0.1 s and 2 % late at each of the path's steps by design.
        yield Row(PART, how, seconds, "s", path, "longest path", most_ratio=1.05 if tells else None)
        yield Row(PART, f"{how}, processor time", busy, "s", seconds, "run")
