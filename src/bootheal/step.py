"""The one idea: a step is a look and a judgement. A public interface.

`look(world)` reads, and may block. `judge(seen, past)` is pure and says one of four
words: Settled, Wait, Act, GiveUp. The engine does the rest. From this shape follow
idempotence (what is well is Settled), resuming (look again), dry run (judge, don't
apply), audit (actions are values) and tests without mocks (judge is a table).

Looks run on worker threads, those of several steps at once, of one step one at a time.
All else is called on the loop's thread: while it lasts, nothing else is judged. Times
are seconds since the epoch, durations seconds. Texts are for a person: no secret, no
full stop at their end, "" where there is nothing to say. All of it is in one file, longer
than others: who writes a step needs this page and no other.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import ClassVar, Generic, Literal, Protocol, TypeVar

from bootheal.errors import BoothealError, DeniedError, TransientError
from bootheal.model import ActionRecord, Past, Ref, Right
from bootheal.model.durations import MINUTE
from bootheal.ports import Interest, World

__all__ = [
    "REFUSAL_TRANSIENT_SECONDS",
    "Act",
    "Action",
    "GiveUp",
    "Judgement",
    "Observation",
    "Past",
    "Settled",
    "Step",
    "Wait",
    "judge_error",
    "told",
]

# The API server starts to answer before it has loaded its own roles: a refusal may pass.
REFUSAL_TRANSIENT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing left to do here: what comes after may begin. `remarks` are what a person should know all the same.

    It is looked at again when something it is interested in changes, and now and then; with `again` after so many
    seconds: all serves, and something is left to do that nobody needs. Who stays does it in a pass of its own, who
    leaves with the pass stays until it is done.

    `epoch` is said by the gate alone: the boot that everything after it belongs to, and `boots`, those of the nodes by
    their names: what a step did belongs to the nodes that it was done on.
    `baseline` is what was good, name by name: the next boots' judgements find it in `Past.baseline`. An empty one
    leaves what was remembered before.
    """

    why: str
    remarks: tuple[str, ...] = ()
    epoch: str = ""
    baseline: Mapping[str, str] = field(default_factory=dict)
    again: float | None = None
    boots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet. Look again when something changes, or after `again` seconds (None: the engine's pace).

    Once the waits of a step add up to its `patience`, it is given up.

    `counts` is False where the step's patience must stand still: PostgreSQL in crash
    recovery is not late, it is working. `hint` is the next human step, where patience runs out.
    `watched`: what it waits for is watched, so the engine asks less often at first.
    `blind`: it could not be looked at just now, which is no sign that it has been ill.
    """

    why: str
    again: float | None = None
    counts: bool = True
    watched: bool = False
    hint: str = field(default="", compare=False)
    blind: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Act:
    """Change something, then look again. The actions are applied in order, until one fails that is not `apart`."""

    why: str
    actions: tuple["Action", ...]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Asking again will not help: what comes after is not tried. `hint` is the next human step.

    `person`: data may be at risk, nothing may go on without a person (exit code 3).
    `refused`: our own credential was refused; a new process, which reads it afresh, may fare better.
    """

    why: str
    hint: str = ""
    person: bool = False
    refused: bool = False


Judgement = Settled | Wait | Act | GiveUp


def told(judgement: Judgement, tell: Callable[[str], str]) -> Judgement:
    """Return the judgement in words that may be told to anybody, by `World.told`: they may quote others.

    What it asks to be done stays as it is: an action says itself only when it is done.
    """
    match judgement:
        case Settled():
            return replace(judgement, why=tell(judgement.why), remarks=tuple(map(tell, judgement.remarks)))
        case Wait() | GiveUp():
            return replace(judgement, why=tell(judgement.why), hint=tell(judgement.hint))
        case _:
            return replace(judgement, why=tell(judgement.why))


def judge_error(error: BoothealError) -> Judgement:
    """Judge a look that could not be finished: what may pass is waited for."""
    if isinstance(error, TransientError):
        return Wait(str(error), again=error.again)
    refused = isinstance(error, DeniedError) and error.status == HTTPStatus.UNAUTHORIZED
    return GiveUp(str(error), error.hint, refused=refused)


class Observation(Protocol):
    """What a look returns: facts, frozen, and the names of the conditions whose duration matters."""

    @property
    def conditions(self) -> frozenset[str]:
        """Name each condition that holds now, with the object's identity where it is about one object.

        The names are remembered on disk, over restarts of bootheal: `Past.held` is asked by them.
        """


@dataclass(frozen=True, kw_only=True)
class Action(ABC):
    """One short, crash-safe change. It names objects and versions and never holds a secret.

    `cause` says why in a few words; it is remembered with the action, and written into
    the object by the same write where there is a place for it. The same kind of action on
    the same object for the same cause is the same action: a `bounded` one is done a few times only.
    """

    # A restart makes other things wait: such steps take one of the engine's `max_parallel` places.
    disruptive: ClassVar[bool] = False

    # Whether it mends something that what comes after may have suffered from.
    repairs: ClassVar[bool] = True

    # Whether doing it again and again for the same cause would be a sign of trouble.
    bounded: ClassVar[bool] = True

    # Whether it needs none of those beside it: if it fails, they are done all the same.
    apart: ClassVar[bool] = False

    # Whether it lends something to one object, which its `note` names, or gives it back. A loan belongs to its object:
    # it is remembered until it is repaid, also in another epoch.
    loan: ClassVar[Literal["", "taken", "repaid"]] = ""

    cause: str

    @classmethod
    def kind(cls) -> str:
        """Return the action's name in memory and journal: `RollOut` is "roll-out"."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @property
    @abstractmethod
    def about(self) -> Ref:
        """The object that is changed; what is not of Kubernetes has a kind of our own ("role/shop/pooler")."""

    @property
    @abstractmethod
    def sentence(self) -> str:
        """Say what is done, in the infinitive: "delete pod/shop/django-x (CrashLoopBackOff)"."""

    @property
    def note(self) -> Mapping[str, str]:
        """What must be on disk before the change, to undo it after a crash. Found again in `Past.done`; no secret."""
        return {}

    @property
    def objects(self) -> int:
        """To how many objects it is done."""
        return 1

    @property
    def alike(self) -> int:
        """Of how many objects of a kind this is one, where each that is gone is followed by another of a new name.

        By that it is bounded, too: each may be done a few times for one cause, whatever its successors are called, and
        however few are left of them by then. 0 where an object keeps its name, or where the step counts them itself.
        """
        return 0

    @property
    def by_design(self) -> bool:
        """Whether a boot needs it although nothing is broken: what each power cut leaves behind, or what was declared.

        What is not, and is needed boot after boot, is told as a habit that somebody could end. Of most it is so by
        their kind: then it is an attribute of the class.
        """
        return False

    def evidence(self, world: World) -> Mapping[str, str]:  # noqa: ARG002 - most destroy nothing
        """Read what the change will destroy; it is on disk before, and in the report. No secret in it.

        It raises nothing, since that would keep the change from being made: what can't be had says why in its place.
        """
        return {}

    def parts(self) -> Sequence["Action"]:
        """Return what it consists of, where it takes more than a few requests: each part is applied by itself.

        They share one record, and between two of them the engine gives a sign of life.
        """
        return (self,)

    @abstractmethod
    def apply(self, world: World) -> None:
        """Change it, in a few seconds at most; wait for nothing, since looking shows what became of it.

        TransientError: look again and judge anew, ever more seldom, and in the end give up. PermanentError: give up,
        but for the API server's refusals, which may pass as those of a look may. Anything else is our bug, and told
        as one. After each of them it counts as not having happened. A kill may come at any moment: it must be
        harmless to do it again, or a precondition must refuse the second time.
        """


ObservationT = TypeVar("ObservationT", bound=Observation)


@dataclass(frozen=True, kw_only=True)
class Step(ABC, Generic[ObservationT]):
    """A node of the graph. Its settings are its fields; it keeps no state, since it outlives many looks.

    `name` is its own in the graph ("database/shop"): reports, memory and other steps' `after` go by it. It begins
    once all it comes `after` has settled. `patience` is for how many seconds it may wait then, in all.
    """

    # Whether it is one thing that serves or not. Of what is put away each time that there is some, ten troubles in a
    # row are no relapses.
    has_to_last: ClassVar[bool] = True
    dispensable: ClassVar[bool] = False  # whether all can serve although it cannot be looked at: then that is told

    name: str
    after: tuple[str, ...] = ()
    patience: float = 30 * MINUTE

    @property
    def shows_more(self) -> str:
        """Return the command that shows more of what it is about, for a person whose patience has run out."""
        return ""

    @abstractmethod
    def look(self, world: World) -> ObservationT:
        """Read what the judgement needs, on a worker's thread. Must not change anything, nor block for ever.

        A TransientError is waited for, a PermanentError given up; where the API server refuses us (DeniedError with
        a `status`), only after a minute. Anything else is our bug, and told as one.
        """

    @abstractmethod
    def judge(self, seen: ObservationT, past: Past) -> Judgement:
        """Decide, by nothing else than what was seen and what is remembered; pure, and quick. It raises nothing."""

    def owes(self, done: tuple[ActionRecord, ...]) -> bool:  # noqa: ARG002 - most do nothing by halves
        """Tell from what was done in this epoch whether something was changed only for a while; pure."""
        return False

    def wind_down(self, seen: ObservationT, past: Past) -> Judgement:  # noqa: ARG002 - likewise
        """Decide how to change it back, where the pass ends before the step has settled; pure.

        Asked after a look of its own, if the step `owes`: Act changes it back, Wait asks again soon, anything else
        means that nothing is left to do.
        """
        return Settled("nothing is owed")

    def lives_on(self, seen: ObservationT) -> frozenset[str] | None:  # noqa: ARG002 - most say nothing
        """Name the nodes that what was seen lives on, none where it lives nowhere just now; pure.

        What the step did is forgotten when one of them reboots, and only then. None: that is as with what it comes
        after.
        """
        return None

    def interests(self) -> frozenset[Interest]:
        """Name the kinds of objects whose change makes a new look worth while. They are watched from the start."""
        return frozenset()

    def rights(self) -> frozenset[Right]:
        """Name what the step's actions and its look must be allowed, beyond what `interests` need."""
        return frozenset()

    def foretell(self, world: World) -> Iterator[str]:  # noqa: ARG002 - most looks tell all there is to know
        """Yield what would stand in the way later, for `bootheal check`: what no look needs while all is well.

        May read and block; TransientError and PermanentError as for `look`.
        """
        return iter(())

    def wishes(self) -> frozenset[Right]:
        """Name what it would also read; where that is not allowed it knows less, and says so."""
        return frozenset()
