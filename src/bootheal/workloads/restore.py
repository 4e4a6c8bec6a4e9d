"""Gives back the replicas of workloads that an earlier run was about to restart by scaling, and did not live to.

It waits for nothing but the gate: a workload must not stay at zero because what it comes after fails. Whatever is
under way in this run it would end as the workload's own step does, so that it does not matter who is first.
"""

from contextlib import suppress
from dataclasses import dataclass

from bootheal.errors import MissingError
from bootheal.model import Ref, Right, Workload
from bootheal.ports import World
from bootheal.step import Act, Judgement, Past, Settled, Step, Wait
from bootheal.workloads.actions import AT_ZERO_SECONDS, give_back

NAME = "restore"
CAUSE = "it was being restarted, and is at zero only for that"


@dataclass(frozen=True, slots=True)
class RestoreObservation:
    """The workloads that carry our note of how many replicas they had, and how many pods each still has."""

    noted: tuple[tuple[Workload, int], ...]

    @property
    def conditions(self) -> frozenset[str]:
        """For how long each has been seen so."""
        return frozenset(str(workload.ref) for workload, _ in self.noted)


@dataclass(frozen=True, kw_only=True)
class Restore(Step[RestoreObservation]):
    """Scales back what carries our note, once its pods have ended."""

    name: str = NAME
    workloads: tuple[Ref, ...] = ()

    def rights(self) -> frozenset[Right]:
        """To scale them."""
        return frozenset(Right("patch", f"{ref.kind}s", ref.namespace, "apps") for ref in self.workloads)

    def look(self, world: World) -> RestoreObservation:
        """Read them; one that does not exist is its own step's trouble."""
        found = []
        for ref in self.workloads:
            with suppress(MissingError):
                workload = world.cluster.workload(ref)
                if workload.scaled_from is not None:
                    pods = world.cluster.pods(ref.namespace, workload.selector)
                    found.append((workload, sum(1 for pod in pods if not pod.finished)))
        return RestoreObservation(tuple(found))

    def judge(self, seen: RestoreObservation, past: Past) -> Judgement:
        """Give back what is ready for it, all at once."""
        ready = [
            workload
            for workload, pods in seen.noted
            if not pods or workload.desired or past.held(str(workload.ref)) >= AT_ZERO_SECONDS
        ]
        actions = tuple(action for workload in ready if (action := give_back(workload, CAUSE)))
        if actions:
            return Act(CAUSE, actions)
        if seen.noted:
            workload, pods = seen.noted[0]
            return Wait(f"{workload.ref} is scaled to zero: {pods} of its pods have yet to end")
        return Settled("scaled back" if past.present.done else "nothing was left scaled to zero")
