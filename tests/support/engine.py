"""The engine's surroundings without time, threads or disk."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue
from typing import Any

from bootheal.engine import Engine, Inbox, Limits, Recorder
from bootheal.engine.plan import arrange
from bootheal.errors import LockedError
from bootheal.model import ActionRecord, Event, Ref, Remembered, Report
from bootheal.model.quoted import visible
from bootheal.ports import Host, Interest, Partial, Workers, World
from bootheal.step import Action, Judgement, Past, Settled, Step

START = 1_000_000.0


class FakeClock:
    """Time that stands still but for `receive`, which jumps to whatever comes next."""

    def __init__(self) -> None:
        self.time = START
        self.jumped = 0.0  # by how much somebody has set the wall clock
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def now(self) -> float:
        return self.time + self.jumped

    def monotonic(self) -> float:
        return self.time

    def at(self, moment: float, happen: Callable[[], None]) -> None:
        """Let something happen in the simulated world, `moment` seconds after the start."""
        heapq.heappush(self._coming, (START + moment, next(self._order), happen))

    def receive(self, inbox: SimpleQueue[Any], timeout: float | None) -> Any:
        until = float("inf") if timeout is None else self.time + timeout
        while inbox.empty():
            if not self._coming or self._coming[0][0] > until:
                self.time = max(self.time, until)
                return None
            moment, _, happen = heapq.heappop(self._coming)
            self.time = max(self.time, moment)
            happen()
        return inbox.get()


class InlineWorkers:
    """Looks that take no time."""

    def start(self, call: Callable[[], None]) -> None:
        call()


@dataclass
class SlowWorkers:
    """Looks that take `seconds` each."""

    clock: FakeClock
    seconds: float

    def start(self, call: Callable[[], None]) -> None:
        self.clock.at(self.clock.time - START + self.seconds, call)


class LostWorkers:
    """Looks that never come back."""

    def start(self, call: Callable[[], None]) -> None:
        pass


@dataclass
class Disk:
    """What is kept, and whether a process holds the lock; it survives the engine."""

    kept: Remembered | None = None
    locked: bool = False
    saves: int = 0

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        self.kept, self.saves = remembered, self.saves + 1

    def lacks(self, remembered: Remembered) -> bool:
        """Tell whether a record is to be saved, rather than what may be a second late."""
        records = self.records
        return any(memory.done != records.get(name, ()) for name, memory in remembered.steps.items())

    @property
    def records(self) -> dict[str, tuple[ActionRecord, ...]]:
        return {name: memory.done for name, memory in self.kept.steps.items()} if self.kept else {}


@dataclass
class FakeStore:
    """One process' way to what is kept: no file, and what is saved never needs the disk."""

    disk: Disk = field(default_factory=Disk)
    remark: str = ""
    known: Remembered | None = None

    @contextmanager
    def hold(self) -> Iterator[None]:
        if self.disk.locked:
            raise LockedError("another pass is under way (holder unknown)")
        self.disk.locked = True
        try:
            yield
        finally:
            self.disk.locked = False

    def load(self) -> Remembered | None:
        if self.disk.kept is self.known:
            return None
        self.known = self.disk.kept
        return self.known

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        self.disk.save(remembered, durable=durable)
        self.known = remembered


class Watchable(Partial):
    """A cluster of which only `watch` is there: tests say when something changes."""

    def __init__(self) -> None:
        self.changed: Callable[[Interest], None] = lambda _: None

    def watch(self, interests: frozenset[Interest], changed: Callable[[Interest], None]) -> None:
        self.changed = changed


@dataclass(frozen=True)
class Facts:
    """What a scripted step sees."""

    value: Any = None
    conditions: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Scripted(Step[Facts]):
    """A step whose look and judgement are given by the test."""

    sees: Callable[[], Any] = lambda: None
    judges: Callable[[Any, Past], Judgement] = lambda _value, _past: Settled("ok")
    wakes_on: frozenset[Interest] = frozenset()
    holds: frozenset[str] = frozenset()
    nodes: Callable[[], frozenset[str] | None] = lambda: None

    def lives_on(self, seen: Facts) -> frozenset[str] | None:
        return self.nodes()

    def interests(self) -> frozenset[Interest]:
        return self.wakes_on

    def look(self, world: World) -> Facts:
        return Facts(self.sees(), self.holds)

    def judge(self, seen: Facts, past: Past) -> Judgement:
        return self.judges(seen.value, past)


@dataclass(frozen=True, kw_only=True)
class Deed(Action):
    """An action that calls back."""

    does: Callable[[], None] = lambda: None
    name: str = "thing"

    @property
    def about(self) -> Ref:
        return Ref("thing", "test", self.name)

    @property
    def sentence(self) -> str:
        return f"change {self.name}"

    def apply(self, world: World) -> None:
        self.does()


@dataclass(frozen=True, kw_only=True)
class Restart(Deed):
    """A deed that takes one of the places."""

    disruptive = True


@dataclass(frozen=True, kw_only=True)
class Unbounded(Deed):
    """A deed that may be repeated for ever."""

    bounded = False


@dataclass(frozen=True, kw_only=True)
class Apart(Deed):
    """A deed that needs none of those beside it."""

    apart = True


@dataclass
class Bench:
    """One engine run, set up by keyword."""

    steps: Iterable[Step[Any]]
    clock: FakeClock = field(default_factory=FakeClock)
    disk: Disk = field(default_factory=Disk)
    cluster: Watchable = field(default_factory=Watchable)
    host: Host = field(default_factory=Partial)
    inbox: Inbox = field(default_factory=Inbox)
    limits: Limits = field(default_factory=Limits)
    workers: Workers = field(default_factory=InlineWorkers)
    events: list[Event] = field(default_factory=list)
    told: Callable[[str], str] = visible

    def __post_init__(self) -> None:
        self.memory = Recorder(FakeStore(self.disk), self.clock)
        self.memory.load()

    def run(self, epoch: str = "boot-1") -> Report:
        """Make one pass as a process does: under the lock, and with its report on the disk."""
        with self.memory.hold():
            report = self.engine().run(epoch)
            self.memory.finish(report)
        return report

    def _tell(self, event: Event) -> None:
        self.memory.progress(event)
        self.events.append(event)

    def engine(self, **options: Any) -> Engine:
        world = World(cluster=self.cluster, writer=self.cluster, watcher=self.cluster, host=self.host, told=self.told)
        return Engine(
            arrange(self.steps),
            world,
            clock=self.clock,
            workers=self.workers,
            memory=self.memory,
            tell=self._tell,
            inbox=self.inbox,
            limits=self.limits,
            **options,
        )
