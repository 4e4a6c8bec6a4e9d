"""The process dies at any moment; the next one, with what was on disk, finishes what was begun."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from bootheal.engine import Limits
from bootheal.model import Event, EventKind, Remembered, Verdict
from bootheal.step import Act, Judgement, Past, Settled, Wait
from support.engine import START, Bench, Disk, FakeClock, Restart, Scripted
from support.thorough import every, times

WORKLOADS = 30
RANDOM_POINTS = 100
AT_A_TIME = 50


class Killed(BaseException):
    """As kill -9: nothing of ours catches it."""


@dataclass
class Fuse:
    """Burns at each point of a run at which a process can die; kills it at point number `at`, 0: never."""

    at: int = 0
    points: int = 0
    boundaries: list[int] = field(default_factory=list)

    def burn(self, *, boundary: bool = False) -> None:
        self.points += 1
        if boundary:
            self.boundaries.append(self.points)
        if self.points == self.at:
            raise Killed


@dataclass
class MortalClock(FakeClock):
    """The process may die wherever the loop waits."""

    fuse: Fuse = field(default_factory=Fuse)

    def __post_init__(self) -> None:
        super().__init__()

    def receive(self, inbox: Any, timeout: float | None) -> Any:
        self.fuse.burn()
        return super().receive(inbox, timeout)


@dataclass
class MortalDisk(Disk):
    """The process may die before and after something reaches the disk."""

    fuse: Fuse = field(default_factory=Fuse)

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        new = self.lacks(remembered)
        self.fuse.burn(boundary=new)
        super().save(remembered, durable=durable)
        self.fuse.burn(boundary=new)


@dataclass
class Cluster:
    """What outlives every process: which boot each workload was last restarted in, and since when it runs."""

    marks: dict[str, str] = field(default_factory=dict)
    restarted: dict[str, float] = field(default_factory=dict)
    restarts: Counter[str] = field(default_factory=Counter)

    def restart(self, name: str, mark: str, now: float) -> None:
        self.marks[name], self.restarted[name] = mark, now
        self.restarts[name] += 1


class Recovery:
    """Thirty workloads in five layers, all of which a boot makes necessary to restart, each once."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.disk = MortalDisk()
        self.time = START

    def life(self, fuse: Fuse) -> Verdict | None:
        """One process' life. None: it was killed."""
        clock = MortalClock(fuse=fuse)
        clock.time = self.time
        self.disk.fuse = fuse
        bench = Bench([], clock=clock, disk=self.disk, limits=Limits(max_parallel=6))
        bench.events = Listener(fuse)
        if isinstance(fuse, Polite):
            fuse.inbox = bench.inbox
        bench.steps = [self._step(number, clock) for number in range(WORKLOADS)]
        try:
            return bench.run().verdict
        except Killed:
            return None
        finally:
            self.time = clock.time

    def _step(self, number: int, clock: FakeClock) -> Scripted:
        name, layer = f"w{number}", number // 6
        after = tuple(f"w{before}" for before in ((layer - 1) * 6 + number % 6, (layer - 1) * 6 + (number + 1) % 6))

        def judges(_: Any, past: Past) -> Judgement:
            if self.cluster.marks.get(name) != past.epoch:
                does = lambda: self.cluster.restart(name, past.epoch, clock.time)  # noqa: E731
                return Act("not restarted in this boot", (Restart(cause="boot", name=name, does=does),))
            left = self.cluster.restarted[name] + 1 + number % 4 - clock.time
            return Wait("rolling out", again=left) if left > 0 else Settled("ready")

        return Scripted(name=name, after=after if layer else (), judges=judges)


class Listener(list[Event]):
    """Hears events; the process may die while it tells one."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    def append(self, event: Event) -> None:
        self._fuse.burn(boundary=event.kind in (EventKind.ACTING, EventKind.ACTED))


@dataclass
class Polite(Fuse):
    """Burns the same way, but sends a Stop instead of killing: a signal that arrives at that very moment."""

    inbox: Any = None

    def burn(self, *, boundary: bool = False) -> None:
        try:
            super().burn(boundary=boundary)
        except Killed:
            self.inbox.stop()


def uninterrupted() -> Fuse:
    fuse = Fuse()
    assert Recovery().life(fuse) is Verdict.HEALED
    return fuse


def kill_and_go_on(*points: int) -> None:
    """Kill process after process, each at its point; the last one must heal, and nothing be restarted twice."""
    recovery = Recovery()
    for point in points:
        assert recovery.life(Fuse(point)) in (None, Verdict.HEALED, Verdict.HEALTHY)
    assert recovery.life(Fuse()) in (Verdict.HEALED, Verdict.HEALTHY)
    assert recovery.cluster.restarts == {f"w{number}": 1 for number in range(WORKLOADS)}


def test_killed_at_every_boundary_of_an_action() -> None:
    """Before and after the intent is on disk, before and after the change, before and after its result is."""
    boundaries = uninterrupted().boundaries
    assert len(boundaries) == 6 * WORKLOADS
    for point in boundaries[:: every(11)]:  # by day an eleventh of them, but each of the six kinds
        kill_and_go_on(point)


@pytest.mark.parametrize("seed", range(times(RANDOM_POINTS) // AT_A_TIME))
def test_killed_at_random_points(seed: int) -> None:
    """Wherever it is, and up to three times in a row; some at a time."""
    source = random.Random(seed)  # noqa: S311 - the same points each time, not cryptography
    last = uninterrupted().points
    left = AT_A_TIME
    while left > 0:
        points = [source.randint(1, last) for _ in range(min(left, source.randint(1, 3)))]
        kill_and_go_on(*points)
        left -= len(points)


def test_stopped_at_every_moment() -> None:
    """SIGTERM wherever it may come: nothing is left half recorded, the report is a partial one, the next run heals."""
    whole = uninterrupted()
    for point in range(1 + every(15) // 2, whole.points + 1, every(15)):
        recovery = Recovery()
        verdict = recovery.life(Polite(point))
        assert verdict in (Verdict.INTERRUPTED, Verdict.HEALED)
        assert {done.result for records in recovery.disk.records.values() for done in records} <= {"done"}
        if verdict is Verdict.INTERRUPTED:
            assert recovery.life(Fuse()) in (Verdict.HEALED, Verdict.HEALTHY)
        assert recovery.cluster.restarts == {f"w{number}": 1 for number in range(WORKLOADS)}
