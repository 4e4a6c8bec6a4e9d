"""The ways to restart a workload, as actions. Each is short; what takes long is waited for by looking.

Why, and how many replicas to go back to, is written into the object by the very request that
changes it, so that a crash between the write and our note of it can neither lead to a second
restart nor leave a workload at zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

from bootheal.cluster.delete_pod import DeletePod, delete_pod
from bootheal.model import Pod, Ref, Workload
from bootheal.ports import World
from bootheal.step import Action

# How the reason of a restart begins that is due to nothing but the workload itself. Other restarts are declared, or
# follow from what a reboot does, or from what was repaired before them.
UNWELL = "unwell"

# A pod that has not ended by now will not soon: the replicas are given back all the same.
AT_ZERO_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class _OnWorkload(Action):
    """A write to one workload, at the version that was judged."""

    workload: Ref
    version: str

    @property
    def about(self) -> Ref:
        """The workload."""
        return self.workload


@dataclass(frozen=True, kw_only=True)
class RollOut(_OnWorkload):
    """Make new pods the way `kubectl rollout restart` does: by an annotation on the pod template."""

    disruptive: ClassVar[bool] = True

    mark: str
    at: float
    newest: float

    @property
    def sentence(self) -> str:
        """Say which, and why."""
        return f"roll out {self.workload} ({self.cause})"

    @property
    def note(self) -> Mapping[str, str]:
        """Return the mark that the template carries once this has happened, and when the newest pod was made."""
        return {"mark": self.mark, "newest": str(self.newest)}

    @property
    def by_design(self) -> bool:
        """Where it is not for being unwell."""
        return _by_design(self.mark)

    def apply(self, world: World) -> None:
        """Annotate the template, if nobody changed the workload since."""
        world.writer.roll_out(self.workload, self.version, self.mark, self.at)


@dataclass(frozen=True, kw_only=True)
class ScaleDown(_OnWorkload):
    """Scale to zero, for as long as it takes its pods to end."""

    disruptive: ClassVar[bool] = True
    repairs: ClassVar[bool] = False

    generation: int
    replicas: int
    mark: str
    newest: float

    @property
    def sentence(self) -> str:
        """Say which, why, and that it is not for ever."""
        return f"scale {self.workload} to zero, to go back to {self.replicas} ({self.cause})"

    @property
    def note(self) -> Mapping[str, str]:
        """Return what to go back to, and the generation by which our zero is known from its owner's."""
        noted = {"mark": self.mark, "newest": str(self.newest)}
        return noted | {"replicas": str(self.replicas), "generation": str(self.generation + 1)}

    @property
    def by_design(self) -> bool:
        """Where it is not for being unwell."""
        return _by_design(self.mark)

    def apply(self, world: World) -> None:
        """Set the replicas and note what they were, if nobody changed the workload since."""
        world.writer.scale(self.workload, self.version, 0, was=self.replicas, cause=self.mark)


@dataclass(frozen=True, kw_only=True)
class ScaleUp(_OnWorkload):
    """Give back the replicas that a workload had before it was scaled to zero, as often as that takes."""

    by_design = True  # it gives back what was lent
    disruptive: ClassVar[bool] = True
    bounded: ClassVar[bool] = False
    loan = "repaid"

    replicas: int

    @property
    def sentence(self) -> str:
        """Say which, and to how many."""
        return f"scale {self.workload} back to {self.replicas} ({self.cause})"

    def apply(self, world: World) -> None:
        """Set the replicas and remove the note of them, if nobody changed the workload since."""
        world.writer.scale(self.workload, self.version, self.replicas, was=None)


@dataclass(frozen=True, kw_only=True)
class ResetPod(DeletePod):
    """Delete a pod in crash-loop back-off: its successor begins without one."""

    mark: str

    @property
    def note(self) -> Mapping[str, str]:
        """Return also which restart it is a part of."""
        return {**super().note, "mark": self.mark}

    @property
    def by_design(self) -> bool:
        """Where it is not for being unwell."""
        return _by_design(self.mark)


@dataclass(frozen=True, kw_only=True)
class ReplacePod(ResetPod):
    """Delete a pod that may serve, so that its controller makes a new one from the same template."""

    disruptive: ClassVar[bool] = True


def delete_all(
    kind: type[ResetPod], pods: Iterable[Pod], cause: str, mark: str, siblings: Sequence[Pod]
) -> tuple[ResetPod, ...]:
    """Make the actions of a kind that delete `pods`, which are some of `siblings`."""
    plain = (delete_pod(pod, cause, siblings) for pod in pods)
    return tuple(kind(**{field.name: getattr(each, field.name) for field in fields(each)}, mark=mark) for each in plain)


def give_back(workload: Workload, cause: str) -> ScaleUp | None:
    """Make the action that ends our scaling of `workload`: back to what is noted in it, or its owner's own number."""
    if workload.scaled_from is None:
        return None
    replicas = workload.desired or workload.scaled_from
    return ScaleUp(cause=cause, workload=workload.ref, version=workload.version, replicas=replicas)


def _by_design(mark: str) -> bool:
    """Tell from the mark of a restart, "epoch/reason", whether the boot needs it although nothing is broken."""
    return not mark.rpartition("/")[2].startswith(UNWELL)
