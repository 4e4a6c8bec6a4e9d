"""How often the engine asks, how long one turn of it takes, and that a pass ends although the world never rests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest

from bootheal.backoff import MOST_FAILURES
from bootheal.engine import Limits
from bootheal.engine.messages import Changed
from bootheal.model import EventKind, Verdict
from bootheal.ports import Interest, World
from bootheal.step import Act, Action, Judgement, Past, Settled, Wait
from support.engine import START, Bench, Deed, Scripted, SlowWorkers

PODS = Interest("pod", "shop")


RECOVERS = Wait("starting up (57P03)")


@pytest.mark.parametrize("wait", [RECOVERS, replace(RECOVERS, counts=False), replace(RECOVERS, watched=True)], ids=str)
def test_a_long_wait_is_cheap_whatever_is_waited_for(wait: Wait) -> None:
    """Fifty minutes of crash recovery are asked about some eight hundred times, and its end is seen 5 s later."""
    bench = Bench([])
    looks: list[float] = []

    def judges(_: Any, _past: Past) -> Judgement:
        looks.append(bench.clock.time - START)
        return Settled("serves") if looks[-1] >= 3000.0 else wait

    bench.steps = [Scripted(name="db", patience=3600.0, judges=judges)]
    assert bench.run().seconds <= 3006.0
    assert len(looks) <= 850
    assert not wait.watched or sum(look < 20.0 for look in looks) <= 50, "a watch tells of it"


def test_after_something_was_done_the_answer_is_awaited_promptly() -> None:
    """However long was waited before: what is waited for now is another thing."""
    bench = Bench([])
    done: list[float] = []

    def judges(_: Any, past: Past) -> Judgement:
        now = bench.clock.time - START
        if now < 3000.0:
            return Wait("starting up (57P03)", counts=False)
        if not past.done:
            return Act("must", (Deed(cause="x", does=lambda: done.append(now)),))
        return Settled("ok") if now >= done[0] + 1.0 else Wait("not yet")

    bench.steps = [Scripted(name="a", judges=judges)]
    assert bench.run().seconds <= done[0] + 1.2


def stormy(bench: Bench, until: float, *, a_second: int = 100) -> None:
    """Let a pod change so often, from the tenth second on."""
    for number in range(int((until - 10) * a_second)):
        bench.clock.at(10 + number / a_second, lambda: bench.cluster.changed(PODS))


def test_what_changes_and_stays_well_is_looked_at_now_and_then_and_seen_to_be_ill_within_a_second() -> None:
    """A thousand pods that change each second are no thousand looks; who is not well is looked at as ever."""
    bench = Bench([], limits=Limits(deadline=float("inf"), stay=True))
    looks: list[float] = []

    def judges(_: Any, _past: Past) -> Judgement:
        looks.append(bench.clock.time - START)
        return Wait("ill") if 20 <= looks[-1] < 22 else Settled("well")

    bench.steps = [Scripted(name="a", judges=judges, wakes_on=frozenset({PODS}))]
    stormy(bench, 30)
    bench.clock.at(30, bench.inbox.stop)
    engine = bench.engine()
    while not engine.stopped:
        engine.run("boot-1")
        engine.rest()
    calm = [at for at in looks if 12 <= at < 20]
    assert 10 <= len(calm) <= 16
    assert min(at for at in looks if at >= 20) <= 20.8
    ill = [at for at in looks if 20.8 <= at < 22]
    assert len(ill) >= 20
    assert max(later - earlier for earlier, later in pairwise(looks[-8:])) <= 1.1


def test_what_sums_up_the_others_is_looked_at_soon_however_often_those_change() -> None:
    """A Deployment counts its pods: that one is lacking is seen in the midst of a storm of them."""
    bench = Bench([], limits=Limits(deadline=float("inf"), stay=True))
    looks: list[float] = []

    def judges(_: Any, _past: Past) -> Judgement:
        looks.append(bench.clock.time - START)
        return Wait("ill") if 20.05 <= looks[-1] < 22 else Settled("well")

    whole = Interest("deployment", "shop", "web", sum=True)
    bench.steps = [Scripted(name="a", judges=judges, wakes_on=frozenset({PODS, whole}))]
    stormy(bench, 24)
    bench.clock.at(20.1, lambda: bench.cluster.changed(replace(whole, sum=False)))
    bench.clock.at(24, bench.inbox.stop)
    engine = bench.engine()
    while not engine.stopped:
        engine.run("boot-1")
        engine.rest()
    assert min(at for at in looks if at >= 20.05) <= 20.2


@pytest.mark.parametrize(
    ("changed", "woken"),
    [
        (Interest("pod", "shop", "web-1"), {"all", "web", "web-1"}),
        (Interest("pod", "shop", "we"), {"all"}),
        (Interest("pod", "shop", ""), {"all", "web", "web-1", "db"}),
        (Interest("pod", "bank", "web-1"), {"bank"}),
        (Interest("node", "shop", "web-1"), set()),
    ],
)
def test_a_change_wakes_those_whom_it_concerns(changed: Interest, woken: set[str]) -> None:
    """Of any name, or of those that begin alike; "" is where any object may have changed."""
    wants = {"all": "", "web": "web", "web-1": "web-1", "db": "db"}
    interests = {name: Interest("pod", "shop", begins) for name, begins in wants.items()}
    interests["bank"] = Interest("pod", "bank")
    looked: list[str] = []
    bench = Bench([], limits=Limits(deadline=float("inf"), stay=True, recheck=60.0))
    bench.steps = [
        Scripted(name=name, wakes_on=frozenset({wanted}), sees=lambda name=name: looked.append(name))  # type: ignore[misc]
        for name, wanted in interests.items()
    ]
    engine = bench.engine()
    engine.run("boot-1")
    looked.clear()
    bench.clock.at(10, lambda: bench.cluster.changed(changed))
    bench.clock.at(20, bench.inbox.stop)
    engine.rest()
    assert set(looked) == woken


def test_a_storm_of_changes_does_not_keep_the_loop_from_turning() -> None:
    """What arrives without a pause is taken for a fifth of a second; then the loop turns, and shows that it lives."""
    turns: list[float] = []
    bench = Bench([Scripted(name="a", wakes_on=frozenset({PODS}))], limits=Limits(deadline=5.0, stay=True))
    engine = bench.engine(turned=lambda: turns.append(bench.clock.time - START))
    receive, left = bench.clock.receive, [5_000]

    def busy(inbox: Any, timeout: float | None) -> Any:
        """Each look at the queue finds another change, and takes a millisecond."""
        bench.clock.time += 0.001
        left[0] -= 1
        return Changed(PODS) if left[0] > 0 else receive(inbox, timeout)

    bench.clock.receive = busy  # type: ignore[method-assign]
    engine.run("boot-1")
    assert max(later - earlier for earlier, later in pairwise(turns)) <= 0.25


def test_an_action_that_fails_for_an_hour_is_tried_ever_more_seldom() -> None:
    """What was tried in vain has changed nothing, and each try is a request and a record on the disk."""
    bench = Bench([], limits=Limits(deadline=3000.0))
    tries: list[float] = []

    def does() -> None:
        tries.append(bench.clock.time)
        raise ConnectionError

    bench.steps = [Scripted(name="a", patience=3600.0, judges=lambda *_: Act("must", (Refused(cause="x", does=does),)))]
    bench.run()
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses[0] < 0.5
    assert 50 < pauses[-1] < 70
    assert len(tries) == MOST_FAILURES


class Refused(Deed):
    """A deed that somebody refuses, for now."""

    def apply(self, world: World) -> None:
        from bootheal.errors import UnreachableError

        try:
            super().apply(world)
        except ConnectionError:
            raise UnreachableError("no answer") from None


def churn(bench: Bench, seconds: float, every: float = 0.03) -> None:
    """Let something change all the time."""
    for number in range(int(seconds / every)):
        bench.clock.at(number * every, lambda: bench.cluster.changed(PODS))


@pytest.mark.parametrize("look", [0.0, 0.04, 0.3])
def test_a_pass_ends_although_changes_come_faster_than_looks_end(look: float) -> None:
    """What counts is how each step was last judged; each that changes is looked at once more, and that is all."""
    bench = Bench([])
    bench.workers = SlowWorkers(bench.clock, look)
    churn(bench, 60.0)
    bench.steps = [
        Scripted(name="a", wakes_on=frozenset({PODS})),
        Scripted(name="slow", judges=lambda *_: Settled("ok") if bench.clock.time >= START + 10.0 else Wait("not yet")),
    ]
    report = bench.run()
    assert report.verdict is Verdict.HEALTHY
    assert report.seconds <= 11.0 + 3 * look


def test_what_falls_ill_in_the_last_look_is_healed_in_the_same_pass() -> None:
    """The last look is a look like any other."""
    bench = Bench([])
    bench.workers = SlowWorkers(bench.clock, 0.3)
    churn(bench, 60.0)

    def judges(_: Any, past: Past) -> Judgement:
        if past.done or bench.clock.time < START + 10.5:
            return Settled("well")
        return Act("ill", (Deed(cause="ill"),))

    bench.steps = [
        Scripted(name="a", wakes_on=frozenset({PODS}), judges=judges),
        Scripted(name="slow", judges=lambda *_: Settled("ok") if bench.clock.time >= START + 10.0 else Wait("not yet")),
    ]
    assert bench.run().verdict is Verdict.HEALED


def test_what_changes_after_the_last_look_is_seen_at_rest() -> None:
    """The pass is over; the rest looks at once, and a new pass heals."""
    bench = Bench([], limits=Limits(deadline=float("inf"), stay=True))
    bench.workers = SlowWorkers(bench.clock, 0.3)
    churn(bench, 5.0)
    ill: list[bool] = []
    bench.steps = [
        Scripted(
            name="a",
            wakes_on=frozenset({PODS}),
            judges=lambda *_: Act("ill", (Deed(cause="ill", does=ill.clear),)) if ill else Settled("well"),
        )
    ]
    engine = bench.engine()
    assert engine.run("boot-1").seconds <= 1.5
    ill.append(True)
    engine.rest()
    assert bench.clock.time <= START + 2.5
    assert engine.run("boot-1").verdict is Verdict.HEALED


@dataclass(frozen=True, kw_only=True)
class Heap(Deed):
    """An action of many parts, each of which takes time."""

    size: int = 1

    def parts(self) -> Sequence[Action]:
        return [replace(self, size=1)] * self.size


def test_an_action_of_many_parts_gives_a_sign_of_life_after_each() -> None:
    """Fifty requests of 1.3 s each, under one record: whoever watches the loop sees it live all the time."""
    bench = Bench([])
    turns: list[float] = []

    def does() -> None:
        bench.clock.time += 1.3

    heap = Heap(cause="x", does=does, size=50)
    bench.steps = [Scripted(name="a", judges=lambda _, past: Settled("ok") if past.done else Act("must", (heap,)))]
    report = bench.engine(turned=lambda: turns.append(bench.clock.time)).run("boot-1")
    assert report.seconds == pytest.approx(65.0)
    assert max(later - earlier for earlier, later in pairwise([START, *turns])) <= 1.3 + 1e-6
    assert [done.result for done in report.actions()] == ["done"]


def test_a_judgement_with_many_actions_does_not_hold_up_other_steps() -> None:
    """Fifty deletes of 1.3 s each; what falls ill beside them is mended after the one that is under way."""
    bench = Bench([])

    def slow() -> None:
        bench.clock.time += 1.3

    many = tuple(Deed(cause="x", name=f"pod-{number}", does=slow) for number in range(50))

    def judges(_: Any, past: Past) -> Judgement:
        if bench.clock.time < START + 10.0:
            return Wait("not yet")
        return Settled("mended") if past.done else Act("ill", (Deed(cause="ill"),))

    bench.steps = [
        Scripted(name="heap", judges=lambda _, past: Settled("ok") if past.done else Act("must", many)),
        Scripted(name="other", judges=judges),
    ]
    report = bench.run()
    assert len(report.outcomes[0].actions) == 50
    assert report.outcomes[1].ended == pytest.approx(10.0, abs=4.0)
    assert report.seconds == pytest.approx(65.0, abs=1.0)


def test_what_is_left_to_do_is_dropped_when_what_the_step_comes_after_falls_ill() -> None:
    """It was decided on when that was well; it is judged anew when it is well again."""
    bench = Bench([])
    names = ("one", "two", "three", "four", "five")
    done: list[tuple[str, float]] = []

    def deed(name: str) -> Deed:
        def does() -> None:
            done.append((name, bench.clock.time - START))
            bench.clock.time += 1.0

        return Deed(cause="x", name=name, does=does)

    def below(_: Any, past: Past) -> Judgement:
        left = [name for name in names if name not in {record.object.rpartition("/")[2] for record in past.done}]
        return Act("must", tuple(deed(name) for name in left)) if left else Settled("ok")

    def above(_: Any, _past: Past) -> Judgement:
        return Wait("ill") if START + 1.5 <= bench.clock.time < START + 60.0 else Settled("well")

    bench.clock.at(1.5, lambda: bench.cluster.changed(PODS))
    bench.steps = [
        Scripted(name="above", judges=above, wakes_on=frozenset({PODS})),
        Scripted(name="below", after=("above",), judges=below),
    ]
    assert bench.run().verdict is Verdict.HEALED
    assert [name for name, _ in done] == list(names)
    assert [when >= 60.0 for _, when in done] == [False, False, False, True, True]
    assert EventKind.UNSETTLED in {event.kind for event in bench.events}


def test_the_verdict_does_not_wait_for_a_burst_of_changes_to_be_over() -> None:
    """What has been well for long is looked at ever more seldom, but at once where the verdict needs nothing else."""
    bench = Bench([])
    for number in range(50):
        bench.clock.at(number * 0.2, lambda: bench.cluster.changed(PODS))
    bench.clock.at(10.0, lambda: bench.cluster.changed(PODS))

    def judges(_: Any, _past: Past) -> Judgement:
        return Settled("ok") if bench.clock.time >= START + 10.0 else Wait("not yet")

    wakes_on = frozenset({PODS})
    bench.steps = [Scripted(name="calm", wakes_on=wakes_on), Scripted(name="slow", wakes_on=wakes_on, judges=judges)]
    report = bench.run()
    assert report.verdict is Verdict.HEALTHY
    assert report.seconds <= 10.1
