"""A workload that is restarted by scaling, and a process that dies at any moment of it."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bootheal.engine import Inbox, Limits
from bootheal.errors import ConflictError
from bootheal.model import (
    Admission,
    Budget,
    Container,
    Node,
    Occurrence,
    Pod,
    Ref,
    Remembered,
    Report,
    Service,
    State,
    Verdict,
    Workload,
)
from bootheal.ports import Interest, Partial
from bootheal.step import GiveUp, Settled
from bootheal.workloads.restore import Restore
from bootheal.workloads.workload import WorkloadStep
from support.engine import START, Bench, Disk, FakeClock, Scripted, Watchable

THING = Ref("deployment", "shop", "thing")
STEPS = (
    Restore(workloads=(THING,)),
    WorkloadStep(name=str(THING), workload=THING, restart="always", strategy="scale", soak=0.0),
)
SET = Ref("replicaset", "shop", "thing-1")
REPLICAS = 3
ENDING = 2.0


class Killed(BaseException):
    """As kill -9: nothing of ours catches it."""


@dataclass
class Fuse:
    """Burns before and after everything that lasts; kills the process at number `at`, 0: never."""

    at: int = 0
    burnt: int = 0

    def burn(self) -> None:
        self.burnt += 1
        if self.burnt == self.at:
            raise Killed


@dataclass
class MortalDisk(Disk):
    fuse: Fuse = field(default_factory=Fuse)

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        new = self.lacks(remembered)
        if new:
            self.fuse.burn()
        super().save(remembered, durable=durable)
        if new:
            self.fuse.burn()


class OneWorkload(Watchable):
    """A cluster of one Deployment, whose pods take two seconds to end and none to start."""

    def __init__(self, clock: FakeClock, ending: float = ENDING) -> None:
        super().__init__()
        self.clock, self.fuse, self.ending = clock, Fuse(), ending
        self.desired, self.generation, self.cause = REPLICAS, 1, ""
        self.noted: int | None = None
        self.generations: list[list[Pod]] = []
        self.alive: list[Pod] = []
        self._start()

    def _start(self) -> None:
        born = Container("main", State.RUNNING, ready=True, started=self.clock.now())
        number = len(self.generations)
        self.alive = [
            Pod(
                Ref("pod", "shop", f"thing-{number}-{n}"),
                f"{number}-{n}",
                "1",
                "Running",
                ready=True,
                owner=SET,
                containers=(born,),
            )
            for n in range(REPLICAS)
        ]
        self.generations.append(self.alive)

    def _end(self) -> None:
        self.alive = []

    def workload(self, _ref: Ref) -> Workload:
        there = len(self.alive) if self.desired else 0
        return Workload(
            THING,
            "uid",
            str(self.generation),
            self.generation,
            self.generation,
            self.desired,
            replicas=there,
            updated=there,
            ready=there,
            available=there,
            scaled_from=self.noted,
            scaled_by=self.cause,
        )

    def pods(self, _namespace: str, _labels: Any = None) -> list[Pod]:
        return self.alive

    def unpulled(self, _namespace: str) -> list[Pod]:
        return []

    def services(self, _namespace: str) -> list[Service]:
        return []

    def admission(self, _namespace: str) -> Admission:
        return Admission()

    def nodes(self) -> list[Node]:
        return []

    def occurrences(self, _about: Ref) -> list[Occurrence]:
        return []

    def budgets(self, _namespace: str) -> list[Budget]:
        return []

    def scale(self, _ref: Ref, version: str, replicas: int, *, was: int | None, cause: str = "") -> None:
        self.fuse.burn()
        if version != str(self.generation):
            raise ConflictError("cannot change it")
        self.generation += 1
        self.desired, self.noted, self.cause = replicas, was, cause or self.cause
        if replicas:
            assert not self.alive, "scaled back while old pods were still there"
            self._start()
        else:
            self.clock.at(self.clock.now() - START + self.ending, self._end)
        self.fuse.burn()


class NoBoot(Partial):
    def boot_time(self) -> None:
        return None


def run(cluster: OneWorkload, disk: MortalDisk, at: int = 0) -> Report:
    """Run once; the process dies at that point."""
    cluster.fuse = disk.fuse = Fuse(at)
    return Bench(STEPS, clock=cluster.clock, disk=disk, cluster=cluster, host=NoBoot()).run()


def points() -> int:
    """Count the points at which a run can die."""
    clock = FakeClock()
    cluster, disk = OneWorkload(clock), MortalDisk()
    assert run(cluster, disk).verdict is Verdict.HEALED
    return disk.fuse.burnt


@pytest.mark.parametrize("memory_lost", [False, True])
def test_killed_anywhere_it_ends_with_every_replica_and_was_restarted_once(memory_lost: bool) -> None:
    """Before and after each record and each write; even if all that is left to know is in the object."""
    number = points()
    assert number == 12  # two scalings, each recorded twice, each with a before and an after
    for at in range(1, number + 1):
        clock = FakeClock()
        cluster, disk = OneWorkload(clock), MortalDisk()
        with pytest.raises(Killed):
            run(cluster, disk, at)
        report = run(cluster, MortalDisk() if memory_lost else disk)
        assert report.verdict in (Verdict.HEALED, Verdict.HEALTHY)
        assert (cluster.desired, len(cluster.alive), cluster.noted) == (REPLICAS, REPLICAS, None)
        assert len(cluster.generations) == 2, f"killed at {at}: restarted {len(cluster.generations) - 1} times"


@pytest.mark.parametrize("after", [0.01, 0.5, 1.0, 1.9, 2.0, 2.01])
def test_stopped_at_any_moment_it_leaves_nothing_at_zero(after: float) -> None:
    """SIGTERM while its pods end: they are waited for, the replicas are given back, and the report is a partial one."""
    bench = scaling()
    bench.clock.at(after, bench.inbox.stop)
    report = bench.run()
    assert report.verdict in (Verdict.INTERRUPTED, Verdict.HEALED)
    assert serves(bench.cluster)
    assert [done.result for done in report.actions()] == ["done", "done"]


def test_the_deadline_leaves_nothing_at_zero() -> None:
    """The pass is over, what it began is not."""
    bench = scaling(limits=Limits(deadline=1.0))
    assert bench.run().verdict is Verdict.NOT_HEALED
    assert serves(bench.cluster)


@pytest.mark.parametrize("stay", [False, True])
def test_what_it_comes_after_fails_and_it_is_not_left_at_zero(stay: bool) -> None:
    """It was begun when that served; nobody would touch it any more."""
    bench = scaling(after=("db",), limits=Limits(stay=stay))
    database = Scripted(
        name="db",
        sees=lambda: bench.clock.time > START + 0.5,
        judges=lambda lost, _: GiveUp("is lost") if lost else Settled("serves"),
        wakes_on=frozenset({Interest("pod", "db")}),
    )
    bench.steps = (database, *bench.steps)
    bench.clock.at(1.0, lambda: bench.cluster.changed(Interest("pod", "db")))
    assert bench.run().verdict is Verdict.NOT_HEALED
    assert serves(bench.cluster)


def test_pods_that_do_not_end_are_not_waited_for_for_ever() -> None:
    """Systemd would kill us: the report says what is left, and the next run gives the replicas back."""
    bench = scaling(ending=1000.0)
    bench.clock.at(1.0, bench.inbox.stop)
    report = bench.run()
    assert report.seconds == pytest.approx(41.0, abs=0.1)
    assert report.outcomes[-1].why == "scaled to zero: 3 of its pods have yet to end"
    bench.inbox = Inbox()
    bench.cluster._end()
    assert bench.run().verdict is Verdict.HEALED
    assert serves(bench.cluster)


def test_a_second_stop_ends_at_once() -> None:
    """Whoever presses Ctrl-C twice means it."""
    bench = scaling()
    bench.clock.at(1.0, bench.inbox.stop)
    bench.clock.at(1.2, bench.inbox.stop)
    assert bench.run().seconds == pytest.approx(1.2)


def scaling(*, ending: float = ENDING, after: tuple[str, ...] = (), limits: Limits | None = None) -> Bench:
    clock = FakeClock()
    cluster = OneWorkload(clock, ending)
    steps = (STEPS[0], replace(STEPS[1], after=after))
    return Bench(steps, clock=clock, disk=MortalDisk(), cluster=cluster, host=NoBoot(), limits=limits or Limits())


def serves(cluster: Any) -> bool:
    """Whether it is as it was, and was restarted once."""
    return (cluster.desired, len(cluster.alive), cluster.noted, len(cluster.generations)) == (
        REPLICAS,
        REPLICAS,
        None,
        2,
    )
