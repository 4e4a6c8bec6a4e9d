"""A world that stays as it is, whatever is done in it: how does a step end there, and after how many deeds?"""

from dataclasses import dataclass, field, fields
from typing import Any

from bootheal.engine import Limits
from bootheal.errors import BoothealError
from bootheal.model import ActionRecord, Outcome
from bootheal.ports import World
from bootheal.step import Act, Action, Judgement, Observation, Past, Step
from support.engine import START, Bench
from support.objects import NOW

# The tables' observations are of NOW, the engine's clock begins at START.
LATER = NOW - START


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
            if self.error:
                raise self.error

        return apply


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
