"""Places for restarts: they bound what is under way, and nobody can be kept waiting by one who is kept waiting."""

from typing import Any

import pytest

from bootheal.engine import Limits
from bootheal.engine.places import Places
from bootheal.model import Ending, Remembered, Verdict
from bootheal.ports import Interest
from bootheal.step import Act, Judgement, Past, Settled, Wait
from support.engine import START, Bench, Deed, Disk, Restart, Scripted

ROLLOUT = 30.0


def test_a_place_has_one_owner_until_it_is_given_back() -> None:
    """Who has one keeps it; what was given back is free, once; nobody gives back what is another's."""
    places = Places(2)
    assert [places.acquire(name) for name in ("a", "b", "a", "c")] == [True, True, True, False]
    places.release("c")
    assert places.free == 0
    places.release("a")
    places.release("a")
    assert places.free == 1
    assert places.acquire("c")
    places.clear()
    assert places.free == 2


class Apps:
    """Workloads that are restarted once and then once more whenever they fall ill; a rollout takes 30 s.

    A worker's cannot end while the one that it comes after is not well.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.since: dict[str, float] = {}
        self.ill: set[str] = set()

    def step(self, name: str, after: tuple[str, ...] = (), patience: float = 1800.0) -> Scripted:
        def judges(_: Any, past: Past) -> Judgement:
            if name in self.ill or name not in self.since:
                return Act("must", (Restart(cause=f"trouble {past.now}", name=name, does=lambda: self._restart(name)),))
            return Settled("ready") if self._ready(name, after) else Wait("rolling out")

        wakes_on = frozenset({Interest("pod", "shop", name)})
        return Scripted(name=name, after=after, patience=patience, judges=judges, wakes_on=wakes_on)

    def falls_ill(self, name: str) -> None:
        self.ill.add(name)
        self.bench.cluster.changed(Interest("pod", "shop", name))

    def _restart(self, name: str) -> None:
        self.since[name] = self.bench.clock.time
        self.ill.discard(name)

    def _ready(self, name: str, after: tuple[str, ...]) -> bool:
        well = all(other in self.since and other not in self.ill and self._ready(other, ()) for other in after)
        return well and self.bench.clock.time >= self.since[name] + ROLLOUT


@pytest.mark.parametrize("places", [1, 2, 4, 5])
@pytest.mark.parametrize("stay", [False, True])
def test_what_falls_ill_gets_the_place_of_those_that_wait_for_it(places: int, stay: bool) -> None:
    """Four workers behind one application are rolling out when it falls ill: all are well two rollouts later."""
    bench = Bench([], limits=Limits(max_parallel=places, stay=stay))
    apps = Apps(bench)
    workers = [f"worker-{number}" for number in range(4)]
    bench.steps = [apps.step("django"), *(apps.step(name, after=("django",)) for name in workers)]
    bench.clock.at(ROLLOUT + 10.0, lambda: apps.falls_ill("django"))
    report = bench.run()
    assert report.verdict is Verdict.HEALED
    assert report.seconds <= (4 / places + 3) * ROLLOUT * 1.05


def test_what_is_held_back_keeps_no_place() -> None:
    """One action waits half an hour, since it did not help in boot after boot; what is beside it is restarted now."""
    disk = Disk(Remembered(boots_in_vain={"a": {"restart": 10}}))
    bench = Bench([], disk=disk, limits=Limits(max_parallel=1))
    when: dict[str, float] = {}

    def judges(name: str) -> Any:
        deed = Restart(cause="x", name=name, does=lambda: when.update({name: bench.clock.time - START}))
        return lambda _, past: Settled("ok") if past.done else Act("must", (deed,))

    bench.steps = [Scripted(name=name, judges=judges(name)) for name in ("a", "b")]
    assert bench.run().verdict is Verdict.HEALED
    assert when == {"a": 1800.0, "b": 0.0}


def test_what_is_held_back_waits_while_others_use_the_places() -> None:
    """Its half hour begins when it is wanted, not when it would have a place."""
    disk = Disk(Remembered(boots_in_vain={"b": {"restart": 10}}))
    bench = Bench([], disk=disk, limits=Limits(max_parallel=1))
    apps = Apps(bench)
    bench.steps = [apps.step("a"), apps.step("b")]
    assert bench.run().seconds == pytest.approx(1800.0 + ROLLOUT, abs=2.0)


def test_a_wait_that_does_not_count_keeps_no_place() -> None:
    """Its patience stands still, perhaps for hours: nobody waits for that."""
    bench = Bench([], limits=Limits(max_parallel=1, deadline=7200.0))
    when: list[float] = []

    def patient(_: Any, past: Past) -> Judgement:
        return Wait("starting up (57P03)", counts=False) if past.done else Act("must", (Restart(cause="x", name="a"),))

    def judges(_: Any, past: Past) -> Judgement:
        deed = Restart(cause="x", name="b", does=lambda: when.append(bench.clock.time - START))
        return Settled("ok") if past.done else Act("must", (deed,))

    bench.steps = [Scripted(name="a", judges=patient), Scripted(name="b", judges=judges)]
    bench.run()
    assert when == [pytest.approx(0.0, abs=0.2)]


def test_a_new_epoch_frees_the_places() -> None:
    """What rolled out in the boot before will not be reported any more."""
    bench = Bench([], limits=Limits(max_parallel=1))
    boots = ["boot-1"]

    def reboot() -> None:
        boots.append("boot-2")
        bench.cluster.changed(Interest("node"))

    def first(_: Any, past: Past) -> Judgement:
        if past.epoch == "boot-2":
            return Wait("has all its patience")
        return Wait("rolling out") if past.done else Act("must", (Restart(cause="x", name="a"),))

    def second(_: Any, past: Past) -> Judgement:
        return Settled("ok") if past.done else Act("must", (Restart(cause="x", name="b"),))

    bench.clock.at(100.0, reboot)
    bench.steps = [
        Scripted(
            name="gate", judges=lambda *_: Settled("open", epoch=boots[-1]), wakes_on=frozenset({Interest("node")})
        ),
        Scripted(name="a", after=("gate",), judges=first),
        Scripted(name="b", after=("gate",), judges=second),
    ]
    outcome = bench.run().outcomes[2]
    assert outcome.ending is Ending.SETTLED
    assert outcome.ended == pytest.approx(100.0, abs=0.2)


def test_what_takes_no_place_waits_for_none() -> None:
    """An action that disturbs nobody is done while restarts queue."""
    bench = Bench([], limits=Limits(max_parallel=1))
    apps = Apps(bench)
    judges = lambda _, past: Settled("ok") if past.done else Act("must", (Deed(cause="x", name="c"),))  # noqa: E731
    bench.steps = [apps.step("a"), apps.step("b"), Scripted(name="c", judges=judges)]
    assert bench.run().outcomes[2].ended == 0.0
