"""What the engine knows of one step while it runs."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from bootheal.engine.steadiness import Steadiness
from bootheal.errors import BoothealError, DeniedError, TransientError
from bootheal.model import ActionRecord, Ending, Outcome
from bootheal.ports import Interest
from bootheal.step import (
    REFUSAL_TRANSIENT_SECONDS,
    Action,
    GiveUp,
    Judgement,
    Settled,
    Step,
    Wait,
    judge_error,
)

# A change often comes with others (a pod's status is written several times a second). What changes and changes, and
# stays as well as it was, is looked at ever more seldom, but soon enough to be seen to be ill within a second.
SETTLE_DOWN_SECONDS, LONGEST_SETTLE_DOWN_SECONDS = 0.05, 0.6

# What is dispensable is not asked for in vain for longer: a machine on which all serves is well without it.
UNREAD_SECONDS = 30.0

NEVER = float("-inf")


@dataclass(slots=True)
class Node:
    """One step's bookkeeping. Times are monotonic seconds; None or `NEVER` where there was none."""

    step: Step[Any]
    interests: frozenset[Interest]

    # How it stands, and what its outcome will say. `began` and `ended` belong to the pass under way.
    ending: Ending | None = None
    why: str = ""
    hint: str = ""
    remarks: tuple[str, ...] = ()
    person: bool = False
    refused: bool = False
    began: float | None = None
    ended: float | None = None
    done: list[ActionRecord] = field(default_factory=list)

    # Looks: when it is to be looked at, when the latest look began, and when the one began that it was last judged by.
    due: float = 0.0
    looked: float = NEVER
    judged: float = NEVER
    looking: bool = False
    changed: bool = False  # something that it is interested in has changed since that look began
    doubted: float = NEVER  # when something that it comes after was last seen to be ill
    calm: int = 0  # looks in a row that found it as well as before
    later: bool = False  # it has settled, and something is left to do there after a while

    # Patience: when the wait under way began, since when it counts, and what has counted before.
    waiting_since: float | None = None
    counting_since: float | None = None
    waited: float = 0.0

    # Looks that fail: since when the API server has refused each, and since when none could be finished.
    denied_since: float | None = None
    unread_since: float | None = None
    failures: int = 0  # how often in a row it was tried again, and failed again

    # Actions: what is yet to be done of its last judgement, and what to make of those of them that failed, where the
    # others are done all the same.
    todo: deque[Action] = field(default_factory=deque)
    setback: Wait | GiveUp | None = None
    queued: bool = False  # it waits for one of the `max_parallel` places
    actions_refused_since: float | None = None
    put_off: dict[tuple[str, str, str], float] = field(default_factory=dict)  # kind, object, cause: not before then
    all_put_off: float = NEVER  # none is done before then
    held_back_since: float | None = None  # since when it waits because it did not help in the last boots
    effects: Counter[str] = field(default_factory=Counter)  # how often each was done since it was last well for good

    steadiness: Steadiness = field(default_factory=Steadiness)

    @property
    def name(self) -> str:
        """The step's name."""
        return self.step.name

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do here, as far as is known."""
        return self.ending is Ending.SETTLED

    @property
    def sound(self) -> bool:
        """Whether it has settled, and was looked at since whatever it comes after was ill."""
        return self.settled and self.judged >= self.doubted

    @property
    def failed(self) -> bool:
        """Whether it has ended otherwise than well."""
        return self.ending not in (None, Ending.SETTLED)

    @property
    def skipped(self) -> bool:
        """Whether it has failed only because of what it comes after."""
        return self.ending is Ending.SKIPPED

    def judge_error(self, error: BoothealError, now: float) -> Judgement:
        """Judge a look that could not be finished; the API server's refusals may pass, those that last don't."""
        denied = isinstance(error, DeniedError) and bool(error.status)
        if self.judged < self.doubted:  # it had begun before the gate was shut
            return Wait(str(error)) if denied else judge_error(error)
        self.denied_since = (now if self.denied_since is None else self.denied_since) if denied else None
        if self.denied_since is not None and now - self.denied_since < REFUSAL_TRANSIENT_SECONDS:
            return Wait(str(error))
        self.unread_since = now if self.unread_since is None else self.unread_since
        if self.step.dispensable and now - self.unread_since >= UNREAD_SECONDS and isinstance(error, TransientError):
            return Settled("was not looked at", (str(error),))
        return judge_error(error)

    def refusal_may_pass(self, now: float) -> bool:
        """Tell whether the API server has refused its actions for so short a time that its roles may not be loaded yet.

        A credential that it does not know, too: the looks tell whether that passes.
        """
        return self.actions_refused_since is not None and now - self.actions_refused_since < REFUSAL_TRANSIENT_SECONDS

    def denied(self, instead: Wait | GiveUp) -> bool:
        """Tell whether it is given up for a right that is missing: what else it would do is refused as well."""
        return isinstance(instead, GiveUp) and self.actions_refused_since is not None

    def drop(self) -> None:
        """Nothing of what its last judgement asked for is to be done any more."""
        self.todo.clear()
        self.setback = None

    def read(self) -> None:
        """A look could be finished."""
        self.denied_since = self.unread_since = None

    def look_begins(self, now: float) -> None:
        """A look starts."""
        self.began = now if self.began is None else self.began
        self.looking, self.changed, self.looked = True, False, now

    def look_ends(self) -> None:
        """It is over."""
        self.looking, self.judged = False, self.looked

    def wake(self, *, soon: bool = False) -> None:
        """Something changed that it is interested in: look when the burst of changes is over; `soon`: a short one."""
        self.changed = not self.failed and self.looked != NEVER
        self.due = min(self.due, self.looked + (SETTLE_DOWN_SECONDS if soon else self.settles_down))

    @property
    def settles_down(self) -> float:
        """For how long to wait after a look, once something has changed again."""
        return float(min(SETTLE_DOWN_SECONDS * 2 ** min(self.calm, 10), LONGEST_SETTLE_DOWN_SECONDS))

    def count(self, now: float) -> None:
        """Add the wait that is over to what counts against the patience."""
        if self.counting_since is not None:
            self.waited += now - self.counting_since
        self.counting_since = None

    def wait(self, now: float, *, counts: bool) -> float:
        """It waits, be it for the first time or still; return for how many seconds it has been waiting."""
        self.waiting_since = now if self.waiting_since is None else self.waiting_since
        self.counting_since = now if counts else None
        return now - self.waiting_since

    def stand_still(self, now: float) -> None:
        """What it comes after is not well any more: until it is, nothing is done or waited for here."""
        self.count(now)
        self.waiting_since, self.doubted = None, now
        self.denied_since = self.unread_since = None
        if self.settled or self.todo:  # was it well, is that still to be done? To be judged anew then
            self.changed, self.due = self.changed or self.settled, 0.0
        self.drop()

    def begin_pass(self) -> None:
        """A new report begins; what is known stays known."""
        self.began, self.ended, self.done = None, None, []

    def reopen(self) -> None:
        """What seemed to have ended has not: it may be looked at now, and has all its patience again."""
        self.ending, self.ended, self.due, self.waited, self.waiting_since = None, None, 0.0, 0.0, None
        self.hint, self.person, self.refused, self.held_back_since = "", False, False, None
        self.later = False
        self.queued = False
        self.drop()

    def end(self, ending: Ending, why: str, now: float) -> None:
        """It has ended, for as long as nothing says otherwise."""
        self.ending, self.why = ending, why
        if self.settled and not self.steadiness.relapses:  # by turns it is the same trouble still
            self.effects.clear()
        self.ended = now if self.ended is None else self.ended
        self.waiting_since, self.queued, self.later = None, False, False
        self.changed = self.changed and not self.failed
        self.drop()

    def outcome(self, start: float, because: str) -> Outcome:
        """Tell how it ended, in seconds since `start`, and, if it was skipped, `because` of what."""
        return Outcome(
            step=self.name,
            ending=self.ending or Ending.UNFINISHED,
            why=f"{self.why}{because}" or ("not reached" if self.began is None else "was still being looked at"),
            hint=self.hint,
            person=self.person,
            refused=self.refused,
            began=None if self.began is None else self.began - start,
            ended=None if self.ended is None else self.ended - start,
            after=self.step.after,
            actions=tuple(self.done),
            remarks=self.remarks,
        )
