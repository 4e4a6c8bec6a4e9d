"""What is remembered of one step, as its judgement finds it. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from bootheal.model.report import ActionRecord

# Of several boots so much of each is in their name: a workload on a hundred nodes carries it on each of its pods.
_SHORT = 8
_BOOT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def epoch_of(boots: Iterable[str]) -> str:
    """Name what has lived through these boots, by their ids: one by itself, several in short; "" for none."""
    each = sorted(set(boots))
    return each[0] if len(each) == 1 else "+".join(map(short, each))


def rebooted(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Tell whether a node, by its name, is in another boot than before. One that is new, or gone, has not rebooted."""
    return any(after.get(node, boot) != boot for node, boot in before.items())


def short(boot: str) -> str:
    """Return what a boot id is called among others; what is no boot id stays as it is."""
    return boot[:_SHORT] if _BOOT_ID.fullmatch(boot) else boot


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

    `began` is when the pass under way did: what ended before it may have been mended since. 0 where there is none.

    `epoch` names the boots of the nodes that what the step is about lives on, or those of all nodes; `boots` are the
    latest boots of all nodes that are known, by their names.
    """

    now: float
    epoch: str = ""
    first_seen: Mapping[str, float] = field(default_factory=dict)
    done: tuple[ActionRecord, ...] = ()
    repaired: float | None = None
    repairs: int = 0
    baseline: Mapping[str, str] = field(default_factory=dict)
    incident: int = 0
    boots: Mapping[str, str] = field(default_factory=dict)
    began: float = 0.0

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

    def lasts(self, epoch: str) -> bool:
        """Tell whether an epoch, as some process has named it, is not over: none of its nodes has rebooted since."""
        if not self.boots or epoch == self.epoch:
            return epoch == self.epoch
        known = {*self.boots.values(), *map(short, self.boots.values())}
        return known.issuperset(epoch.split("+"))

    def bears(self, mark: str, reason: str) -> bool:
        """Tell whether `mark` ("epoch/reason") says that something was done for this reason, and in this epoch."""
        epoch, _, said = mark.partition("/")
        return said == reason and self.lasts(epoch)

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
