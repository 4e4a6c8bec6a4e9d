"""A world that stays as it is, or comes and goes, whatever is done in it: how many deeds does a step do there?"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from itertools import count
from typing import Any

from bootheal.engine import Limits
from bootheal.errors import BoothealError
from bootheal.model import ActionRecord, Outcome, Pod, Report
from bootheal.ports import World
from bootheal.step import Act, Action, Judgement, Observation, Past, Step
from support.engine import START, Bench
from support.objects import NOW

# The tables' observations are of NOW, the engine's clock begins at START.
LATER = NOW - START

# Who does so much in this world does it for ever.
WITHOUT_END = 700


@dataclass
class Stillness:
    """What was done in vain, or (with `error`) was tried in vain."""

    error: BoothealError | None = None
    deeds: list[Action] = field(default_factory=list)

    def end(self, step: Step[Any], seen: Observation, patience: float = 1800.0) -> Outcome:
        """Let the engine make a pass of three hours over the step alone, which sees the same at each look."""
        bench = Bench([_Still(name=step.name, patience=patience, inner=step, seen=seen, world=self)])
        bench.limits = Limits(deadline=3 * 3600.0)
        bench.clock.time += LATER
        (outcome,) = bench.run("new").outcomes
        return outcome

    def live(self, step: Step[Any], turns: "Turns", seconds: float) -> list[Report]:
        """Let the daemon's engine live over the step alone, which sees one observation after the other."""
        bench = Bench([_Turning(name=step.name, inner=step, seen=turns.seen[0], world=self, turns=turns)])
        bench.limits, reports = Limits(deadline=float("inf"), stay=True), []
        bench.clock.time += LATER
        bench.clock.at(LATER + seconds, bench.inbox.stop)
        engine = bench.engine()
        while not engine.stopped:
            with bench.memory.hold():
                reports.append(engine.run("new"))
                bench.memory.finish(reports[-1])
            engine.rest()
        return reports

    def hollow(self, action: Action) -> Action:
        """Make an action of the same kind that changes nothing."""
        kind = type(action)
        hollow = type(kind.__name__, (kind,), {"apply": self._apply, "evidence": lambda *_: {}, "parts": _alone})
        copied: Action = hollow(**{each.name: getattr(action, each.name) for each in fields(action)})
        return copied

    @property
    def _apply(self) -> Any:
        def apply(action: Action, _world: World) -> None:
            self.deeds.append(action)
            assert len(self.deeds) < WITHOUT_END
            if self.error:
                raise self.error

        return apply


@dataclass
class Turns:
    """What is seen: each of some observations for `period` looks, again and again.

    With `anew` each pod has another name and UID after so many looks, and has been restarted any number of times.
    """

    seen: tuple[Observation, ...]
    period: int
    anew: int = 0
    looks: "count[int]" = field(default_factory=count)
    made: dict[tuple[int, int], Observation] = field(default_factory=dict)

    def next(self) -> Observation:
        """Look."""
        number = next(self.looks)
        which, age = number // self.period % len(self.seen), number // self.anew if self.anew else 0
        if (which, age) not in self.made:
            self.made[which, age] = _anew(self.seen[which], age) if self.anew else self.seen[which]
        return self.made[which, age]


def _anew(seen: Any, number: int) -> Any:
    """Return the same of other pods; what holds none is the very same."""
    match seen:
        case Pod():
            ref = replace(seen.ref, name=f"{seen.ref.name}-{number}")
            containers = tuple(replace(each, restarts=each.restarts * 7 * number % 50) for each in seen.containers)
            return replace(seen, ref=ref, uid=f"{seen.uid}-{number}", containers=containers)
        case tuple() if type(seen) is tuple:
            return tuple(_anew(each, number) for each in seen)
        case Mapping():
            return {key: _anew(value, number) for key, value in seen.items()}
        case str() | int() | float() | None:
            return seen
        case _ if is_dataclass(seen) and not isinstance(seen, type):
            before = {each.name: getattr(seen, each.name) for each in fields(seen) if each.init}
            after = {name: _anew(value, number) for name, value in before.items()}
            return seen if after == before else replace(seen, **after)
        case _:
            return seen


def real(deed: Action) -> Action:
    """Return the action that a hollow one stands for."""
    kind: type[Action] = type(deed).__mro__[1]
    return kind(**{each.name: getattr(deed, each.name) for each in fields(deed)})


def _alone(action: Action) -> tuple[Action]:
    return (action,)


@dataclass(frozen=True, kw_only=True)
class _Still(Step[Any]):
    inner: Step[Any]
    seen: Observation
    world: Stillness

    def look(self, world: World) -> Observation:
        return self.seen

    def judge(self, seen: Observation, past: Past) -> Judgement:
        return self._hollow(self.inner.judge(seen, past))

    def owes(self, done: tuple[ActionRecord, ...]) -> bool:
        return self.inner.owes(done)

    def wind_down(self, seen: Observation, past: Past) -> Judgement:
        return self._hollow(self.inner.wind_down(seen, past))

    def _hollow(self, judgement: Judgement) -> Judgement:
        if not isinstance(judgement, Act):
            return judgement
        return Act(judgement.why, tuple(self.world.hollow(action) for action in judgement.actions))


@dataclass(frozen=True, kw_only=True)
class _Turning(_Still):
    turns: Turns

    @property
    def has_to_last(self) -> bool:  # type: ignore[override]
        return self.inner.has_to_last

    def look(self, world: World) -> Observation:
        return self.turns.next()
