"""What is remembered of a step, as its judgement is told: for the engine and for `plan`."""

from bootheal.engine.plan import Plan
from bootheal.engine.recorder import Recorder
from bootheal.ports import Clock
from bootheal.step import Observation, Past


def recall(memory: Recorder, plan: Plan, step: str, seen: Observation, *, epoch: str, clock: Clock) -> Past:
    """Remember what was seen just now, and return the past of a step.

    Conditions are timed by the monotonic clock: a jump of the wall clock makes none of them older.
    """
    now, monotonic = clock.now(), clock.monotonic()
    first_seen = memory.observe(step, seen.conditions, monotonic)
    repairs = memory.repairs(plan.ancestors[step])
    return Past(
        now=now,
        epoch=epoch,
        first_seen={condition: now - (monotonic - since) for condition, since in first_seen.items()},
        done=memory.done(step),
        repaired=max((done.at for done in repairs), default=None),
        repairs=sum(done.count for done in repairs),
        baseline=memory.baseline(step),
        incident=memory.incident(step),
    )
