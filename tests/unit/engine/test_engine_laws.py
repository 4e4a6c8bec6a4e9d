"""The laws of the engine, on graphs that Hypothesis draws: restarts take time, fail, and what was well falls ill."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.engine import Limits
from bootheal.errors import StateError
from bootheal.model import Ending, Remembered, Report, Verdict
from bootheal.ports import Interest
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait
from support.engine import START, Bench, Disk, Restart, Scripted
from support.thorough import times

# In which a change is seen, judged and acted on.
PROMPT = 0.3


@dataclass(frozen=True)
class Part:
    """A workload: restarted, it is ready after `seconds`, or, where it `fails`, its step gives up then.

    `ill` is when it falls ill, if it is well then, and must be restarted once more.
    """

    number: int
    after: tuple[int, ...]
    seconds: float
    fails: bool = False
    ill: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        return f"deployment/shop/{self.number:02}"

    @property
    def interest(self) -> Interest:
        return Interest("pod", "shop", f"{self.number:02}")


@st.composite
def graphs(draw: st.DrawFn, *, most: int = 25, failures: bool = False, illnesses: bool = False) -> tuple[Part, ...]:
    """Draw a graph without circles: each part comes after some of those before it."""
    parts: list[Part] = []
    for number in range(draw(st.integers(1, most))):
        after = draw(st.sets(st.integers(0, number - 1), max_size=4)) if number else set()
        seconds = draw(st.floats(2, 60, allow_nan=False))
        fails = failures and draw(st.integers(0, 5)) == 0
        ill = draw(st.lists(st.floats(0, 600, allow_nan=False), max_size=2)) if illnesses else ()
        parts.append(Part(number, tuple(sorted(after)), seconds, fails, tuple(ill)))
    return tuple(parts)


@dataclass
class Shop:
    """The simulated workloads, and what was seen of them: each change is told by a watch, as on a cluster.

    A rollout ends when its time is over and all that it comes after serves: new pods cannot become ready before.
    """

    parts: tuple[Part, ...]
    bench: Bench = field(default_factory=lambda: Bench([]))
    ends: dict[int, float] = field(default_factory=dict)
    over: set[int] = field(default_factory=set)
    fell: dict[int, float] = field(default_factory=dict)
    restarts: Counter[int] = field(default_factory=Counter)
    under_way: set[int] = field(default_factory=set)
    most: int = 0
    early: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)

    def run(self, max_parallel: int, deadline: float = float("inf")) -> Report:
        self.set_up(Limits(deadline=deadline, max_parallel=max_parallel))
        return self.bench.run()

    def live(self, max_parallel: int, seconds: float) -> Iterator[Report]:
        """Let a daemon stay for so long; yield the report of each pass."""
        self.set_up(Limits(deadline=float("inf"), max_parallel=max_parallel, stay=True))
        self.bench.clock.at(seconds, self.bench.inbox.stop)
        engine = self.bench.engine()
        while not engine.stopped:
            yield engine.run("boot-1")
            engine.rest()

    def set_up(self, limits: Limits) -> None:
        self.bench.limits = limits
        self.bench.steps = [self._step(part) for part in self.parts]
        for part in self.parts:
            for moment in part.ill:
                self.bench.clock.at(moment, lambda part=part: self._fall_ill(part))  # type: ignore[misc]

    def _step(self, part: Part) -> Scripted:
        after = tuple(self.parts[number].name for number in part.after)
        return Scripted(
            name=part.name, after=after, wakes_on=frozenset({part.interest}), judges=lambda *_: self._judge(part)
        )

    def _judge(self, part: Part) -> Judgement:
        if part.number not in self.ends or part.number in self.fell:
            cause = f"trouble {self.restarts[part.number]}"
            return Act("must", (Restart(cause=cause, name=part.name, does=lambda: self._restart(part)),))
        if part.number not in self.over:
            return Wait("rolling out", again=3600)  # a watch will tell
        return GiveUp("crash-loops") if part.fails else Settled("ready")

    def _restart(self, part: Part) -> None:
        now = self.bench.clock.time - START
        self.early += [f"{part.name} before {before}" for before in part.after if not self._served(before, now)]
        if [done.result for done in self.bench.disk.records.get(part.name, ())][-1:] != ["intended"]:
            self.unrecorded.append(part.name)
        self.restarts[part.number] += 1
        self.over.discard(part.number)
        self.fell.pop(part.number, None)
        self.under_way.add(part.number)
        self.most = max(self.most, len(self.under_way))
        self.ends[part.number] = now + part.seconds
        self.bench.clock.at(now + part.seconds, self._roll_out)

    def _roll_out(self) -> None:
        """Those become ready whose time is over, and those that only waited for them."""
        now = self.bench.clock.time - START
        for part in self.parts:
            rolling = part.number in self.ends and part.number not in self.over
            if rolling and self.ends[part.number] <= now + 1e-3 and all(self._serves(before) for before in part.after):
                self.over.add(part.number)
                self.under_way.discard(part.number)
                self._tell(part)

    def _fall_ill(self, part: Part) -> None:
        """Whoever comes after it waits for it from now on, and its own restart is not counted as under way."""
        if self._serves(part.number):
            self.fell[part.number] = self.bench.clock.time - START
            waiting = {part.number}
            for other in self.parts:
                waiting |= {other.number} if waiting & set(other.after) else set()
            self.under_way -= waiting
            self._tell(part)

    def _tell(self, part: Part) -> None:
        self.bench.cluster.changed(Interest("pod", "shop", f"{part.number:02}-x"))

    def _serves(self, number: int) -> bool:
        return number in self.over and number not in self.fell and not self.parts[number].fails

    def _served(self, number: int, now: float) -> bool:
        """Whether it serves, or did until just now."""
        return self._serves(number) or now - self.fell.get(number, float("-inf")) < PROMPT


def longest_path(parts: tuple[Part, ...]) -> float:
    ready: list[float] = []
    for part in parts:
        ready.append(part.seconds + max((ready[number] for number in part.after), default=0.0))
    return max(ready)


def one_after_the_other(parts: tuple[Part, ...]) -> float:
    """For how many seconds a run takes at most: each restart by itself, and all that fell ill once more."""
    return sum((part.seconds + PROMPT) * (1 + len(part.ill)) for part in parts)


@settings(max_examples=times(30))
@given(graphs())
def test_the_total_time_is_that_of_the_longest_path(parts: tuple[Part, ...]) -> None:
    """Given places enough, a graph takes no longer than 1.05 x its longest path, and each is restarted once."""
    shop = Shop(parts)
    report = shop.run(max_parallel=len(parts))
    assert {outcome.ending for outcome in report.outcomes} == {Ending.SETTLED}
    assert shop.early == []
    assert set(shop.restarts.values()) == {1}
    assert report.seconds <= 1.05 * longest_path(parts)


@settings(max_examples=times(30))
@given(graphs(failures=True), st.integers(1, 5))
def test_every_run_ends_and_a_failure_stops_its_descendants_only(parts: tuple[Part, ...], places: int) -> None:
    """Never more restarts at a time than there are places, never one too early, and the report names the culprit."""
    shop = Shop(parts)
    report = shop.run(max_parallel=places)
    outcomes: dict[str, Any] = {outcome.step: outcome for outcome in report.outcomes}
    failed: dict[int, set[str]] = {}
    for part in parts:
        outcome = outcomes[part.name]
        culprits = set().union(*(failed.get(number, set()) for number in part.after))
        if culprits:
            failed[part.number] = culprits
            assert outcome.ending is Ending.SKIPPED
            named = outcome.why.removeprefix("not tried, because ").removesuffix(" failed")
            assert set(named.split(" and ")) == culprits
            assert part.number not in shop.restarts
        else:
            assert outcome.ending is (Ending.GAVE_UP if part.fails else Ending.SETTLED)
            assert shop.restarts[part.number] == 1
            if part.fails:
                failed[part.number] = {part.name}
    assert shop.early == []
    assert shop.most <= places


@settings(max_examples=times(50))
@given(graphs(most=12, illnesses=True), st.integers(1, 12))
def test_no_graph_and_no_number_of_places_jams(parts: tuple[Part, ...], places: int) -> None:
    """Whatever falls ill, and whenever: all is well at last, no later than if one thing were done after the other."""
    shop = Shop(parts)
    deadline = one_after_the_other(parts)
    report = shop.run(max_parallel=places, deadline=deadline)
    assert {outcome.ending for outcome in report.outcomes} == {Ending.SETTLED}
    assert report.seconds < deadline
    assert (shop.early, shop.unrecorded) == ([], [])
    assert shop.most <= places


@settings(max_examples=times(20))
@given(graphs(most=8, illnesses=True), st.integers(1, 4))
def test_a_daemon_heals_whatever_falls_ill(parts: tuple[Part, ...], places: int) -> None:
    """In a pass or at rest: each pass ends well, and when the last illness is over all serves."""
    shop = Shop(parts)
    *_, last = shop.live(places, 700.0 + one_after_the_other(parts))
    assert last.verdict in (Verdict.HEALED, Verdict.HEALTHY)
    assert all(shop._serves(part.number) for part in parts)
    assert (shop.early, shop.unrecorded) == ([], [])
    assert shop.most <= places


@settings(max_examples=times(30))
@given(graphs(most=8, failures=True, illnesses=True), st.integers(1, 4), st.data())
def test_places_do_not_jam_where_some_fail(parts: tuple[Part, ...], places: int, data: st.DataObject) -> None:
    """What waits for what has failed is skipped and keeps no place; every run ends before its deadline, or by it."""
    whole = one_after_the_other(parts)
    deadline = data.draw(st.floats(0, 2 * whole, allow_nan=False))
    shop = Shop(parts)
    report = shop.run(max_parallel=places, deadline=deadline)
    unfinished = {outcome.step for outcome in report.outcomes if outcome.ending is Ending.UNFINISHED}
    assert report.seconds <= deadline + 1e-6
    assert not unfinished or (report.seconds == pytest.approx(deadline, abs=1e-6) and deadline < whole)
    assert shop.most <= places


@dataclass
class BadDisk(Disk):
    """What must outlive a power cut cannot be written from write `first` on, `times` of them, nor what is between."""

    first: int = 0
    times: int = 0
    writes: int = 0

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        self.writes += durable
        if self.first <= self.writes < self.first + self.times:
            raise StateError("cannot write state.json: no space left")
        super().save(remembered, durable=durable)


@settings(max_examples=times(20))
@given(graphs(most=8), st.integers(1, 3), st.integers(1, 18), st.sampled_from([1, 2, 3, 1000]))
def test_a_memory_that_cannot_be_written_ends_the_run_truthfully(
    parts: tuple[Part, ...], places: int, first: int, times: int
) -> None:
    """Nothing is changed without a record; what could not be done is said; with a disk again, all is well, once."""
    disk = BadDisk(first=first, times=times)
    shop = Shop(parts, Bench([], disk=disk))
    shop.set_up(Limits(deadline=one_after_the_other(parts), max_parallel=places))
    engine = shop.bench.engine()
    if first == 1:
        with pytest.raises(StateError):
            engine.run("boot-1")
        before = dict(shop.restarts)
        engine.pause(100.0)
        assert shop.restarts == before == {}
    else:
        outcomes = engine.run("boot-1").outcomes
        told = [outcome for outcome in outcomes if "cannot write state.json" in outcome.why]
        assert bool(told) is (first <= disk.writes)
        assert {outcome.ending for outcome in told} <= {Ending.GAVE_UP}
        rest = {outcome.ending for outcome in outcomes if outcome not in told}
        assert rest <= {Ending.SETTLED, Ending.SKIPPED}
    assert shop.unrecorded == []
    disk.times = 0
    assert shop.bench.run("boot-1").verdict in (Verdict.HEALED, Verdict.HEALTHY)
    assert set(shop.restarts.values()) == {1}
    assert (shop.early, shop.unrecorded) == ([], [])


@settings(max_examples=times(10))
@given(st.floats(0, 5000, allow_nan=False), st.lists(st.booleans(), min_size=1, max_size=5))
def test_a_recovery_of_any_length_is_looked_at_in_bounds(seconds: float, counts: list[bool]) -> None:
    """Whether the wait counts, does not, or now does and now does not: few looks, and its end is seen soon."""
    bench = Bench([])
    looks: list[float] = []

    def judges(_: Any, _past: Any) -> Judgement:
        looks.append(bench.clock.time - START)
        if looks[-1] >= seconds:
            return Settled("serves")
        return Wait("starting up (57P03)", counts=counts[len(looks) % len(counts)])

    bench.limits = Limits(deadline=float("inf"))
    bench.steps = [Scripted(name="db", patience=30_000.0, judges=judges)]
    bench.run()
    assert len(looks) <= 620 + seconds / 4.5
    assert looks[-1] - seconds <= min(max(0.12, 0.03 * seconds), 5.6)
