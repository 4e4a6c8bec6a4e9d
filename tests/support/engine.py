"""The engine's surroundings without time, threads or disk."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue
from typing import Any

from bootheal.engine import Engine, Inbox, Limits
from bootheal.engine.plan import arrange
from bootheal.model import ActionRecord, Event, Ref, Report
from bootheal.ports import Interest, Workers, World
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
class DictMemory:
    """Memory in a dict; it survives the engine, as the disk survives the process."""

    epoch: str = ""
    seen: dict[str, dict[str, float]] = field(default_factory=dict)
    records: dict[str, list[ActionRecord]] = field(default_factory=dict)
    good: dict[str, dict[str, str]] = field(default_factory=dict)
    incidents: dict[str, int] = field(default_factory=dict)
    vain: Counter[tuple[str, str]] = field(default_factory=Counter)

    def enter(self, epoch: str) -> None:
        if epoch != self.epoch:
            for step, records in self.records.items():
                kinds = {done.action for done in records if not done.failed and done.incident == self.incident(step)}
                self.vain.update((step, kind) for kind in kinds)
            self.epoch, self.seen, self.records, self.incidents = epoch, {}, {}, {}

    def observe(self, step: str, conditions: frozenset[str], now: float) -> Mapping[str, float]:
        before = self.seen.get(step, {})
        self.seen[step] = {condition: before.get(condition, now) for condition in conditions}
        return dict(self.seen[step])

    def done(self, step: str) -> tuple[ActionRecord, ...]:
        return tuple(self.records.get(step, ()))

    def record(self, step: str, done: ActionRecord) -> None:
        self.records.setdefault(step, [])[done.number : done.number + 1] = [done]

    def incident(self, step: str) -> int:
        return self.incidents.get(step, 0)

    def close_incident(self, step: str) -> None:
        if any(done.incident == self.incident(step) for done in self.done(step)):
            self.incidents[step] = self.incident(step) + 1
        self.vain = Counter({key: count for key, count in self.vain.items() if key[0] != step})

    def boots_in_vain(self, step: str, action: str) -> int:
        return self.vain[step, action]

    def set_baseline(self, step: str, facts: Mapping[str, str]) -> None:
        self.good[step] = dict(facts)

    def baseline(self, step: str) -> Mapping[str, str]:
        return dict(self.good.get(step, {}))


class Watchable:
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


@dataclass
class Bench:
    """One engine run, set up by keyword."""

    steps: Iterable[Step[Any]]
    clock: FakeClock = field(default_factory=FakeClock)
    memory: DictMemory = field(default_factory=DictMemory)
    cluster: Watchable = field(default_factory=Watchable)
    host: Any = None
    inbox: Inbox = field(default_factory=Inbox)
    limits: Limits = field(default_factory=Limits)
    workers: Workers = field(default_factory=InlineWorkers)
    events: list[Event] = field(default_factory=list)

    def run(self, epoch: str = "boot-1") -> Report:
        return self.engine().run(epoch)

    def engine(self, **options: Any) -> Engine:
        world = World(cluster=self.cluster, host=self.host, postgres=None, pooler=None, web=None)  # type: ignore[arg-type]
        return Engine(
            arrange(self.steps),
            world,
            clock=self.clock,
            workers=self.workers,
            memory=self.memory,
            tell=self.events.append,
            inbox=self.inbox,
            limits=self.limits,
            **options,
        )
