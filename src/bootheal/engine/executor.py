"""How an action is done: the intent on disk, the change, its result on disk; of each step one action at a time."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from bootheal.engine.bounds import Bounds
from bootheal.engine.folding import added
from bootheal.engine.node import Node
from bootheal.engine.recorder import Recorder
from bootheal.errors import BoothealError, DeposedError, StateError, scarce
from bootheal.model import ActionRecord, EventKind
from bootheal.ports import World
from bootheal.step import Action, GiveUp, Judgement, Wait, told


class EventSink(Protocol):
    """Tells what happens: kind, node, text, and the record of the action that it is about."""

    def __call__(
        self, kind: EventKind, node: Node | None, text: str, done: ActionRecord | None = None, *, hint: str = ""
    ) -> None:
        """Tell it."""


class Executor:
    """Does what was decided on, in a pass: each pass has its own, and outside of one there is none.

    A judgement may ask for many actions, and each may take seconds. So one is done in each turn of the loop, the
    steps taking turns: none holds up another for longer than one action takes.
    """

    def __init__(
        self,
        world: World,
        *,
        memory: Recorder,
        bounds: Bounds,
        tell: EventSink,
        turned: Callable[[], None],
        objection: Callable[[], str],
    ) -> None:
        self._world, self._memory, self._bounds = world, memory, bounds
        self._tell, self._turned, self._objection = tell, turned, objection
        self._agenda: dict[str, Node] = {}

    @property
    def busy(self) -> bool:
        """Whether something is still to be done."""
        return any(node.todo for node in self._agenda.values())

    def schedule(self, node: Node, actions: Sequence[Action]) -> None:
        """Put a step's actions on the agenda."""
        node.todo.extend(actions)
        self._agenda.setdefault(node.name, node)

    def take(self) -> tuple[Node, Action] | None:
        """Take the next action off the agenda; None where there is none."""
        while self._agenda:
            node = self._agenda.pop(next(iter(self._agenda)))
            if node.todo:  # else the step was reopened or has ended meanwhile
                action = node.todo.popleft()
                if node.todo:
                    self._agenda[node.name] = node
                return node, action
        return None

    def clear(self) -> None:
        """Nothing more is to be done."""
        for node in self._agenda.values():
            node.drop()
        self._agenda.clear()

    def do(self, node: Node, action: Action) -> Judgement | Exception | None:
        """Do it. None: it is done; else what the step's judgement is instead (an exception is a bug)."""
        if why := self._objection():
            return Wait(f"does nothing: {why}")
        done = self._bounds.intent(node, action)
        try:
            done = replace(done, evidence=action.evidence(self._world))
            self._intend(node, action, done)
            self._tell(EventKind.ACTING, node, done.sentence, done)
            with scarce(done.sentence):
                for part in action.parts():
                    self._check(done.sentence)
                    part.apply(self._world)
                    self._turned()
        except BoothealError as error:
            unkept = self._failed(node, done, error)
            return unkept or told(self._bounds.setbacks.failed(node, action, done, error), self._world.told)
        except Exception as error:  # noqa: BLE001 - our bug: it must not take the other steps along
            return self._failed(node, done, type(error).__name__) or error
        self._bounds.setbacks.done(node, done)
        node.effects[repr(action)] += 1
        return self._acted(node, replace(done, result="done"), EventKind.ACTED, done.sentence)

    def _check(self, doing: str) -> None:
        """Writing the intent down may have taken long, and so may each part."""
        if why := self._objection():
            raise DeposedError(f"cannot {doing}: {why}")

    def _intend(self, node: Node, action: Action, done: ActionRecord) -> None:
        """Write the intent down. What repays a loan is intended since that was taken: it needs no room on the disk."""
        try:
            self._memory.record(node.name, done)
        except StateError:
            if action.loan != "repaid":
                raise

    def _failed(self, node: Node, done: ActionRecord, error: Exception | str) -> GiveUp | None:
        done = replace(done, result=self._world.told(f"failed: {error}"))
        return self._acted(node, done, EventKind.FAILED, f"{done.sentence}: {done.result}")

    def _acted(self, node: Node, done: ActionRecord, kind: EventKind, text: str) -> GiveUp | None:
        node.done = list(added(node.done, done))
        self._tell(kind, node, text, done)
        try:
            self._memory.record(node.name, done)
        except StateError as error:
            return GiveUp(str(error), error.hint)
        return None
