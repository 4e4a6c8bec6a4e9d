"""What becomes of a step by its judgement, and of those that come after it.

At rest nothing is changed: what is not as expected raises the alarm, and the pass that
follows looks again.
"""

import traceback
from collections.abc import Callable

from bootheal.backoff import pause, recheck
from bootheal.engine.executor import EventSink, Executor
from bootheal.engine.graph import Graph
from bootheal.engine.messages import Limits
from bootheal.engine.node import SETTLE_DOWN_SECONDS, Node
from bootheal.engine.recorder import Recorder
from bootheal.model import Ending, EventKind
from bootheal.ports import Clock
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait

FOR_EVER = float("inf")
WIND_DOWN_PACE_SECONDS = 0.5
OUT_OF_PATIENCE = "find out why; if it only needs longer, raise its patience"


class Transitions:
    """The course that things take. `stop_came` is asked between two actions of one judgement."""

    def __init__(
        self,
        graph: Graph,
        executor: Executor,
        *,
        clock: Clock,
        memory: Recorder,
        limits: Limits,
        tell: EventSink,
        stop_came: Callable[[], bool],
    ) -> None:
        self._graph, self._executor = graph, executor
        self._clock, self._memory, self._limits = clock, memory, limits
        self._tell, self._stop_came = tell, stop_came
        self.epoch = ""
        self.resting = self.alarmed = False

    def apply(self, node: Node, judgement: Judgement | Exception) -> None:
        """Do what a judgement says; an exception is a bug."""
        node.count(self._clock.monotonic())
        node.queued = False
        if node.failed and self._in_vain(node, judgement):
            self._fail_again(node, judgement)
            return
        if self.resting and not self._as_expected(node, judgement):
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
                node.hint = _where(judgement)
                why = f"{type(judgement).__name__}: {judgement}"
                self._tell(EventKind.BUG, node, why, hint=node.hint)
                self._end(node, Ending.BUG, why)

    def _settle(self, node: Node, judgement: Settled) -> None:
        news = not node.settled or (node.why != judgement.why and not self.resting)  # between passes: still well
        if not node.settled:
            for other in self._graph.dependants(node):
                if other.settled:  # it was well, fell ill, and is well again: were they?
                    other.wake()
        node.remarks, node.failures, node.waited = judgement.remarks, 0, 0.0
        if judgement.epoch and judgement.epoch != self.epoch:
            self.enter(judgement.epoch)
        if judgement.baseline:
            self._memory.set_baseline(node.name, judgement.baseline)
        self._end(node, Ending.SETTLED, judgement.why)
        self._look_again(node, recheck(self._limits.recheck))
        if news:
            self._tell(EventKind.SETTLED, node, judgement.why, hint="; ".join(judgement.remarks))

    def enter(self, epoch: str) -> None:
        """Go on in `epoch`; what was judged in another one is not believed in this one."""
        self._memory.enter(epoch)
        if epoch != self.epoch:
            self.epoch = epoch
            for node in self._graph:
                node.reopen()

    def _wait(self, node: Node, judgement: Wait) -> None:
        now = self._clock.monotonic()
        if node.waited >= node.step.patience:
            minutes = node.step.patience / 60
            self._give_up(node, GiveUp(f"{judgement.why}; patience of {minutes:g} min has run out", OUT_OF_PATIENCE))
            return
        if node.settled:
            self._unsettle(node, judgement.why)
        elif node.why != judgement.why:
            self._tell(EventKind.WAITING, node, judgement.why)
        node.why = judgement.why
        node.counting_since = now if judgement.counts else None
        again = pause(node.waited) if judgement.again is None else judgement.again
        self._look_again(node, again)

    def _look_again(self, node: Node, seconds: float) -> None:
        """In so many seconds; at once if something changed while it was being looked at."""
        node.due = node.looked + SETTLE_DOWN_SECONDS if node.changed else self._clock.monotonic() + seconds

    def _unsettle(self, node: Node, why: str) -> None:
        node.reopen()
        self._graph.stand_still(node, self._clock.monotonic())
        self._tell(EventKind.UNSETTLED, node, why)

    def _give_up(self, node: Node, judgement: GiveUp) -> None:
        self._tell(EventKind.GAVE_UP, node, judgement.why, hint=judgement.hint)
        self._end(node, Ending.GAVE_UP, judgement.why)
        node.hint, node.person, node.refused = judgement.hint, judgement.person, judgement.refused
        node.due = self._clock.monotonic() + recheck(self._limits.recheck, node.failures)

    def _end(self, node: Node, ending: Ending, why: str) -> None:
        node.ending, node.why = ending, why
        node.ended = self._clock.monotonic() if node.ended is None else node.ended
        self._graph.leave_place(node)
        if node.failed:
            node.changed = False
            self._skip(node)

    def _skip(self, failed: Node) -> None:
        for node in self._graph.dependants(failed):
            if not node.failed:
                why = "no longer judged" if node.settled else "not tried"
                self._tell(EventKind.SKIPPED, node, f"{why}{self._graph.because(node)}")
                self._end(node, Ending.SKIPPED, why)

    def wind_down(self, node: Node, judgement: Judgement | Exception) -> bool:
        """Do what must be done before the report; return whether to look again for it."""
        if isinstance(judgement, Act):
            tried = [self._executor.do(node, action) for action in judgement.actions]
            judgement = next((instead for instead in tried if instead is not None), Settled(judgement.why))
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
                return any(self._executor.spent(node, action) for action in judgement.actions)
            case _:
                return False

    def _fail_again(self, node: Node, judgement: Judgement | Exception) -> None:
        """It was tried again in vain. What changed about it is told; its descendants stay skipped."""
        node.failures += 1
        node.due = self._clock.monotonic() + recheck(self._limits.recheck, node.failures)
        if isinstance(judgement, GiveUp) and judgement.why != node.why:
            self._give_up(node, judgement)

    def _as_expected(self, node: Node, judgement: Judgement | Exception) -> bool:
        well = isinstance(judgement, Settled) and judgement.epoch in ("", self.epoch)
        return node.settled and well

    def _alarm(self, node: Node, judgement: Judgement | Exception) -> None:
        """A pass has something to do: it looks again, under the lock and with what is remembered by then."""
        self.alarmed = True
        why = str(judgement) if isinstance(judgement, Exception) else judgement.why
        self._graph.revive(node)
        self._tell(EventKind.UNSETTLED, node, why)

    # --- acting -----------------------------------------------------------------------------------

    def _act(self, node: Node, judgement: Act) -> None:
        if not self._graph.ready(node):
            node.changed = True  # look again once what it comes after has settled again
            return
        if any(action.disruptive for action in judgement.actions) and not self._graph.take_place(node):
            wait = Wait("waits for other restarts to end (max_parallel)", again=FOR_EVER, counts=False)
            self._wait(node, wait)  # until one is offered
            return
        if node.settled:
            self._unsettle(node, judgement.why)
        node.why, node.due = judgement.why, 0.0
        for action in judgement.actions:
            if self._stop_came():
                return
            instead = self._executor.do(node, action)
            if instead is not None:
                self.apply(node, instead)
                return


def _where(error: Exception) -> str:
    """Name the line that a bug report should begin with."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"please report it: {frames[-1].filename}:{frames[-1].lineno}" if frames else "please report it"
