"""What is said of a workload that a restart would not help: no pod, a refusal, what only a person mends. Pure."""

from collections.abc import Iterator

from bootheal.causes import Gravity, Source, exits
from bootheal.causes.pods import LATER_SECONDS, Trouble, not_made
from bootheal.cluster.dead_pods import lost
from bootheal.cluster.log_excerpt import LONGEST
from bootheal.cluster.rollout import crashed, unpulled
from bootheal.cluster.starting import behind, clock, late, starting
from bootheal.cluster.starting import outlived as outlived_by
from bootheal.model import Pod
from bootheal.model.quoted import logged
from bootheal.step import GiveUp, Judgement, Past, Settled, Wait
from bootheal.workloads.observation import ILL, WorkloadObservation, on_away

# What is Ready says so within this time of its start, however slowly its probes let it begin.
BELIEVED_SECONDS = 30.0


def next_step(seen: WorkloadObservation) -> str:
    """Return what a person does about what keeps its pods back, "" where that is not known."""
    if seen.troubles:
        return seen.troubles[0].next_step
    if seen.away:
        return f"start that machine, or, if it is never to come back, kubectl delete node {min(seen.away)}"
    for pod in seen.pods:
        if container := behind(pod):
            return f"kubectl -n {pod.ref.namespace} logs {pod.ref.name} -c {container.name} --tail=50"
    return ""


def not_up(seen: WorkloadObservation) -> str:
    """Say of the first pod that is not up what keeps it back, by the catalogue where it is known there."""
    troubles = {each.pod.ref: each.text for each in reversed(seen.troubles)}
    for pod in seen.present:
        if reason := lost(pod):
            return f"{pod.ref} {reason}"
        if why := troubles.get(pod.ref, "") or starting(pod):
            return why
    return next((on_away(pod) for pod in seen.pods if pod.node in seen.away), "")


def unwell(seen: WorkloadObservation) -> str:
    """Say what is wrong although every container runs, and of a pod that is not ready what its probes say."""
    probed = next((_probed(each) for each in seen.troubles if each.evidence.source is Source.EVENT), "")
    held_up = ((pod, container) for pod in seen.pods if (container := behind(pod)))
    why = probed or next((late(pod, container) for pod, container in held_up), "")
    return f"{seen.unwell}: {why}" if seen.unwell and why else seen.unwell


def _probed(trouble: Trouble) -> str:
    """Say what an Event says of a pod, and of which container where it has more than one."""
    several = len(trouble.pod.containers) + sum(each.sidecar for each in trouble.pod.init) > 1
    return trouble.text + (f" [container {trouble.container}]" if several and trouble.container else "")


def killed(pod: Pod, seen: WorkloadObservation) -> Iterator[str]:
    """Say that its kubelet has ended it, where that is so, or by which exit code, where it has left no word itself."""
    by_probe = [each.words for each in seen.troubles if each.pod.ref == pod.ref and each.id == "probe-kills"]
    yield from by_probe
    if not by_probe and not seen.log:
        yield from filter(None, (exits.told(each) for each in crashed(pod) if each.last_reason == "Error"))


def last_words(seen: WorkloadObservation) -> Iterator[str]:
    """Quote what the log says of why a pod loops, each line cut to what fits."""
    yield from (logged(line, LONGEST) for line in seen.log)


def at_zero(seen: WorkloadObservation) -> Judgement:
    """Tell what wants no pod from what its controller has not counted yet: how many a DaemonSet wants is its status."""
    workload = seen.workload
    if workload.ref.kind != "daemonset":
        return Settled("left alone: it is scaled to zero", (f"{workload.ref} is scaled to zero",))
    if not workload.observed or workload.generation > workload.observed:
        return Wait(seen.rollout.why)
    return Settled("left alone: no node wants a pod of it", (f"{workload.ref} wants no pod: no node is one of its",))


def refused(seen: WorkloadObservation, past: Past) -> Judgement:
    """Nothing can be restarted that cannot be made: say why, and give up what does not pass."""
    workload = seen.workload
    found = not_made(workload.ref, workload.refused)
    hint = found.next_step if found else f"kubectl -n {workload.ref.namespace} describe replicaset"
    if found and found.cause.gravity is Gravity.PERSON and seen.held("refused", past) >= LATER_SECONDS:
        return GiveUp(seen.rollout.why, hint)
    return Wait(seen.rollout.why, hint=hint)


def hopeless(seen: WorkloadObservation, past: Past) -> Judgement | None:
    """Give up what neither waiting nor a restart cures, once it is certain; until then say it."""
    found = [each for each in seen.troubles if each.hopeless and not _of_old(seen, each)]
    certain = [each for each in found if each.certain(past)]
    if certain:
        return GiveUp(certain[0].text, certain[0].next_step, person=certain[0].data)
    return Wait(found[0].text, hint=found[0].next_step) if found else None


def _of_old(seen: WorkloadObservation, trouble: Trouble) -> bool:
    """Tell whether a pod lacks an image that the template no longer names: it goes when its successor is there."""
    image, images = unpulled(trouble.pod), seen.workload.images
    return bool(image and images) and image not in images


def absent(seen: WorkloadObservation, past: Past) -> Judgement:
    """Say what there is where no pod is, which no restart mends; give up what its node does not allow."""
    ref = seen.workload.ref
    why = f"{seen.rollout.why}: {seen.absent}" if seen.absent else seen.rollout.why
    hint = f"kubectl -n {ref.namespace} describe {ref.kind} {ref.name}"
    if seen.turned_away:
        why, hint = f"{seen.rollout.why}: {seen.turned_away.text}", seen.turned_away.next_step
    hopeless_for_long = bool(seen.turned_away and seen.turned_away.hopeless and past.held(ILL) >= LATER_SECONDS)
    return GiveUp(why, hint) if seen.rollout.failed or hopeless_for_long else Wait(why, hint=hint)


def outlived(seen: WorkloadObservation, past: Past) -> Wait | None:
    """Wait a little where a pod's readiness is older than its process, and no probe of ours has answered."""
    if seen.probe is not None:
        return None
    for pod in seen.pods:
        if container := outlived_by(pod):
            allowed = BELIEVED_SECONDS + seen.workload.initial_delay
            left = (container.started or 0.0) + allowed - past.now
            if 0 < left <= allowed:  # else the clock was set since
                since = clock(pod.ready_changed or 0.0)
                why = f"{pod.ref} is Ready since {since}, before container {container.name} began: not believed yet"
                return Wait(why, again=left)
    return None
