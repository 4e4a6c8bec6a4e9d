"""A restart, once for each reason: what is to be done next, as a judgement. Pure.

Once means: in this boot, or since what the workload comes after was last repaired. Both the object and our
memory know; either may have missed it: of what another process did, which has held the Lease, only the object tells.
"""

from collections.abc import Iterable, Iterator, Mapping

from bootheal.model import ActionRecord, Pod
from bootheal.step import Act, GiveUp, Judgement, Past, Wait
from bootheal.workloads.actions import ReplacePod, RollOut, ScaleDown, ScaleUp, delete_all, give_back
from bootheal.workloads.by_itself import DETOUR, measured
from bootheal.workloads.observation import WorkloadObservation

# Which marks a workload bore when it was last well, and in which epoch that was.
BORE, WELL_IN = "bore", "well in"

RESTARTS = frozenset({RollOut.kind(), ScaleDown.kind(), ReplacePod.kind()})


def restart(seen: WorkloadObservation, past: Past, reason: str, cause: str) -> Judgement | None:
    """Begin or go on with it; None once it is done. GiveUp if no way that is allowed would end."""
    mark = f"{past.epoch}/{reason}"
    begun = [done for done in past.done if done.action == ReplacePod.kind() and past.bears(of(done), reason)]
    if begun:
        return _replace_pods(seen, begun[0], mark, cause)
    if marked(seen, past, reason):
        return None
    return indistinct(seen, past, cause) or _begin(seen, past, mark, cause)


def _begin(seen: WorkloadObservation, past: Past, mark: str, cause: str) -> Judgement | None:
    choice = seen.choice
    if choice.way == "delete-pods":
        return _replace_pods(seen, None, mark, f"{cause}; {choice.why}" if choice.why else cause)
    if choice.refused:
        return GiveUp(f"{cause}, but {choice.refused}", "strategy: delete-pods would restart it without a rollout")
    workload = seen.workload
    if choice.way == "scale":
        down = ScaleDown(
            cause=cause,
            workload=workload.ref,
            version=workload.version,
            generation=workload.generation,
            replicas=workload.desired,
            mark=mark,
            newest=newest(seen.pods),
        )
        return Act(cause, (down,))
    roll = RollOut(
        cause=cause,
        workload=workload.ref,
        version=workload.version,
        mark=mark,
        at=past.now,
        newest=newest(seen.pods),
    )
    return Act(cause, (roll,))


def marked(seen: WorkloadObservation, past: Past, reason: str) -> bool:
    """Whether it was restarted for this reason."""
    remembered = any(past.bears(of(done), reason) and happened(seen, done) for done in past.done)
    return remembered or any(past.bears(mark, reason) for mark in _borne(seen, past, once_per_boot="-" not in reason))


def by_another(seen: WorkloadObservation, past: Past) -> bool:
    """Whether another process has restarted it for some trouble in this epoch, and it was not seen well since.

    Each process counts troubles for itself: what it was restarted for then is what ails it still.
    """
    ours = {of(done) for done in past.done}
    marks = (mark.partition("/") for mark in _borne(seen, past, once_per_boot=False) if mark not in ours)
    return any("-" in reason and past.lasts(epoch) for epoch, _, reason in marks)


def well_with(seen: WorkloadObservation, past: Past) -> Mapping[str, str]:
    """Return what is to be remembered of a workload that is well: the marks that it bears, how long its pods take."""
    marks = [mark for mark in (seen.workload.caused_by, seen.workload.scaled_by) if mark]
    if not marks:
        return measured(seen)
    took = {DETOUR: past.baseline[DETOUR]} if DETOUR in past.baseline else {}
    return took | measured(seen) | {BORE: " ".join(marks), WELL_IN: past.epoch}


def _borne(seen: WorkloadObservation, past: Past, *, once_per_boot: bool) -> Iterator[str]:
    """Yield the marks that it bears, but for those of a trouble that it got over, and of a boot that it outlived."""
    over = past.baseline.get(BORE, "").split()
    if once_per_boot and past.lasts(past.baseline.get(WELL_IN, "")):
        over = []
    return (mark for mark in (seen.workload.caused_by, seen.workload.scaled_by) if mark and mark not in over)


def of(done: ActionRecord) -> str:
    """Return in which epoch and for which reason it was done, as it is written into the object, "" for none."""
    return done.note.get("mark", "")


def happened(seen: WorkloadObservation, done: ActionRecord) -> bool:
    """Whether a restart that may only have been intended took place: the object would know; a deletion is repeated."""
    if done.result == "done" or done.action == ReplacePod.kind():
        return not done.failed
    return done.note.get("mark") in (seen.workload.caused_by, seen.workload.scaled_by)


def _replace_pods(seen: WorkloadObservation, begun: ActionRecord | None, mark: str, cause: str) -> Judgement | None:
    """Delete the pods of before: at once those that don't serve, the others one by one; not those that are away.

    Each record of it tells who was there before: memory may have no more than the last.
    """
    before = [pod for pod in seen.pods if older(pod, begun)]
    old = [pod for pod in before if not pod.deleting and pod.node not in seen.away]
    if not old:
        return None
    broken = [pod for pod in old if not pod.ready]
    if begun and not broken and not seen.rollout.done:
        return Wait(f"{len(old)} pods have yet to be replaced: {seen.rollout.why}")
    return Act(cause, delete_all(ReplacePod, broken or old[:1], begun.cause if begun else cause, mark, before))


def newest(pods: tuple[Pod, ...]) -> float:
    """Return when the newest of them was made, by the cluster's clock."""
    return max((pod.created for pod in pods), default=0.0)


def indistinct(seen: WorkloadObservation, past: Past, cause: str) -> Wait | None:
    """Wait for the end of the second in which the newest pod was made: creation times have whole seconds.

    Successors made in that same second would be taken for what was there before, and restarted again.
    """
    left = newest(seen.pods) + 1 - past.now
    return Wait(f"{cause}, but not in the second it was made in", again=left) if 0 < left <= 1 else None


def older(pod: Pod, done: ActionRecord | None) -> bool:
    """Whether the pod was there when an action of ours was decided on."""
    return done is None or pod.created <= float(done.note.get("newest", "0"))


def unscale(seen: WorkloadObservation, past: Past) -> ScaleUp | None:
    """Return what ends a scaling of ours, by the note in the object, or in our memory where that was taken away."""
    if action := give_back(seen.workload, "as it was before it was restarted"):
        return action
    down, workload = last_scaling(past.done), seen.workload
    if workload.desired or down is None or down.note["generation"] != str(workload.generation):
        return None  # another generation: its owner has changed it since, and this zero is not ours
    cause = "as it was before it was restarted; the note of it was taken away"
    return ScaleUp(cause=cause, workload=workload.ref, version=workload.version, replicas=int(down.note["replicas"]))


def last_scaling(records: Iterable[ActionRecord]) -> ActionRecord | None:
    """Return the scaling to zero that may not have been ended by us."""
    scalings = [done for done in records if done.action in (ScaleDown.kind(), ScaleUp.kind()) and not done.failed]
    return scalings[-1] if scalings and scalings[-1].action == ScaleDown.kind() else None
