"""How an action is done: the intent on disk, the change, its result on disk; and no action for ever."""

from dataclasses import replace
from http import HTTPStatus
from typing import Protocol

from bootheal.backoff import hold_back
from bootheal.engine.node import Node
from bootheal.engine.recorder import Recorder
from bootheal.errors import BoothealError, DeniedError, StateError, TransientError, scarce
from bootheal.model import ActionRecord, EventKind
from bootheal.ports import Clock, World
from bootheal.step import Action, GiveUp, Wait

DAY_SECONDS = 86400.0


class EventSink(Protocol):
    """Tells what happens: kind, node, text, and the record of the action that it is about."""

    def __call__(
        self, kind: EventKind, node: Node | None, text: str, done: ActionRecord | None = None, *, hint: str = ""
    ) -> None:
        """EventSink it."""


class Executor:
    """Does one action at a time."""

    def __init__(self, world: World, *, clock: Clock, memory: Recorder, tell: EventSink, max_repeats: int) -> None:
        self._world, self._clock, self._memory, self._tell = world, clock, memory, tell
        self._max_repeats = max_repeats

    def do(self, node: Node, action: Action) -> Wait | GiveUp | Exception | None:
        """Do it. None: it is done; else what the step's judgement is instead (an exception is a bug)."""
        done = self._intent(node, action)
        if times := self.spent(node, action):
            hint = f"find out what undoes it, or what else is wrong with {action.about}"
            return GiveUp(f"cannot {action.sentence} again: it was done {times} times and did not help", hint)
        if action.bounded and (held_back := self._hold_back(node, action)):
            return held_back
        try:
            done = replace(done, evidence=action.evidence(self._world))
            self._memory.record(node.name, done)
            self._tell(EventKind.ACTING, node, action.sentence, done)
            with scarce(action.sentence):
                action.apply(self._world)
        except BoothealError as error:
            return self._failed(node, done, error) or _judge_failure(action, error)
        except Exception as error:  # noqa: BLE001 - our bug: it must not take the other steps along
            return self._failed(node, done, type(error).__name__) or error
        return self._acted(node, replace(done, result="done"), EventKind.ACTED, done.sentence)

    def spent(self, node: Node, action: Action) -> int:
        """Return how often it was done for this cause in this incident, or in a day, if that was often enough; else 0.

        A machine may be up for a year; what helps for some minutes, again and again, does not help.
        """
        done = self._intent(node, action)
        same = (other for other in self._memory.done(node.name) if other.same_as(done) and not other.failed)
        a_day_ago = done.at - DAY_SECONDS
        times = sum(other.count if other.incident == done.incident else other.times_after(a_day_ago) for other in same)
        return times if action.bounded and times >= self._max_repeats else 0

    def _hold_back(self, node: Node, action: Action) -> Wait | None:
        """Break the circle of a boot, an action that does not help, and the next boot: wait ever longer before it."""
        boots, now = self._memory.boots_in_vain(node.name, action.kind()), self._clock.monotonic()
        node.held_back_since = now if node.held_back_since is None else node.held_back_since
        left = node.held_back_since + hold_back(boots) - now
        if left <= 0:
            return None
        why = f"holds back: a {action.kind()} did not help in the last {boots} boots"
        return Wait(f"{why}; will {action.sentence} all the same", again=left, counts=False)

    def _intent(self, node: Node, action: Action) -> ActionRecord:
        return ActionRecord(
            number=self._memory.next_number(node.name),
            action=action.kind(),
            object=str(action.about),
            cause=action.cause,
            at=self._clock.now(),
            sentence=action.sentence,
            note=action.note,
            repairs=action.repairs,
            incident=self._memory.incident(node.name),
            objects=action.objects,
        )

    def _failed(self, node: Node, done: ActionRecord, error: Exception | str) -> GiveUp | None:
        done = replace(done, result=f"failed: {error}")
        return self._acted(node, done, EventKind.FAILED, f"{done.sentence}: {done.result}")

    def _acted(self, node: Node, done: ActionRecord, kind: EventKind, text: str) -> GiveUp | None:
        node.done.append(done)
        self._tell(kind, node, text, done)
        try:
            self._memory.record(node.name, done)
        except StateError as error:
            return GiveUp(str(error), error.hint)
        return None


def _judge_failure(action: Action, error: BoothealError) -> Wait | GiveUp:
    """A credential that the API server does not know is looked at again, too: the looks tell whether that passes."""
    if isinstance(error, TransientError):
        return Wait(f"cannot {action.sentence} yet: {error}", again=error.again)
    if isinstance(error, DeniedError) and error.status == HTTPStatus.UNAUTHORIZED:
        return Wait(f"cannot {action.sentence} yet: {error}")
    return GiveUp(f"cannot {action.sentence}: {error}", error.hint)
