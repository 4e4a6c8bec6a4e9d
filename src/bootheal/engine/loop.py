"""The loop: look, judge, act, look again, over a graph, until nothing is left to do.

One queue takes the results of looks, changes seen by watches, and signals. Looks run
on workers, since they may block; judging and acting stay on this thread, in the order
in which things arrive. A step is ready the moment all it comes after has settled.
Settled is not for ever: when something a step is interested in changes, it is looked
at again. A step that fails stops its descendants only.
"""

import traceback
from collections.abc import Callable, Iterable
from typing import Any

from bootheal.engine.hands import Hands
from bootheal.engine.inbox import Changed, Inbox, Limits, Looked, Stop
from bootheal.engine.node import SETTLE_DOWN, Node
from bootheal.errors import BoothealError, StateError
from bootheal.model import Done, Ending, Event, EventKind, Report
from bootheal.patience import pause
from bootheal.plan import Plan
from bootheal.ports import Clock, Memory, Workers, World
from bootheal.step import Act, GiveUp, Judgement, Past, Seen, Settled, Step, Wait, judge_error


class Engine:
    """One run over a plan. `tell` gets every event, on this thread, as it happens."""

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
    ) -> None:
        self._plan, self._world = plan, world
        self._clock, self._workers, self._memory, self._tell = clock, workers, memory, tell
        self._inbox = inbox
        self._limits = limits or Limits()
        self._hands = Hands(world, clock=clock, memory=memory, tell=self._event, max_repeats=self._limits.max_repeats)
        self._nodes = {name: Node(step, step.interests()) for name, step in plan.steps.items()}
        self._epoch = ""
        self._stopped = False
        self._start = clock.monotonic()

    def run(self, epoch: str) -> Report:
        """Work until every step has ended, the deadline passes, or Stop arrives.

        `epoch` is what is known of this boot before the gate has looked: the host's
        boot id, or the epoch remembered last.
        """
        began = self._clock.now()
        self._epoch = epoch
        self._start = self._clock.monotonic()
        try:
            self._memory.enter(epoch)
        except StateError as error:
            return self._refuse(error, began)
        self._event(EventKind.STARTED, None, f"{len(self._nodes)} steps")
        interests = frozenset(interest for node in self._nodes.values() for interest in node.interests)
        self._world.cluster.watch(interests, lambda what: self._inbox.put(Changed(what)))
        while not self._finished():
            self._start_looks()
            item = self._clock.receive(self._inbox, self._sleep())
            while item is not None:  # what comes in a burst is taken at once: the turn looks at every step
                self._take(item)
                item = self._clock.receive(self._inbox, 0.0)
        return self._report(began)

    # --- the loop ---------------------------------------------------------------------------------

    def _finished(self) -> bool:
        if self._stopped or self._clock.monotonic() - self._start >= self._limits.deadline:
            return True
        return all(node.ending and not node.looking and not node.changed for node in self._nodes.values())

    def _start_looks(self) -> None:
        now = self._clock.monotonic()
        for node in self._nodes.values():
            if self._may_look(node) and node.due <= now:
                node.look_begins(now)
                self._workers.start(self._look(node.step))

    def _may_look(self, node: Node) -> bool:
        if node.looking or node.failed or (node.settled and not node.changed):
            return False
        return self._ready(node)

    def _ready(self, node: Node) -> bool:
        return all(self._nodes[name].settled for name in node.step.after)

    def _look(self, step: Step[Any]) -> Callable[[], None]:
        def look() -> None:
            try:
                result: Seen | Exception = step.look(self._world)
            except Exception as error:  # noqa: BLE001 - whatever it is, the loop must hear of it
                result = error
            self._inbox.put(Looked(step.name, result))

        return look

    def _sleep(self) -> float:
        """Return the seconds until something is due; a look under way wakes us by itself."""
        now = self._clock.monotonic()
        due = [node.due for node in self._nodes.values() if self._may_look(node)]
        return max(0.0, min([*due, self._start + self._limits.deadline]) - now)

    def _take(self, item: Changed | Looked | Stop) -> None:
        match item:
            case Stop():
                self._stopped = True
            case Changed(what):
                for node in self._nodes.values():
                    if any(interest.covers(what) for interest in node.interests):
                        node.wake()
            case Looked(name, result):
                node = self._nodes[name]
                node.looking = False
                if not node.failed:
                    self._obey(node, self._judge(node, result))

    # --- judging ----------------------------------------------------------------------------------

    def _judge(self, node: Node, result: Seen | Exception) -> Judgement | Exception:
        if isinstance(result, BoothealError):
            return judge_error(result)
        if isinstance(result, Exception):
            return result
        try:
            return node.step.judge(result, self._past(node.step, result))
        except Exception as error:  # noqa: BLE001 - a judgement that fails is our bug: reported as one
            return error

    def _past(self, step: Step[Any], seen: Seen) -> Past:
        now = self._clock.now()
        repairs = [
            done.at
            for name in self._plan.ancestors[step.name]
            for done in self._memory.done(name)
            if done.result == "done" and done.repairs
        ]
        return Past(
            now=now,
            epoch=self._epoch,
            first_seen=self._memory.observe(step.name, seen.conditions, now),
            done=self._memory.done(step.name),
            repaired=max(repairs, default=None),
            kept=self._memory.kept(step.name),
        )

    def _obey(self, node: Node, judgement: Judgement | Exception) -> None:
        node.count(self._clock.monotonic())
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
                self._end(node, Ending.BUG, f"{type(judgement).__name__}: {judgement}")
                self._event(EventKind.BUG, node, node.why, hint=node.hint)

    def _settle(self, node: Node, judgement: Settled) -> None:
        news = not node.settled or node.why != judgement.why
        if not node.settled:
            for name in self._plan.dependants[node.name]:
                if self._nodes[name].settled:  # it was well, fell ill, and is well again: were they?
                    self._nodes[name].wake()
        node.remarks = judgement.remarks
        if judgement.epoch and judgement.epoch != self._epoch:
            self._enter(judgement.epoch)
        if judgement.keep:
            self._memory.keep(node.name, judgement.keep)
        self._end(node, Ending.SETTLED, judgement.why)
        if news:
            self._event(EventKind.SETTLED, node, judgement.why, hint="; ".join(judgement.remarks))

    def _enter(self, epoch: str) -> None:
        """Begin anew: what was judged in another epoch is not believed in this one."""
        self._epoch = epoch
        self._memory.enter(epoch)
        for node in self._nodes.values():
            if node.settled:
                node.ending, node.due = None, 0.0

    def _wait(self, node: Node, judgement: Wait) -> None:
        now = self._clock.monotonic()
        if node.waited >= node.step.patience:
            minutes = node.step.patience / 60
            self._give_up(node, GiveUp(f"{judgement.why}; patience of {minutes:g} min has run out"))
            return
        if node.settled:
            node.reopen()
            self._event(EventKind.UNSETTLED, node, judgement.why)
        elif node.why != judgement.why:
            self._event(EventKind.WAITING, node, judgement.why)
        node.why = judgement.why
        node.counting_since = now if judgement.counts else None
        again = pause(node.waited) if judgement.again is None else judgement.again
        node.due = node.looked + SETTLE_DOWN if node.changed else now + again

    def _give_up(self, node: Node, judgement: GiveUp) -> None:
        node.hint, node.person = judgement.hint, judgement.person
        self._end(node, Ending.GAVE_UP, judgement.why)
        self._event(EventKind.GAVE_UP, node, judgement.why, hint=judgement.hint)

    def _end(self, node: Node, ending: Ending, why: str) -> None:
        node.ending, node.why = ending, why
        node.ended = self._clock.monotonic() if node.ended is None else node.ended
        if node.place:
            node.place = False
            for other in self._nodes.values():
                if other.ending is None and other.began is not None:
                    other.due = 0.0
        if node.failed:
            node.changed = False
            self._skip(self._plan.dependants[node.name], because=node.name)

    def _skip(self, names: Iterable[str], because: str) -> None:
        for name in names:
            node = self._nodes[name]
            if not node.failed:
                told = "no longer judged" if node.settled else "not tried"
                self._end(node, Ending.SKIPPED, f"{told}, because {because} failed")
                self._event(EventKind.SKIPPED, node, node.why)

    # --- acting -----------------------------------------------------------------------------------

    def _act(self, node: Node, judgement: Act) -> None:
        if not self._ready(node):
            node.changed = True  # look again once what it comes after has settled again
            return
        if any(action.disruptive for action in judgement.actions) and not self._take_place(node):
            self._wait(node, Wait("waits for other restarts to end (max_parallel)", counts=False))
            return
        if node.settled:
            node.reopen()
            self._event(EventKind.UNSETTLED, node, judgement.why)
        node.why, node.due = judgement.why, 0.0
        for action in judgement.actions:
            if self._stopped:
                return
            instead = self._hands.do(node, action)
            if instead is not None:
                self._obey(node, instead)
                return

    def _take_place(self, node: Node) -> bool:
        taken = sum(1 for other in self._nodes.values() if other.place)
        node.place = node.place or taken < self._limits.max_parallel
        return node.place

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
                settled=sum(1 for other in self._nodes.values() if other.settled),
                total=len(self._nodes),
                action=done.action if done else "",
                cause=done.cause if done else "",
                epoch=self._epoch,
                took=now - node.began if node and node.began is not None else None,
            )
        )

    def _refuse(self, error: StateError, began: float) -> Report:
        for node in self._nodes.values():
            node.ending, node.why, node.hint = Ending.GAVE_UP, str(error), error.hint
        return self._report(began)

    def _report(self, began: float) -> Report:
        report = Report(
            epoch=self._epoch,
            began=began,
            seconds=self._clock.monotonic() - self._start,
            outcomes=tuple(node.outcome(self._start) for node in self._nodes.values()),
            interrupted=self._stopped,
        )
        self._event(EventKind.ENDED, None, report.verdict.value)
        return report


def _where(error: Exception) -> str:
    """Name the line that a bug report should begin with."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"please report it: {frames[-1].filename}:{frames[-1].lineno}" if frames else "please report it"
