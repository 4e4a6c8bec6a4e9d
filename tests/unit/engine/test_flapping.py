"""What is well and ill by turns: nobody is told "healed" for its good moments, and no turn has deeds of its own."""

from collections.abc import Iterator
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.engine import Limits
from bootheal.engine.bounds import MOST_IN_VAIN
from bootheal.engine.steadiness import LONGEST_PROOF_SECONDS, REMEMBERED_SECONDS, Steadiness
from bootheal.errors import UnreachableError
from bootheal.model import EventKind, Report, Verdict
from bootheal.ports import Interest
from bootheal.step import Act, Judgement, Past, Settled, Wait
from support.engine import START, Bench, Deed, Scripted, Unbounded
from support.thorough import times

LIFE_SECONDS = 1800.0
PODS = Interest("pod", "shop")


class Flapping:
    """Ill for the first part of each `period` of seconds, well for the rest of it, whatever is done."""

    def __init__(self, bench: Bench, period: float, ill: float, *, watched: bool) -> None:
        self.bench, self.period, self.ill, self.done = bench, period, ill * period, list[float]()
        for number in range(int(LIFE_SECONDS / period) if watched else 0):
            for moment in (number * period, number * period + self.ill):
                bench.clock.at(moment, lambda: bench.cluster.changed(PODS))

    def is_ill(self, at: float | None = None) -> bool:
        return ((self.bench.clock.time if at is None else at) - START) % self.period < self.ill

    def do(self) -> None:
        self.done.append(self.bench.clock.time)

    def steps(self, act: type[Deed] | None) -> list[Scripted]:
        def judges(ill: Any, _past: Past) -> Judgement:
            if not ill:
                return Settled("well")
            return Act("is ill", (act(cause="ill", does=self.do),)) if act else Wait("is ill")

        flapping = Scripted(name="a", sees=self.is_ill, judges=judges, wakes_on=frozenset({PODS}), patience=600.0)
        return [flapping, Scripted(name="b", after=("a",))]


def lives(bench: Bench) -> Iterator[Report]:
    """Let an engine stay for half an hour, as the daemon does."""
    bench.limits = Limits(deadline=float("inf"), stay=True)
    bench.clock.at(LIFE_SECONDS, bench.inbox.stop)
    engine = bench.engine()
    while not engine.stopped:
        yield engine.run("boot-1")
        engine.rest()


@pytest.mark.parametrize("act", [None, Deed, Unbounded], ids=["waits", "acts", "lends"])
@settings(max_examples=times(5), deadline=None)
@given(
    period=st.sampled_from([1.0, 3.0, 7.0, 20.0, 60.0, 90.0]),
    ill=st.sampled_from([0.5, 0.7]),
    watched=st.booleans(),
)
def test_what_is_ill_half_of_the_time_is_soon_not_called_healed_any_more(
    act: type[Deed] | None, period: float, ill: float, watched: bool
) -> None:
    """After a few times at most; and what is done for it is done a few times, and not at each turn."""
    bench = Bench([])
    flapping = Flapping(bench, period, ill, watched=watched)
    bench.steps = flapping.steps(act)
    good = [report for report in lives(bench) if report.verdict in (Verdict.HEALED, Verdict.HEALTHY)]
    assert len(good) <= 8
    assert len(flapping.done) <= 4 * MOST_IN_VAIN, "each ten minutes are a trouble of their own"
    assert not any(flapping.is_ill(report.began + report.seconds) for report in good)


@pytest.mark.parametrize("caught", [False, True], ids=["a look", "the gate's, which goes on to ask the host"])
def test_a_look_that_fails_now_and_then_is_no_relapse(caught: bool) -> None:
    """A busy API server refuses every third request: whoever is well is believed at the next look that succeeds."""
    bench, looks = Bench([]), count()

    def sees() -> bool:
        fails = next(looks) % 3 == 1
        if fails and not caught:
            raise UnreachableError("the API server says 500", again=1.0)
        return fails

    late = Scripted(name="b", judges=lambda _value, past: Settled("well") if past.now > START + 60 else Wait("late"))
    blind = Wait("the API server says 500", again=1.0, blind=True)
    judges = lambda fails, _past: blind if fails else Settled("well", again=1.0)  # noqa: E731
    bench.steps = [Scripted(name="a", sees=sees, judges=judges), late]
    bench.limits = Limits(deadline=300.0, stay=True)
    report = bench.run()
    assert report.verdict is Verdict.HEALTHY
    assert report.seconds < 63
    assert next(looks) > 40
    assert not any("was ill again" in event.text for event in bench.events)


