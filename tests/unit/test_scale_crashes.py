"""A workload that is restarted by scaling, and a process that dies at any moment of it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from bootheal.errors import ConflictError
from bootheal.model import Budget, Container, Pod, Ref, Report, Service, State, Verdict, Workload
from bootheal.steps.restore import Restore
from bootheal.steps.workload import WorkloadStep
from support.engine import START, Bench, DictMemory, FakeClock, Watchable

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
class MortalMemory(DictMemory):
    fuse: Fuse = field(default_factory=Fuse)

    def record(self, step: str, done: Any) -> None:
        self.fuse.burn()
        super().record(step, done)
        self.fuse.burn()


class OneWorkload(Watchable):
    """A cluster of one Deployment, whose pods take two seconds to end and none to start."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock, self.fuse = clock, Fuse()
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

    def services(self, _namespace: str) -> list[Service]:
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
            self.clock.at(self.clock.now() - START + ENDING, self._end)
        self.fuse.burn()


class NoBoot:
    def boot_time(self) -> None:
        return None


def run(cluster: OneWorkload, memory: MortalMemory, at: int = 0) -> Report:
    """Run once; the process dies at that point."""
    cluster.fuse = memory.fuse = Fuse(at)
    return Bench(STEPS, clock=cluster.clock, memory=memory, cluster=cluster, host=NoBoot()).run()


def points() -> int:
    """Count the points at which a run can die."""
    clock = FakeClock()
    cluster, memory = OneWorkload(clock), MortalMemory()
    assert run(cluster, memory).verdict is Verdict.HEALED
    return memory.fuse.burnt


@pytest.mark.parametrize("memory_lost", [False, True])
def test_killed_anywhere_it_ends_with_every_replica_and_was_restarted_once(memory_lost: bool) -> None:
    """Before and after each record and each write; even if all that is left to know is in the object."""
    number = points()
    assert number == 12  # two scalings, each recorded twice, each with a before and an after
    for at in range(1, number + 1):
        clock = FakeClock()
        cluster, memory = OneWorkload(clock), MortalMemory()
        with pytest.raises(Killed):
            run(cluster, memory, at)
        report = run(cluster, MortalMemory() if memory_lost else memory)
        assert report.verdict in (Verdict.HEALED, Verdict.HEALTHY)
        assert (cluster.desired, len(cluster.alive), cluster.noted) == (REPLICAS, REPLICAS, None)
        assert len(cluster.generations) == 2, f"killed at {at}: restarted {len(cluster.generations) - 1} times"
