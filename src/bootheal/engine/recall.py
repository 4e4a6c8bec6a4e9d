"""What is remembered of a step, as its judgement is told: for the engine and for `plan`."""

from collections.abc import Mapping
from typing import Any

from bootheal.engine.plan import Plan
from bootheal.engine.recorder import Recorder
from bootheal.model.past import epoch_of
from bootheal.ports import Clock
from bootheal.step import Observation, Past, Step


def recall(
    memory: Recorder, plan: Plan, step: str, seen: Observation, *, epoch: str, clock: Clock, began: float = 0.0
) -> Past:
    """Remember what was seen just now, and return the past of a step. `began`: when the pass under way did.

    Conditions are timed by the monotonic clock: a jump of the wall clock makes none of them older.
    """
    now, monotonic = clock.now(), clock.monotonic()
    lived = _lived(memory, plan.steps[step], seen)
    first_seen = memory.observe(step, seen.conditions, monotonic, lived)
    ancestors = plan.ancestors[step]
    repairs = memory.repairs(ancestors)
    return Past(
        now=now,
        epoch=epoch_of(lived.values()) or epoch,
        first_seen={condition: now - (monotonic - since) for condition, since in first_seen.items()},
        done=memory.done(step),
        repaired=max((done.at for done in repairs), default=None),
        repairs=sum(done.count for done in repairs) + memory.repaired_before(ancestors),
        baseline=memory.baseline(step),
        incident=memory.incident(step),
        boots=memory.boots,
        began=began,
    )


def _lived(memory: Recorder, step: Step[Any], seen: Observation) -> Mapping[str, str]:
    """Return the nodes that a step is about, with their boots: {} where it is about none, or they are not known."""
    nodes = step.lives_on(seen)
    if nodes is None:
        return {node: boot for name in step.after for node, boot in memory.lived(name).items()}
    known = {node: memory.boots[node] for node in sorted(nodes) if node in memory.boots}
    return known or memory.lived(step.name)
