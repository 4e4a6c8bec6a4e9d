"""The loop: look, judge, act, look again, over a graph, until nothing is left to do.

One queue takes the results of looks, changes seen by watches, and signals. Looks run
on workers, since they may block; judging and acting stay on this thread, in the order
in which things arrive. A step is ready the moment all it comes after has settled.
Settled is not for ever: when something a step is interested in changes, it is looked
at again. A step that fails stops its descendants only.

A pass (`run`) heals and ends with a report. Between passes `rest` only looks: what is
well now and then, what has failed ever more seldom. It changes and remembers nothing,
and returns when a pass would have something to do.
"""

import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

from bootheal.engine.hands import Hands
from bootheal.engine.inbox import Changed, Inbox, Limits, Looked, Renew, Stop
from bootheal.engine.node import SETTLE_DOWN, Node
from bootheal.engine.nodes import Nodes
from bootheal.engine.past import recall
from bootheal.errors import BoothealError
from bootheal.model import Done, Ending, Event, EventKind, Report
from bootheal.patience import pause, recheck
from bootheal.plan import Plan
from bootheal.ports import Clock, Memory, Workers, World
from bootheal.step import Act, GiveUp, Judgement, Seen, Settled, Step, Wait

FOR_EVER = float("inf")


class Engine:
    """Passes over a plan. `tell` gets every event, on this thread, as it happens; `turned` is called at each turn.

    `renew` is asked when Renew arrives; where it says True, the pass or rest under way ends.
    """

    def __init__(
        self,
        plan: Plan,
        world: World,
        *,
        clock: Clock,
        workers: Workers,
        memory: Memory,
        tell: Callable[[Event], None],
        inbox: Inbox,
        limits: Limits | None = None,
        turned: Callable[[], None] = lambda: None,
        renew: Callable[[], bool] = lambda: False,
    ) -> None:
        self._plan, self._world = plan, world
        self._clock, self._workers, self._memory, self._tell = clock, workers, memory, tell
        self._inbox, self._turned, self._renew = inbox, turned, renew
        self._put_off: deque[Changed | Looked | Renew] = deque()
        self._limits = limits or Limits()
        self._hands = Hands(world, clock=clock, memory=memory, tell=self._event, max_repeats=self._limits.max_repeats)
        self._nodes = Nodes(plan, self._limits.max_parallel)
        self._epoch = ""
        self._start = clock.monotonic()
        self._resting = self._alarmed = False
        self.stopped = self.renewed = False

    def run(self, epoch: str) -> Report:
        """Work until every step has ended, the deadline passes, or Stop arrives. StateError if nothing can be kept.

        `epoch` is what is known of this boot before the gate has looked: the host's
        boot id, or the epoch remembered last.
        """
        began, self._start = self._clock.now(), self._clock.monotonic()
        self._resting = self._alarmed = False
        self._enter(epoch)
        for node in self._nodes:
            node.begin_pass()
        self._event(EventKind.STARTED, None, f"{len(self._nodes)} steps")
        self._world.cluster.watch(self._nodes.interests, lambda what: self._inbox.put(Changed(what)))
        while not self._finished():
            self._start_looks()
            self._turn(self._until_due(self._start + self._limits.deadline))
        return self._report(began)

    def rest(self) -> None:
        """Only look, until a pass would have something to do, or until Stop or Renew."""
        self._resting, self._start = True, self._clock.monotonic()
        while not (self._alarmed or self.stopped or self.renewed):
            self._start_looks()
            self._turn(self._until_due(FOR_EVER))

    def pause(self, seconds: float) -> None:
        """Don't even look, for so long, or until Stop or Renew."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0 and not (self.stopped or self.renewed):
            self._turn(left)

    # --- the loop ---------------------------------------------------------------------------------

    def _turn(self, sleep: float) -> None:
        """Take what has arrived, or arrives within `sleep` seconds; a burst is taken at once."""
        item = self._next(min(sleep, self._limits.longest_sleep))
        while item is not None:
            self._take(item)
            item = self._next(0.0)
        self._turned()

    def _next(self, seconds: float) -> Any:
        return self._put_off.popleft() if self._put_off else self._clock.receive(self._inbox, seconds)

    def _finished(self) -> bool:
        if self.stopped or self.renewed or self._clock.monotonic() - self._start >= self._limits.deadline:
            return True
        return all(node.failed or (node.settled and not node.looking and not node.changed) for node in self._nodes)

    def _start_looks(self) -> None:
        now = self._clock.monotonic()
        for node in self._nodes:
            if self._may_look(node) and node.due <= now:
                node.look_begins(now)
                self._workers.start(self._look(node.step))

    def _may_look(self, node: Node) -> bool:
        if node.looking or not self._nodes.ready(node):
            return False
        return node.ending is None or node.changed or (self._limits.stay and node.ending is not Ending.SKIPPED)

    def _look(self, step: Step[Any]) -> Callable[[], None]:
        def look() -> None:
            try:
                result: Seen | Exception = step.look(self._world)
            except Exception as error:  # noqa: BLE001 - whatever it is, the loop must hear of it
                result = error
            self._inbox.put(Looked(step, result))

        return look

    def _until_due(self, deadline: float) -> float:
        """Return the seconds until something is due; a look under way wakes us by itself."""
        due = [node.due for node in self._nodes if self._may_look(node)]
        return max(0.0, min([*due, deadline]) - self._clock.monotonic())

    def _take(self, item: Changed | Looked | Stop | Renew) -> None:
        match item:
            case Stop():
                self.stopped = True
            case Renew():
                self.renewed = self._renew() or self.renewed
            case Changed(what):
                self._nodes.wake(what)
            case Looked(step, result):
                self._seen(step, result)

    def _seen(self, step: Step[Any], result: Seen | Exception) -> None:
        node = self._nodes.of(step)
        if node is None:  # asked for before the configuration was renewed
            return
        node.looking = False
        if self._limits.stay or not node.failed:
            self._obey(node, self._judge(node, result))

    def _stop_came(self) -> bool:
        """Whether Stop is among what arrived meanwhile; the rest is put off until its turn."""
        while not self.stopped and not self._inbox.empty():
            item = self._inbox.get()
            self.stopped = isinstance(item, Stop)
            if not isinstance(item, Stop):
                self._put_off.append(item)
        return self.stopped

    # --- judging ----------------------------------------------------------------------------------

    def _judge(self, node: Node, result: Seen | Exception) -> Judgement | Exception:
        if isinstance(result, BoothealError):
            return node.judge_error(result, self._clock.monotonic())
        if isinstance(result, Exception):
            return result
        node.denied_since = None
        try:
            past = recall(self._memory, self._plan, node.name, result, epoch=self._epoch, clock=self._clock)
            return node.step.judge(result, past)
        except Exception as error:  # noqa: BLE001 - a judgement that fails is our bug: reported as one
            return error

    def _obey(self, node: Node, judgement: Judgement | Exception) -> None:
        node.count(self._clock.monotonic())
        if node.failed and self._in_vain(node, judgement):
            self._fail_again(node, judgement)
            return
        if self._resting and not self._as_expected(node, judgement):
            self._alarm(node, judgement)
            return
        if node.failed:
            self._nodes.revive(node)
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
                self._event(EventKind.BUG, node, why, hint=node.hint)
                self._end(node, Ending.BUG, why)

    def _settle(self, node: Node, judgement: Settled) -> None:
        news = not node.settled or node.why != judgement.why
        if not node.settled:
            for other in self._nodes.dependants(node):
                if other.settled:  # it was well, fell ill, and is well again: were they?
                    other.wake()
        node.remarks, node.failures, node.waited = judgement.remarks, 0, 0.0
        if judgement.epoch and judgement.epoch != self._epoch:
            self._enter(judgement.epoch)
        if judgement.keep:
            self._memory.keep(node.name, judgement.keep)
        self._end(node, Ending.SETTLED, judgement.why)
        self._look_again(node, recheck(self._limits.recheck))
        if news:
            self._event(EventKind.SETTLED, node, judgement.why, hint="; ".join(judgement.remarks))

    def _enter(self, epoch: str) -> None:
        """Begin anew: what was judged in another epoch is not believed in this one."""
        self._memory.enter(epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            for node in self._nodes:
                node.reopen()

    def _wait(self, node: Node, judgement: Wait) -> None:
        now = self._clock.monotonic()
        if node.waited >= node.step.patience:
            minutes = node.step.patience / 60
            self._give_up(node, GiveUp(f"{judgement.why}; patience of {minutes:g} min has run out"))
            return
        if node.settled:
            self._unsettle(node, judgement.why)
        elif node.why != judgement.why:
            self._event(EventKind.WAITING, node, judgement.why)
        node.why = judgement.why
        node.counting_since = now if judgement.counts else None
        again = pause(node.waited) if judgement.again is None else judgement.again
        self._look_again(node, again)

    def _look_again(self, node: Node, seconds: float) -> None:
        """In so many seconds; at once if something changed while it was being looked at."""
        node.due = node.looked + SETTLE_DOWN if node.changed else self._clock.monotonic() + seconds

    def _unsettle(self, node: Node, why: str) -> None:
        node.reopen()
        self._nodes.stand_still(node, self._clock.monotonic())
        self._event(EventKind.UNSETTLED, node, why)

    def _give_up(self, node: Node, judgement: GiveUp) -> None:
        self._event(EventKind.GAVE_UP, node, judgement.why, hint=judgement.hint)
        self._end(node, Ending.GAVE_UP, judgement.why)
        node.hint, node.person, node.refused = judgement.hint, judgement.person, judgement.refused
        node.due = self._clock.monotonic() + recheck(self._limits.recheck, node.failures)

    def _end(self, node: Node, ending: Ending, why: str) -> None:
        node.ending, node.why = ending, why
        node.ended = self._clock.monotonic() if node.ended is None else node.ended
        self._nodes.leave_place(node)
        if node.failed:
            node.changed = False
            self._skip(node)

    def _skip(self, failed: Node) -> None:
        for node in self._nodes.dependants(failed):
            if not node.failed:
                told = "no longer judged" if node.settled else "not tried"
                why = f"{told}, because {failed.name} failed"
                self._event(EventKind.SKIPPED, node, why)
                self._end(node, Ending.SKIPPED, why)

    # --- staying ----------------------------------------------------------------------------------

    def _in_vain(self, node: Node, judgement: Judgement | Exception) -> bool:
        """Whether what has failed is no better: it has to wait, to give up, or to do what was done too often."""
        match judgement:
            case Wait() | GiveUp():
                return True
            case Act():
                return any(self._hands.spent(node, action) for action in judgement.actions)
            case _:
                return False

    def _fail_again(self, node: Node, judgement: Judgement | Exception) -> None:
        """It was tried again in vain. What changed about it is told; its descendants stay skipped."""
        node.failures += 1
        node.due = self._clock.monotonic() + recheck(self._limits.recheck, node.failures)
        if isinstance(judgement, GiveUp) and judgement.why != node.why:
            self._give_up(node, judgement)

    def _as_expected(self, node: Node, judgement: Judgement | Exception) -> bool:
        well = isinstance(judgement, Settled) and judgement.epoch in ("", self._epoch)
        return node.settled and well

    def _alarm(self, node: Node, judgement: Judgement | Exception) -> None:
        """A pass has something to do: it looks again, under the lock and with what is remembered by then."""
        self._alarmed = True
        why = str(judgement) if isinstance(judgement, Exception) else judgement.why
        self._nodes.revive(node)
        self._event(EventKind.UNSETTLED, node, why)

    # --- acting -----------------------------------------------------------------------------------

    def _act(self, node: Node, judgement: Act) -> None:
        if not self._nodes.ready(node):
            node.changed = True  # look again once what it comes after has settled again
            return
        if any(action.disruptive for action in judgement.actions) and not self._nodes.take_place(node):
            wait = Wait("waits for other restarts to end (max_parallel)", again=FOR_EVER, counts=False)
            self._wait(node, wait)  # a place that becomes free wakes it
            return
        if node.settled:
            self._unsettle(node, judgement.why)
        node.why, node.due = judgement.why, 0.0
        for action in judgement.actions:
            if self._stop_came():
                return
            instead = self._hands.do(node, action)
            if instead is not None:
                self._obey(node, instead)
                return

    # --- telling ----------------------------------------------------------------------------------

    def _event(
        self, kind: EventKind, node: Node | None, text: str, done: Done | None = None, *, hint: str = ""
    ) -> None:
        now = self._clock.monotonic()
        self._tell(
            Event(
                kind=kind,
                at=self._clock.now(),
                elapsed=now - self._start,
                step=node.name if node else "",
                text=text,
                hint=hint,
                object=done.object if done else "",
                settled=self._nodes.settled,
                total=len(self._nodes),
                action=done.action if done else "",
                cause=done.cause if done else "",
                epoch=self._epoch,
                took=now - node.began if node and node.began is not None else None,
            )
        )

    def _report(self, began: float) -> Report:
        for node in self._nodes:
            if node.settled:
                self._memory.mended(node.name)
        report = Report(
            epoch=self._epoch,
            began=began,
            seconds=self._clock.monotonic() - self._start,
            outcomes=tuple(node.outcome(self._start) for node in self._nodes),
            interrupted=self.stopped or self.renewed,
        )
        self._event(EventKind.ENDED, None, report.verdict.value)
        return report


def _where(error: Exception) -> str:
    """Name the line that a bug report should begin with."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"please report it: {frames[-1].filename}:{frames[-1].lineno}" if frames else "please report it"
