"""Pods that nothing but their deletion moves, once each; and that nothing is taken down which could not come back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bootheal.cluster.delete_pod import DeletePod
from bootheal.cluster.rollout import unpulled
from bootheal.cluster.starting import finished, skipped_init
from bootheal.model import Pod
from bootheal.step import Act, Judgement, Past, Wait
from bootheal.workloads.actions import ReplacePod, ResetPod, ScaleUp, delete_all
from bootheal.workloads.observation import WorkloadObservation, on_away
from bootheal.workloads.restart import indistinct, of, older

# A name that is still reserved may be given free by the runtime itself within some seconds.
RESERVED_SECONDS = 30.0
RESERVED = frozenset({"container-name-reserved", "sandbox-name-reserved"})


@dataclass(frozen=True, slots=True)
class Stuck:
    """Pods that are stuck for one reason: its mark, what is said of each, and how they are deleted."""

    mark: str
    cause: str
    pods: tuple[Pod, ...]
    say: Callable[[Pod], str]
    kind: type[ResetPod] = ResetPod


def stuck_pods(seen: WorkloadObservation, past: Past, *, never: bool) -> Judgement | None:
    """Delete once what only a deletion moves; where that is not ours to do, say so with the command."""
    for found in _kinds(seen, past):
        mark = f"{past.epoch}/{found.mark}"
        begun = [done for done in past.done if past.bears(of(done), found.mark) and not done.failed]
        over = {done.object for done in begun if done.result == "done"}  # what is only intended is made up for
        first = next(iter(begun), None)
        stale = [pod for pod in found.pods if older(pod, first) and str(pod.ref) not in over]
        if not stale:
            continue
        why = found.say(stale[0])
        if never:
            names = " ".join(pod.ref.name for pod in stale)
            return Wait(why, hint=f"kubectl -n {seen.workload.ref.namespace} delete pod {names}")
        everybody = (*seen.pods, *seen.left_over)
        wait = None if begun else indistinct(seen, past, why)
        return wait or Act(why, delete_all(found.kind, stale, found.cause, mark, everybody))
    return None


def allowed(judgement: Judgement, seen: WorkloadObservation) -> Judgement:
    """Withhold what would take pods down while what was seen refuses new ones. Giving replicas back takes none."""
    if not isinstance(judgement, Act) or all(isinstance(action, ScaleUp) for action in judgement.actions):
        return judgement
    deletes = all(isinstance(action, DeletePod) for action in judgement.actions)
    why = seen.refusals.of_any((*seen.pods, *seen.left_over)) or ("" if deletes else _elsewhere(seen))
    if not why:
        return judgement
    return Wait(f"not {'deleted' if deletes else 'restarted'} yet: {why} ({judgement.why})")


def _elsewhere(seen: WorkloadObservation) -> str:
    """Name a pod on a node that is away: its process would serve again with it, and a successor may have to go there.

    Kubernetes' own controllers make it anew elsewhere, after five minutes, where that is possible.
    """
    return next((on_away(pod) for pod in seen.pods if pod.node in seen.away and not pod.deleting), "")


def _kinds(seen: WorkloadObservation, past: Past) -> Iterable[Stuck]:
    if seen.left_over and not seen.rollout.done:
        yield Stuck("completed", "Completed before this boot", seen.left_over, _completed)
    if trapped := tuple(pod for pod in seen.present if _trapped(pod, seen, past)):
        yield Stuck("old-revision", "of an old template, it cannot become ready", trapped, _of_old)
    held = [each for each in seen.troubles if each.id in RESERVED and past.held(each.condition) >= RESERVED_SECONDS]
    if held:
        texts = {each.pod.ref: each.text for each in held}
        pods = tuple(each.pod for each in held)
        yield Stuck("reserved", "its name is still reserved", pods, lambda pod: texts[pod.ref])
    if skipped := tuple(pod for pod in seen.present if not pod.deleting and skipped_init(pod, seen.boot_time)):
        cause = "an init container of it did not run in this boot"
        yield Stuck("skipped-init", cause, skipped, lambda pod: _skipped(pod, seen), ReplacePod)


def _completed(pod: Pod) -> str:
    return f"{finished(pod)} since before this boot, and its controller makes no other"


def _trapped(pod: Pod, seen: WorkloadObservation, past: Past) -> bool:
    """Tell whether an ordered StatefulSet waits for a pod of its old template that cannot become ready.

    Its controller replaces no pod while one is not ready, not even that one (kubernetes#67250). One above or at its
    partition comes back of the new template; another would come back as it is.
    """
    workload = seen.workload
    if pod.ready or pod.deleting or not workload.ordered or workload.on_delete or workload.partition:
        return False
    if not (pod.revision and workload.update_revision and pod.revision != workload.update_revision):
        return False
    image = unpulled(pod)
    if image and image not in workload.images:
        return True
    return any(each.pod is pod and each.hopeless and past.held(each.condition) > 0 for each in seen.troubles)


def _of_old(pod: Pod) -> str:
    image = unpulled(pod)
    lacks = f" cannot get image {image}," if image else ""
    return f"{pod.ref}{lacks} is of the old template, and its controller makes no other while it is there"


def _skipped(pod: Pod, seen: WorkloadObservation) -> str:
    container = skipped_init(pod, seen.boot_time)
    name = container.name if container else ""
    return f"{pod.ref} runs although its init container {name} did not run in this boot"
