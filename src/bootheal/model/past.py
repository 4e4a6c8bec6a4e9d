"""What is remembered of one step, as its judgement finds it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from bootheal.model.report import ActionRecord


class Kind(Protocol):
    """A class of actions: see `step.Action`."""

    def kind(self) -> str:
        """Return its name in memory and journal."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the engine remembers of a step in this epoch, as of `now`. All its times are by the wall clock.

    `first_seen`: since when the conditions of the present look have been seen without a break; no jump of the wall
    clock makes them older. `done` is oldest first; what is "intended" in it may have been done before a crash. Of
    incidents that are over it has the last record of each kind, object and cause, which stands for those before it:
    so count by `times`.
    `repaired` is when a step that this one comes after last repaired something, `repairs` how often one did.
    `baseline` is what the step last settled with, in whatever epoch: empty if it never kept anything.
    `incident` counts how often the step did something in this epoch and a pass then ended with it settled.
    """

    now: float
    epoch: str = ""
    first_seen: Mapping[str, float] = field(default_factory=dict)
    done: tuple[ActionRecord, ...] = ()
    repaired: float | None = None
    repairs: int = 0
    baseline: Mapping[str, str] = field(default_factory=dict)
    incident: int = 0

    @property
    def present(self) -> "Past":
        """Leave out what was done in earlier incidents of this epoch: it helped, so what is ill now is newly so.

        What may be done once per boot is judged from the whole past, what may be done once per trouble from this.
        """
        return replace(self, done=tuple(done for done in self.done if done.incident == self.incident))

    @property
    def trouble(self) -> str:
        """Name the present trouble: a new one begins with an incident, and with each repair of what it comes after."""
        return f"{self.incident}.{self.repairs}"

    def held(self, condition: str) -> float:
        """Return for how many seconds `condition` has been seen without a break."""
        return self.now - self.first_seen.get(condition, self.now)

    def times(self, action: Kind, about: str = "") -> int:
        """Count the actions of a kind in this epoch (on the object `about`, where given)."""
        return sum(done.count for done in self._of(action, about))

    def objects(self, action: Kind) -> int:
        """Count the objects to which an action of this kind was done in this epoch."""
        return sum(done.objects for done in self._of(action, ""))

    def last(self, action: Kind, about: str = "") -> ActionRecord | None:
        """Return the latest action of a kind in this epoch."""
        matching = self._of(action, about)
        return matching[-1] if matching else None

    def _of(self, action: Kind, about: str) -> list[ActionRecord]:
        """What is known to have failed has not happened."""
        return [d for d in self.done if d.action == action.kind() and about in ("", d.object) and not d.failed]
