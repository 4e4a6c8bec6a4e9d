"""The laws of scheduling, on graphs that Hypothesis draws, with restarts that take time and sometimes fail."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.engine import Limits
from bootheal.model import Ending, Report
from bootheal.ports import Interest
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait
from support.engine import START, Bench, Restart, Scripted


@dataclass(frozen=True)
class Part:
    """A workload: restarted, it is ready after `seconds`, or, where it `fails`, its step gives up then."""

    number: int
    after: tuple[int, ...]
    seconds: float
    fails: bool = False

    @property
    def name(self) -> str:
        return f"deployment/shop/{self.number:02}"


@st.composite
def graphs(draw: st.DrawFn, *, failures: bool) -> tuple[Part, ...]:
    """Draw a graph without circles: each part comes after some of those before it."""
    parts: list[Part] = []
    for number in range(draw(st.integers(1, 25))):
        after = draw(st.sets(st.integers(0, number - 1), max_size=4)) if number else set()
        seconds = draw(st.floats(2, 60, allow_nan=False))
        parts.append(Part(number, tuple(sorted(after)), seconds, failures and draw(st.integers(0, 5)) == 0))
    return tuple(parts)


@dataclass
class Shop:
    """The simulated workloads, and what was seen of them: each change is told by a watch, as on a cluster."""

    parts: tuple[Part, ...]
    bench: Bench = field(default_factory=lambda: Bench([]))
    over: set[int] = field(default_factory=set)
    restarts: Counter[int] = field(default_factory=Counter)
    under_way: set[int] = field(default_factory=set)
    most: int = 0
    early: list[str] = field(default_factory=list)

    def run(self, max_parallel: int) -> Report:
        self.bench.limits = Limits(deadline=float("inf"), max_parallel=max_parallel)
        self.bench.steps = [self._step(part) for part in self.parts]
        return self.bench.run()

    def _step(self, part: Part) -> Scripted:
        interest = Interest("pod", "shop", f"{part.number:02}")
        after = tuple(self.parts[number].name for number in part.after)
        wakes_on = frozenset({interest})
        return Scripted(name=part.name, after=after, wakes_on=wakes_on, judges=lambda *_: self._judge(part))

    def _judge(self, part: Part) -> Judgement:
        if part.number not in self.restarts:
            return Act("must", (Restart(cause="boot", name=part.name, does=lambda: self._restart(part)),))
        if part.number not in self.over:
            return Wait("rolling out", again=3600)  # a watch will tell
        self.under_way.discard(part.number)
        return GiveUp("crash-loops") if part.fails else Settled("ready")

    def _restart(self, part: Part) -> None:
        self.early += [f"{part.name} before {before}" for before in part.after if not self._serves(before)]
        self.restarts[part.number] += 1
        self.under_way.add(part.number)
        self.most = max(self.most, len(self.under_way))
        self.bench.clock.at(self.bench.clock.time - START + part.seconds, lambda: self._rolled_out(part))

    def _rolled_out(self, part: Part) -> None:
        self.over.add(part.number)
        self.bench.cluster.changed(Interest("pod", "shop", f"{part.number:02}-x"))

    def _serves(self, number: int) -> bool:
        return number in self.over and not self.parts[number].fails


def longest_path(parts: tuple[Part, ...]) -> float:
    ready: list[float] = []
    for part in parts:
        ready.append(part.seconds + max((ready[number] for number in part.after), default=0.0))
    return max(ready)


@settings(max_examples=120, deadline=None)
@given(graphs(failures=False))
def test_the_total_time_is_that_of_the_longest_path(parts: tuple[Part, ...]) -> None:
    """Given places enough, a graph takes no longer than 1.05 x its longest path, and each is restarted once."""
    shop = Shop(parts)
    report = shop.run(max_parallel=len(parts))
    assert {outcome.ending for outcome in report.outcomes} == {Ending.SETTLED}
    assert shop.early == []
    assert set(shop.restarts.values()) == {1}
    assert report.seconds <= 1.05 * longest_path(parts)


@settings(max_examples=120, deadline=None)
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