def test_two_relapses_belong_to_a_boot_and_more_have_to_be_outlasted() -> None:
    """What it comes after comes up bit by bit: the first two times it is believed at once; then it says why not."""
    bench = Bench([])
    ill = {*range(2), *range(4, 6), *range(8, 10), *range(12, 14)}
    sees = lambda: int(bench.clock.time - START) in ill  # noqa: E731
    judges = lambda value, _past: Wait("ill", again=1.0) if value else Settled("well", again=1.0)  # noqa: E731
    other = Scripted(name="b", judges=lambda _value, past: Settled("well") if past.now > START + 15 else Wait("late"))
    bench.steps = [Scripted(name="a", sees=sees, judges=judges), other]
    bench.limits = Limits(deadline=300.0, stay=True)
    report = bench.run()
    settled = [event.at - START for event in bench.events if (event.step, event.kind) == ("a", EventKind.SETTLED)]
    assert report.verdict is Verdict.HEALTHY
    assert [round(at) for at in settled] == [2, 6, 10, 19]
    told = [event.text for event in bench.events if event.kind is EventKind.WAITING]
    assert "was ill again 3 times of late, and has to be well for 5 s: well" in told


def test_what_was_given_up_and_is_well_has_to_last_no_longer_than_others() -> None:
    """Its patience had run out when it came back for good: that it has to last is no sign that it is still ill."""
    bench = Bench([])
    ill = {*range(2), *range(4, 6), *range(8, 10), *range(12, 30)}
    sees = lambda: int(bench.clock.time - START) in ill  # noqa: E731
    judges = lambda value, _past: Wait("ill", again=1.0) if value else Settled("well", again=1.0)  # noqa: E731
    flapping = Scripted(name="a", sees=sees, judges=judges, patience=10.0, wakes_on=frozenset({PODS}))
    other = Scripted(name="b", judges=lambda _value, past: Settled("well") if past.now > START + 35 else Wait("late"))
    bench.steps, bench.limits = [flapping, other], Limits(deadline=900.0, stay=True)
    bench.clock.at(31.0, lambda: bench.cluster.changed(PODS))
    report = bench.run()
    assert any(event.kind is EventKind.GAVE_UP for event in bench.events)
    assert report.verdict is Verdict.HEALTHY
    assert report.seconds < 40


@given(st.lists(st.tuples(st.floats(0.1, 400.0), st.booleans()), max_size=60))
@settings(max_examples=times(30), deadline=None)
def test_what_has_been_well_for_long_is_believed_whatever_was_before(turns: list[tuple[float, bool]]) -> None:
    """Nobody waits for more than the longest proof, and after ten quiet minutes for none at all."""
    steadiness, now = Steadiness(), 0.0
    for seconds, well in turns:
        now += seconds
        if well:
            assert steadiness.must_last(now) <= LONGEST_PROOF_SECONDS
        else:
            steadiness.fell_ill(now)
    steadiness.must_last(now)
    assert steadiness.must_last(now + LONGEST_PROOF_SECONDS) == 0
    steadiness.fell_ill(now + REMEMBERED_SECONDS + 1)
    assert steadiness.must_last(now + REMEMBERED_SECONDS + 2) == 0


def test_each_proof_is_longer_than_the_one_before() -> None:
    """Five seconds, ten, twenty, up to two minutes."""
    steadiness, proofs = Steadiness(), list[float]()
    for now in range(10):
        steadiness.must_last(now)
        proofs.append(steadiness.proof_seconds)
        steadiness.fell_ill(now)
    assert proofs[:5] == [0, 0, 0, 5, 10]
    assert proofs[-1] == LONGEST_PROOF_SECONDS
    assert all(one <= other for one, other in pairwise(proofs))
