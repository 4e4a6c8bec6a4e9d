"""The loop: look, judge, act, look again, over a graph, until nothing is left to do.

One queue takes the results of looks, changes seen by watches, and signals. Looks run
on workers, since they may block; judging and acting stay on this thread, in the order
in which things arrive. A step is ready the moment all it comes after has settled.
Settled is not for ever: when something a step is interested in changes, it is looked
at again. A step that fails stops its descendants only.

A pass (`run`) heals and ends with a report. Between passes `rest` only looks: what is
well now and then, what has failed ever more seldom. It changes and remembers nothing,
and returns when a pass would have something to do.

Longer than other files, so that all that happens in one turn can be read in one place.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from bootheal.engine.bounds import Bounds
from bootheal.engine.executor import Executor
from bootheal.engine.graph import Graph
from bootheal.engine.messages import Changed, Inbox, Limits, Looked, Renew
from bootheal.engine.node import Node
from bootheal.engine.plan import Plan
from bootheal.engine.recall import recall
from bootheal.engine.recorder import Recorder
from bootheal.engine.transitions import FOR_EVER, Transitions
from bootheal.errors import BoothealError, scarce
from bootheal.model import ActionRecord, Ending, Event, EventKind, Report
from bootheal.ports import Clock, Mandate, Unquestioned, Workers, World
from bootheal.step import Judgement, Observation, Past, Step, told

# Pods have 30 s to end if nobody says otherwise.
LONGEST_WIND_DOWN_SECONDS = 40.0

# For how long one action after the other is begun in one turn.
LONGEST_BURST_SECONDS = 0.05

# For how long what arrives is taken without turning to what follows from it.
LONGEST_TAKING_SECONDS = 0.2


class Engine:
    """Passes over a plan. `tell` gets every event, on this thread, as it happens; `turned` is called at each turn.

    `renew` is asked when Renew arrives; where it says True, the pass or rest under way ends. `mandate` says whether
    this process is the one that acts: once it is not, the pass or rest ends, and nothing more is changed.
    """

    def __init__(
        self,
        plan: Plan,
        world: World,
        *,
        clock: Clock,
        workers: Workers,
        memory: Recorder,
        tell: Callable[[Event], None],
        inbox: Inbox,
        limits: Limits | None = None,
        turned: Callable[[], None] = lambda: None,
        renew: Callable[[], bool] = lambda: False,
        mandate: Mandate | None = None,
    ) -> None:
        self._mandate: Mandate = mandate or Unquestioned()
        self._plan, self._world = plan, world
        self._clock, self._workers, self._memory, self._tell = clock, workers, memory, tell
        self._inbox, self._turned, self._renew = inbox, turned, renew
        self._limits = limits or Limits()
        self._graph = Graph(plan, self._limits.max_parallel)
        barred = self._mandate.objection
        bounds = self._bounds = Bounds(
            clock=clock, memory=memory, max_repeats=self._limits.max_repeats, told=world.told
        )
        self._transitions = Transitions(
            self._graph,
            partial(Executor, world, memory=memory, bounds=bounds, tell=self._event, turned=turned, objection=barred),
            bounds=bounds,
            clock=clock,
            memory=memory,
            limits=self._limits,
            tell=self._event,
        )
        self._began, self._start = clock.now(), clock.monotonic()
        self._closing_since: float | None = None
        self._winding_down, self._owing = False, dict[str, Node]()
        self.renewed = False
        self.deposed = ""

    @property
    def stopped(self) -> bool:
        """Whether its end was asked for."""
        return self._inbox.stopped

    def run(self, epoch: str) -> Report:
        """Work until every step has ended, the deadline passes, or a stop. StateError if nothing can be kept.

        `epoch` is what is known of this boot before the gate has looked: the host's
        boot id, or the epoch remembered last.
        """
        self._began, self._start = self._clock.now(), self._clock.monotonic()
        self.deposed = ""
        with self._transitions.entered(epoch):
            self._closing_since, self._winding_down = None, False
            for node in self._graph:
                node.begin_pass()
            self._event(EventKind.STARTED, None, f"{len(self._graph)} steps")
            self._world.watcher.watch(self._graph.interests, lambda what: self._inbox.put(Changed(what)))
            deadline = self._start + self._limits.deadline
            while not self._finished(deadline):
                self._start_looks()
                self._turn(self._until_due(deadline))
            self._wind_down()
            return self._report()

    def rest(self) -> None:
        """Only look, until a pass would have something to do, another process acts, or until a stop or Renew."""
        self._start = self._clock.monotonic()
        while not (self._transitions.alarmed or self.stopped or self.renewed or self._mandate.objection()):
            self._start_looks()
            self._turn(self._until_due(FOR_EVER))

    def pause(self, seconds: float) -> None:
        """Don't even look, for so long, or until a stop or Renew."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0 and not (self.stopped or self.renewed):
            self._turn(left)

    def stand_by(self, tell: Callable[[str], None]) -> None:
        """Don't even look while this process is not the one that acts, or until a stop or Renew; `tell` why not."""
        mandate = self._mandate
        while (why := mandate.objection()) and not (self.stopped or self.renewed or mandate.hopeless()):
            tell(why)
            self._turn(FOR_EVER)

    def _wind_down(self) -> None:
        """Whatever has ended the pass: what was changed only for a while is changed back before the report.

        Another stop ends that, too, and so does the end of the mandate: then whoever acts next gives it back. What has
        failed while this process stays is looked at again anyway.
        """
        leaving, stops = self.stopped or not self._limits.stay, min(self._inbox.stops, 1)
        left = (node for node in self._graph if node.ending in (None, Ending.SKIPPED) or (leaving and node.failed))
        self._owing = {node.name: node for node in left if node.step.owes(self._memory.done(node.name))}
        self._winding_down, until = True, self._clock.monotonic() + LONGEST_WIND_DOWN_SECONDS
        for node in self._owing.values():
            node.due = 0.0
            node.put_off.clear()  # it is the last chance
        while (
            self._owing
            and self._inbox.stops <= stops
            and not self._mandate.objection()
            and (now := self._clock.monotonic()) < until
        ):
            idle = [node for node in self._owing.values() if not node.looking]
            for node in idle:
                if node.due <= now:
                    self._begin_look(node, now)
            self._turn(min([until, *(node.due for node in idle if not node.looking)]) - now)
        self._winding_down = False

    # --- the loop ---------------------------------------------------------------------------------

    def _turn(self, sleep: float) -> None:
        """Take what has arrived, or arrives within `sleep` seconds, a burst at once; then do what was decided on.

        What takes long is done one thing in a turn, so that whatever arrives meanwhile is taken and seen to.
        """
        sleep = min(sleep, self._limits.longest_sleep, self._mandate.lapses_in())
        until = float("inf")  # a storm of changes has no end that could be waited for
        while (message := self._inbox.receive(self._clock, sleep)) is not None:
            self._take(message)
            sleep, until = 0.0, min(until, self._clock.monotonic() + LONGEST_TAKING_SECONDS)
            if self._clock.monotonic() >= until:
                break
        until = self._clock.monotonic() + LONGEST_BURST_SECONDS
        while not (self.stopped or self._winding_down) and self._transitions.act():
            if self._clock.monotonic() >= until:
                break
        self._turned()

    def _finished(self, deadline: float) -> bool:
        """Whether the pass is over: stopped, out of time, or every step has ended.

        What changes without a pause is looked at without a pause, and must not hold the pass open by that: a step
        stands as it was last judged. Once all have ended, each that is being looked at or has changed is awaited
        for one look more, begun at once: the verdict waits for no burst to be over. What changes after that is for the
        rest to see.
        """
        now = self._clock.monotonic()
        self.deposed = self._mandate.objection()
        if self.stopped or self.renewed or self.deposed or now >= deadline:
            return True
        left = not self._limits.stay and any(node.settled and node.later for node in self._graph)
        if left or not all(node.failed or node.settled for node in self._graph):
            self._closing_since = None
            return False
        self._closing_since = now if self._closing_since is None else self._closing_since
        moving = (node for node in self._graph if node.settled and (node.looking or node.changed))
        awaited = [node for node in moving if node.judged <= self._closing_since]
        for node in awaited:
            node.due = 0.0
        return not awaited

    def _start_looks(self) -> None:
        now = self._clock.monotonic()
        self._graph.offer_places()
        for node in self._graph:  # of many, few are due
            if node.due <= now and self._may_look(node):
                self._begin_look(node, now)

    def _begin_look(self, node: Node, now: float) -> None:
        node.look_begins(now)
        self._workers.start(self._look(node.step))

    def _may_look(self, node: Node) -> bool:
        if node.looking or node.todo:
            return False
        wanted = node.ending is None or node.changed or node.later or (self._limits.stay and not node.skipped)
        return wanted and self._graph.ready(node)

    def _look(self, step: Step[Any]) -> Callable[[], None]:
        def look() -> None:
            try:
                with scarce(f"look at {step.name}"):
                    result: Observation | Exception = step.look(self._world)
            except Exception as error:  # noqa: BLE001 - whatever it is, the loop must hear of it
                result = error
            self._inbox.put(Looked(step, result))

        return look

    def _until_due(self, deadline: float) -> float:
        """Return the seconds until something is due; a look under way wakes us by itself."""
        if self._transitions.busy:
            return 0.0
        for node in self._graph:
            if node.due < deadline and self._may_look(node):
                deadline = node.due
        return max(0.0, deadline - self._clock.monotonic())

    def _take(self, message: Changed | Looked | Renew) -> None:
        match message:
            case Renew():
                self.renewed = (not self.stopped and self._renew()) or self.renewed
            case Changed(what):
                self._graph.wake(what)
            case Looked(step, result):
                self._seen(step, result)

    def _seen(self, step: Step[Any], result: Observation | Exception) -> None:
        node = self._graph.of(step)
        if node is None:  # asked for before the configuration was renewed
            return
        node.look_ends()
        if self._winding_down:
            if node.name in self._owing and not self._transitions.wind_down(
                node, self._judge(node, result, node.step.wind_down)
            ):
                del self._owing[node.name]
        elif self._limits.stay or not node.failed:
            seen = not isinstance(result, BoothealError)
            self._transitions.apply(node, self._judge(node, result, node.step.judge), seen=seen)

    # --- judging ----------------------------------------------------------------------------------

    def _judge(
        self, node: Node, result: Observation | Exception, judge: Callable[[Any, Past], Judgement]
    ) -> Judgement | Exception:
        if isinstance(result, BoothealError):
            return told(node.judge_error(result, self._clock.monotonic()), self._world.told)
        if isinstance(result, Exception):
            return result
        node.read()
        try:
            epoch, began, clock = self._transitions.epoch, self._began, self._clock
            past = recall(self._memory, self._plan, node.name, result, epoch=epoch, clock=clock, began=began)
            return told(judge(result, past), self._world.told)
        except Exception as error:  # noqa: BLE001 - a judgement that fails is our bug: reported as one
            return error

    # --- telling ----------------------------------------------------------------------------------

    def _event(
        self,
        kind: EventKind,
        node: Node | None,
        text: str,
        done: ActionRecord | None = None,
        *,
        hint: str = "",
        cause: str = "",
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
                settled=self._graph.settled,
                total=len(self._graph),
                action=done.action if done else "",
                cause=done.cause if done else cause,
                epoch=self._transitions.epoch,
                took=now - node.began if node and node.began is not None else None,
            )
        )

    def _report(self) -> Report:
        for node in self._graph:
            if node.settled:
                self._memory.close_incident(node.name)
        report = Report(
            epoch=self._transitions.epoch,
            began=self._began,
            seconds=self._clock.monotonic() - self._start,
            outcomes=tuple(self._graph.outcomes(self._start)),
            interrupted=self.stopped or self.renewed or bool(self.deposed),
        )
        self._event(EventKind.ENDED, None, report.verdict.value, cause=report.reason)
        return report
