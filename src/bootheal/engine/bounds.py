"""The circuit breaker: what did not help is not done for ever, nor driven on from boot to boot."""

from collections.abc import Callable, Iterable, Sequence

from bootheal.backoff import hold_back
from bootheal.engine.node import Node
from bootheal.engine.recorder import Recorder
from bootheal.engine.setbacks import Setbacks
from bootheal.model import ActionRecord
from bootheal.model.durations import DAY
from bootheal.ports import Clock
from bootheal.step import Action, GiveUp, Wait

# What may be repeated for one cause is not repeated at the same object, at the same version, with the same values.
MOST_IN_VAIN = 20


class Bounds:
    """Objects to an action that was done `max_repeats` times, or in boot after boot, and did not help; or just failed.

    Its records are in words made fit by `told`, see `World.told`.
    """

    def __init__(self, *, clock: Clock, memory: Recorder, max_repeats: int, told: Callable[[str], str]) -> None:
        self._clock, self._memory, self._max_repeats, self._told = clock, memory, max_repeats, told
        self.setbacks = Setbacks(clock=clock, memory=memory)

    def intent(self, node: Node, action: Action) -> ActionRecord:
        """Make the record of an action that is about to be done."""
        return ActionRecord(
            number=self._memory.next_number(node.name),
            action=action.kind(),
            object=self._told(str(action.about)),
            cause=self._told(action.cause),
            at=self._clock.now(),
            sentence=self._told(action.sentence),
            note=action.note,
            repairs=action.repairs,
            incident=self._memory.incident(node.name),
            objects=action.objects,
            loan=action.loan,
            by_design=action.by_design,
            alike=action.alike,
        )

    def spent(self, node: Node, action: Action) -> int:
        """Return how often it was done for this cause in this incident, or in a day, if that was often enough; else 0.

        A machine may be up for a year; what helps for some minutes, again and again, does not help.
        """
        if not action.bounded:  # there may be reason to repeat it, but not for ever at the very same thing
            again = node.effects[repr(action)]
            return again if again >= MOST_IN_VAIN else 0
        done = self.intent(node, action)
        known = [other for other in self._memory.done(node.name) if not other.failed]
        times = _times((other for other in known if other.same_as(done)), done)
        if times < self._max_repeats and action.alike:
            kind = [other for other in known if _of_a_kind(other, done)]
            there_were = max(other.alike for other in (*kind, done))  # the last of ten is not one of one
            alike = _times(kind, done)
            return alike if alike >= self._max_repeats * there_were else 0
        return times if times >= self._max_repeats else 0

    def objection(self, node: Node, action: Action) -> Wait | GiveUp | None:
        """Return what the step's judgement is instead of doing it; None where nothing speaks against it."""
        if times := self.spent(node, action):
            hint = f"find out what undoes it, or what else is wrong with {action.about}"
            return GiveUp(f"cannot {action.sentence} again: it was done {times} times and did not help", hint)
        failed = self.setbacks.objection(node, action, self.intent(node, action))
        return failed or (self._hold_back(node, action) if action.bounded else None)

    def in_vain(self, node: Node, actions: Sequence[Action]) -> bool:
        """Tell whether it is no use to begin with these: something was done too often, or has just failed again."""
        first = actions if all(action.apart for action in actions) else actions[:1]
        put_off = [self.setbacks.put_off(node, self.intent(node, action)) for action in first]
        return any(self.spent(node, action) for action in actions) or (bool(put_off) and all(put_off))

    def _hold_back(self, node: Node, action: Action) -> Wait | None:
        """Break the circle of a boot, an action that does not help, and the next boot: wait ever longer before it."""
        boots, now = self._memory.boots_in_vain(node.name, action.kind()), self._clock.monotonic()
        node.held_back_since = now if node.held_back_since is None else node.held_back_since
        left = node.held_back_since + hold_back(boots) - now
        if left <= 0:
            return None
        why = f"holds back: a {action.kind()} did not help in the last {boots} boots"
        return Wait(f"{why}; will {action.sentence} all the same", again=left, counts=False)


def _times(known: Iterable[ActionRecord], done: ActionRecord) -> int:
    """Count what was done in this incident, or within a day of `done`."""
    a_day_ago = done.at - DAY
    return sum(other.count if other.incident == done.incident else other.times_after(a_day_ago) for other in known)


def _of_a_kind(other: ActionRecord, done: ActionRecord) -> bool:
    """Tell whether it was the same for the same cause, to whatever object; what is folded knows neither any more."""
    return other.action == done.action and (other.cause == done.cause or not other.object)
