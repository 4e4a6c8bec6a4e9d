"""Retries with back-off: an action that failed is tried again ever more seldom, and given up in the end.

The failures are remembered, so that a new process goes on counting; when to try again is not: it may try at once.
"""

from bootheal.backoff import LONGEST_RECHECK_SECONDS, MOST_FAILURES, jittered, try_again
from bootheal.engine.node import NEVER, Node
from bootheal.engine.recorder import Recorder
from bootheal.errors import BoothealError, ConflictError, DeniedError, TransientError
from bootheal.model import ActionRecord
from bootheal.ports import Clock
from bootheal.step import Action, GiveUp, Wait


class Setbacks:
    """Judges what failed, and objects to doing it again too soon."""

    def __init__(self, *, clock: Clock, memory: Recorder) -> None:
        self._clock, self._memory = clock, memory

    def failed(self, node: Node, action: Action, done: ActionRecord, error: BoothealError) -> Wait | GiveUp:
        """Return what the step's judgement is, now that the action failed that `done` records."""
        now, times = self._clock.monotonic(), self._failures(node, done).count
        refused = isinstance(error, DeniedError) and bool(error.status)
        since = node.actions_refused_since
        node.actions_refused_since = (now if since is None else since) if refused else None
        told = error.again if isinstance(error, TransientError) else None
        quick = isinstance(error, ConflictError)  # somebody was quicker: what was read anew may do
        again = max(try_again(times) if not quick else try_again(times - 1) if times > 1 else 0.0, told or 0.0)
        if times >= MOST_FAILURES:
            node.put_off[_key(done)] = now + jittered(LONGEST_RECHECK_SECONDS)
            return GiveUp(f"cannot {action.sentence}: it was tried {times} times and failed, at last with: {error}")
        node.put_off[_key(done)] = now + again
        if refused or told:  # such an answer is about who asks, whatever he asks for
            node.all_put_off = now + again
        passes = node.refusal_may_pass(now) if isinstance(error, DeniedError) else isinstance(error, TransientError)
        if passes:
            return Wait(f"cannot {action.sentence} yet: {error}", again=again)
        return GiveUp(f"cannot {action.sentence}: {error}", error.hint)

    def done(self, node: Node, done: ActionRecord) -> None:
        """It has succeeded."""
        node.actions_refused_since, node.all_put_off = None, NEVER
        node.put_off.pop(_key(done), None)

    def objection(self, node: Node, action: Action, intent: ActionRecord) -> Wait | GiveUp | None:
        """Return what the step's judgement is instead of trying it again now; None where nothing speaks against it."""
        left = self._left(node, intent)
        if left <= 0:
            return None
        failures = self._failures(node, intent)
        if failures.count >= MOST_FAILURES:
            return GiveUp(f"cannot {action.sentence}: it was tried {failures.count} times and {failures.result}")
        why = failures.result.removeprefix("failed: ") or "the API server refuses such requests for now"
        return Wait(f"cannot {action.sentence} yet: {why}", again=left)

    def put_off(self, node: Node, intent: ActionRecord) -> bool:
        """Tell whether it has failed too often, and lately."""
        return self._left(node, intent) > 0

    def _left(self, node: Node, intent: ActionRecord) -> float:
        until = max(node.put_off.get(_key(intent), NEVER), node.all_put_off)
        return until - self._clock.monotonic()

    def _failures(self, node: Node, intent: ActionRecord) -> ActionRecord:
        """Return the record of its failures since it last succeeded in this incident, with a count of 0 for none."""
        same = [
            other
            for other in self._memory.done(node.name)
            if other.same_as(intent) and other.incident == intent.incident and other.result != "intended"
        ]
        if same and same[-1].failed:
            return same[-1]
        return ActionRecord(0, "", "", "", 0.0, "", result="", count=0)


def _key(done: ActionRecord) -> tuple[str, str, str]:
    return done.action, done.object, done.cause
