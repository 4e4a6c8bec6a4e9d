"""What becomes of a step by its judgement, and of those that come after it.

Only in a pass is anything changed: outside of one there is no executor. What is not as
expected then raises the alarm, and the pass that follows looks again.
"""

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from bootheal.backoff import jittered, pause, recheck
from bootheal.engine.bounds import Bounds
from bootheal.engine.executor import EventSink, Executor
from bootheal.engine.graph import Graph
from bootheal.engine.messages import Limits
from bootheal.engine.node import Node
from bootheal.engine.recorder import Recorder
from bootheal.model import Ending, EventKind
from bootheal.model.durations import spoken
from bootheal.model.past import rebooted
from bootheal.ports import Clock
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait

FOR_EVER = float("inf")
FOR_A_PLACE = Wait("waits for other restarts to end (max_parallel)", again=FOR_EVER, counts=False)
WIND_DOWN_PACE_SECONDS = 0.5

# What has to be well for a while is looked at about so often: never in step with what comes and goes.
PROOF_PACE_SECONDS = 1.0

MORE = "kubectl get pods,events -A shows more"
LONGER = "if it only needs longer, raise its patience"


class Transitions:
    """The only one who says how a step stands. `executor` makes who acts, anew for each pass."""

    def __init__(
        self,
        graph: Graph,
        executor: Callable[[], Executor],
        *,
        bounds: Bounds,
        clock: Clock,
        memory: Recorder,
        limits: Limits,
        tell: EventSink,
    ) -> None:
        self._graph, self._make_executor, self._bounds = graph, executor, bounds
        self._clock, self._memory, self._limits, self._tell = clock, memory, limits, tell
        self._executor: Executor | None = None
        self.epoch = ""
        self.alarmed = False

    @contextmanager
    def entered(self, epoch: str) -> Iterator[None]:
        """Let things be changed while this lasts. StateError where nothing can be remembered: then nothing is."""
        self._enter(epoch)
        self.alarmed, self._executor = False, self._make_executor()
        try:
            yield
        finally:
            self._executor.clear()
            self._graph.places.clear()
            self._executor = None

    @property
    def busy(self) -> bool:
        """Whether something that was decided on is still to be done."""
        return self._executor is not None and self._executor.busy

    def apply(self, node: Node, judgement: Judgement | Exception, *, seen: bool = True) -> None:
        """Do what a judgement says; an exception is a bug. `seen`: it is about what was seen, and not of a failed look.

        Who cannot be looked at now and then, as through a busy API server, has not been ill for that; nor has the API
        server itself.
        """
        node.count(self._clock.monotonic())
        node.queued = False
        vain = node.failed and self._in_vain(node, judgement)
        seen = seen and not (isinstance(judgement, Wait) and judgement.blind)
        judgement = self._doubted(node, judgement) if seen and node.step.has_to_last else judgement
        if vain:
            self._fail_again(node, judgement)
            return
        if self._executor is None and not self._as_expected(node, judgement):
            self._alarm(node, judgement)
            return
        if node.failed:
            self._graph.revive(node)
        match judgement:
            case Settled():
                self._settle(node, judgement)
            case Wait():
                self._wait(node, judgement)
            case Act():
                self._act(node, judgement)
            case GiveUp():
                self._give_up(node, judgement)
            case _:
                self._fail(node, judgement)

    def _doubted(self, node: Node, judgement: Judgement | Exception) -> Judgement | Exception:
        """Return what to make of it where it was well and ill by turns: then it has to be well for a while."""
        now = self._clock.monotonic()
        if not isinstance(judgement, Settled):
            node.steadiness.fell_ill(now)
            return judgement
        left = node.steadiness.must_last(now)
        if not left or node.settled or self._executor is None:
            return judgement
        lasts = spoken(node.steadiness.proof_seconds)
        why = f"was ill again {node.steadiness.relapses} times of late, and has to be well for {lasts}"
        return Wait(f"{why}: {judgement.why}", again=min(left, jittered(PROOF_PACE_SECONDS)))

    def _settle(self, node: Node, judgement: Settled) -> None:
        news = not node.settled or (node.why != judgement.why and self._executor)  # between passes: still well
        node.remarks, node.failures, node.waited = judgement.remarks, 0, 0.0
        node.calm = node.calm + 1 if node.settled and node.why == judgement.why else 0
        if judgement.epoch:
            self._believe(judgement)
        if judgement.baseline:
            self._memory.set_baseline(node.name, judgement.baseline)
        self._end(node, Ending.SETTLED, judgement.why)
        node.later = judgement.again is not None
        self._look_again(node, recheck(self._limits.recheck) if judgement.again is None else judgement.again)
        if news:
            self._tell(EventKind.SETTLED, node, judgement.why, hint="; ".join(judgement.remarks))

    def _believe(self, gate: Settled) -> None:
        """Go on in the boots that the gate tells of. A node that has joined changes nothing for the others."""
        if self._is_another(gate.epoch, gate.boots):
            self._enter(gate.epoch, gate.boots)
        elif gate.boots != self._memory.boots:
            self._memory.turn_to(gate.epoch, gate.boots)

    def _is_another(self, epoch: str, boots: Mapping[str, str]) -> bool:
        """Whether that is another boot than the one that we are in."""
        return epoch != self.epoch or rebooted(self._memory.boots, boots)

    def _enter(self, epoch: str, boots: Mapping[str, str] | None = None) -> None:
        """Go on in `epoch`; what was judged in another one is not believed in this one."""
        again = self._is_another(epoch, boots or {})
        self._memory.enter(epoch, boots)
        if again:
            self.epoch = epoch
            self._graph.reopen()

    def _wait(self, node: Node, judgement: Wait) -> None:
        now, node.calm = self._clock.monotonic(), 0
        if node.waited >= node.step.patience:
            self._give_up(node, _out_of_patience(node, judgement))
            return
        if node.settled:
            self._unsettle(node, judgement.why)
        elif node.why != judgement.why:
            self._tell(EventKind.WAITING, node, judgement.why)
        node.why = judgement.why
        waiting = node.wait(now, counts=judgement.counts)
        if not judgement.counts:
            self._graph.places.release(node.name)
        again = judgement.again
        self._look_again(node, pause(waiting, watched=judgement.watched) if again is None else again)

    def _look_again(self, node: Node, seconds: float) -> None:
        """In so many seconds; at once if something changed while it was being looked at."""
        node.due = node.looked + node.settles_down if node.changed else self._clock.monotonic() + seconds

    def _unsettle(self, node: Node, why: str) -> None:
        node.reopen()
        self._graph.stand_still(node, self._clock.monotonic())
        self._tell(EventKind.UNSETTLED, node, why)

    def _give_up(self, node: Node, judgement: GiveUp) -> None:
        self._tell(EventKind.GAVE_UP, node, judgement.why, hint=judgement.hint)
        self._end(node, Ending.GAVE_UP, judgement.why)
        node.hint, node.person, node.refused = judgement.hint, judgement.person, judgement.refused
        node.due = self._clock.monotonic() + recheck(self._limits.recheck, node.failures)

    def _fail(self, node: Node, bug: Exception) -> None:
        node.hint, why = _where(bug), f"{type(bug).__name__}: {bug}"
        self._tell(EventKind.BUG, node, why, hint=node.hint)
        self._end(node, Ending.BUG, why)

    def _end(self, node: Node, ending: Ending, why: str) -> None:
        node.end(ending, why, self._clock.monotonic())
        self._graph.places.release(node.name)
        if node.failed:
            self._skip(node)

    def _skip(self, failed: Node) -> None:
        for node in self._graph.dependants(failed):
            if not node.failed:
                why = "no longer judged" if node.settled else "not tried"
                self._tell(EventKind.SKIPPED, node, f"{why}{self._graph.because(node)}")
                self._end(node, Ending.SKIPPED, why)

    def wind_down(self, node: Node, judgement: Judgement | Exception) -> bool:
        """Do what must be done before the report; return whether to look again for it."""
        if isinstance(judgement, Act) and self._executor:
            do, objection = self._executor.do, self._bounds.objection
            tried = [objection(node, action) or do(node, action) for action in judgement.actions]
            judgement = next((instead for instead in tried if instead is not None), Settled(judgement.why))
        if isinstance(judgement, Exception):
            self._fail(node, judgement)
        if not isinstance(judgement, Wait):
            return False
        node.why, node.due = judgement.why, self._clock.monotonic() + (judgement.again or WIND_DOWN_PACE_SECONDS)
        return True

    # --- staying ----------------------------------------------------------------------------------

    def _in_vain(self, node: Node, judgement: Judgement | Exception) -> bool:
        """Whether what has failed is no better: it has to wait, to give up, or to do what was done too often."""
        match judgement:
            case Wait() | GiveUp():
                return True
            case Act():
                return self._bounds.in_vain(node, judgement.actions)
            case _:
                return False

    def _fail_again(self, node: Node, judgement: Judgement | Exception) -> None:
        """It was tried again in vain. What changed about it is told; its descendants stay skipped."""
        node.failures += 1
        node.due = self._clock.monotonic() + recheck(self._limits.recheck, node.failures)
        if isinstance(judgement, GiveUp) and judgement.why != node.why:
            self._give_up(node, judgement)

    def _as_expected(self, node: Node, judgement: Judgement | Exception) -> bool:
        if not (node.settled and isinstance(judgement, Settled)):
            return False
        return not judgement.epoch or not self._is_another(judgement.epoch, judgement.boots)

    def _alarm(self, node: Node, judgement: Judgement | Exception) -> None:
        """A pass has something to do: it looks again, under the lock and with what is remembered by then."""
        self.alarmed = True
        known = node.ending is None  # the last pass was cut short
        self._graph.revive(node)
        self._graph.stand_still(node, self._clock.monotonic())
        if not known:
            self._tell(EventKind.UNSETTLED, node, str(judgement) if isinstance(judgement, Exception) else judgement.why)

    # --- acting -----------------------------------------------------------------------------------

    def _act(self, node: Node, judgement: Act) -> None:
        if node.settled:
            self._unsettle(node, judgement.why)
        node.why, node.due = judgement.why, 0.0
        if self._executor and self._graph.ready(node):  # else it is looked at again once that is so
            self._executor.schedule(node, judgement.actions)

    def act(self) -> bool:
        """Do one thing that was decided on; False where there is none. Its place is taken now, and not before."""
        if self._executor is None or (due := self._executor.take()) is None:
            return False
        node, action = due
        instead: Judgement | Exception | None = self._bounds.objection(node, action)
        if instead is None and action.disruptive and not self._graph.places.acquire(node.name):
            instead = FOR_A_PLACE
        if instead is None:
            instead = self._executor.do(node, action)
        if action.apart and isinstance(instead, Wait | GiveUp) and not (instead is FOR_A_PLACE or node.denied(instead)):
            node.setback, instead = _milder(node.setback, instead), None
        if instead is None and not node.todo:
            instead = node.setback
        if instead is not None:
            node.drop()
            self.apply(node, instead)
            node.queued = instead is FOR_A_PLACE and node.ending is None
        elif not node.todo:
            node.due, node.waiting_since = 0.0, None  # it has changed: what is waited for from now on is another thing
        return True


def _out_of_patience(node: Node, judgement: Wait) -> GiveUp:
    """Say what was seen last, what to do about it or what shows more, and that it may be a matter of time."""
    said = judgement.hint or node.step.shows_more or MORE
    why = f"{judgement.why}; patience of {spoken(node.step.patience)} has run out"
    return GiveUp(why, f"{said}; {LONGER}")


def _milder(one: Wait | GiveUp | None, other: Wait | GiveUp) -> Wait | GiveUp:
    """Return what to make of two that failed: as long as one may be tried again, the step goes on."""
    waits = [setback for setback in (one, other) if isinstance(setback, Wait)]
    return min(waits, key=lambda wait: wait.again or 0.0) if waits else one or other


def _where(error: Exception) -> str:
    """Name the line that a bug report should begin with."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"please report it: {frames[-1].filename}:{frames[-1].lineno}" if frames else "please report it"
