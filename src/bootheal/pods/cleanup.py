"""Clean-up: pods that the reboot killed and that nothing else will remove.

Most pods that show Unknown are restarted by the kubelet within seconds; only what
stays dead is deleted. Nothing waits for this step, and a step that refuses to delete
what it found is not well: a run that leaves a heap of dead pods must not say "healed".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeVar

from bootheal.cluster import refusals
from bootheal.cluster.dead_pods import BY_DEFAULT, cause_of_death, died
from bootheal.cluster.delete_pod import LOG_LINES, DeletePod, delete_pod
from bootheal.cluster.refusals import Refusals
from bootheal.cluster.starting import skipped_init
from bootheal.model import DELETES_AT_ONCE, Pod, PodToDelete, Ref, Right
from bootheal.pods import terminating
from bootheal.pods.spared import spared
from bootheal.pods.terminating import ForceDeletePod, Terminating
from bootheal.ports import Interest, World
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Settled, Step, Wait

NAME = "cleanup"

# Since when this boot's kubelets have had a chance: the step begins when the gate has opened.
BEGAN = "began"

# Pods whose last words are kept, in one boot: the state file must stay small.
WITNESSES = 10

# Up to this many are deleted one by one, each with a line of its own in the report; more go in batches, of which
# a judgement asks for some. After each batch the loop turns: no step waits for longer than five requests may take.
FEW = 25
BATCH = 5 * DELETES_AT_ONCE
BATCHES = 10

# How many pods a remark names.
NAMED = 3


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead pod, of what it died, and (where it must be left) why it is left; `refused`: why none would replace it."""

    pod: Pod
    why: str
    left: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class CleanupObservation:
    """The dead pods of the declared namespaces, and those that are being deleted.

    `skipped`: bare pods of which an init container did not run in this boot.
    """

    dead: tuple[Dead, ...] = ()
    terminating: Terminating = field(default_factory=Terminating)
    skipped: tuple[str, ...] = ()

    @property
    def conditions(self) -> frozenset[str]:
        """How long we have been looking matters; how long each pod has been dead is in its own status."""
        return frozenset({BEGAN})


@dataclass(frozen=True, kw_only=True)
class DeletePods(Action):
    """Delete many dead pods of one namespace, each by a request of its own, several at a time.

    A run that is killed in the middle loses nothing: the next look finds what is left.
    """

    by_design = True  # a reboot leaves dead pods behind
    bounded = False
    apart = True

    pods: tuple[PodToDelete, ...]

    @property
    def about(self) -> Ref:
        """Their namespace."""
        return Ref("namespace", "", self.pods[0].ref.namespace)

    @property
    def sentence(self) -> str:
        """Say how many, and why; or which, where a part has but one."""
        several = f"{len(self.pods)} dead pods of {self.about}"
        return f"delete {several if len(self.pods) > 1 else self.pods[0].ref} ({self.cause})"

    @property
    def objects(self) -> int:
        """Return how many, for the cap."""
        return len(self.pods)

    def parts(self) -> Sequence[Action]:
        """Return as many at a time as are deleted at once: no part takes longer than one request may."""
        return [replace(self, pods=some) for some in _split(self.pods, DELETES_AT_ONCE)]

    def apply(self, world: World) -> None:
        """Send the deletes, with UIDs and versions as their preconditions."""
        world.writer.delete_pods(self.pods)


@dataclass(frozen=True, kw_only=True)
class Cleanup(Step[CleanupObservation]):
    """Deletes pods of `namespaces` that have been dead of one of `reasons` for `grace` seconds, `cap` in one boot.

    `force_after`: for how many seconds a pod must have been overdue before it is forced; None never does.
    """

    has_to_last: ClassVar[bool] = False

    namespaces: tuple[str, ...]
    grace: float = 60.0
    cap: int = 25
    reasons: frozenset[str] = BY_DEFAULT
    force_after: float | None = None
    log_lines: int = LOG_LINES
    name: str = NAME

    def interests(self) -> frozenset[Interest]:
        """Pods, and nodes for their pressures."""
        return frozenset({Interest("node"), *(Interest("pod", namespace) for namespace in self.namespaces)})

    def rights(self) -> frozenset[Right]:
        """To delete pods, to keep their last words, and to ask a kubelet whether it knows one."""
        needed = (("delete", "pods"), ("get", "pods"), ("get", "pods/log"), ("list", "events"))
        ask = {Right("get", "nodes/proxy")} if self.force_after is not None else set()
        return frozenset(ask | {Right(*right, namespace) for right in needed for namespace in self.namespaces})

    @property
    def shows_more(self) -> str:
        """List the pods."""
        return f"kubectl -n {self.namespaces[0]} get pods -o wide"

    def wishes(self) -> frozenset[Right]:
        """To read what would keep their successors out."""
        return refusals.wishes(self.namespaces)

    # --- looking ----------------------------------------------------------------------------------

    def look(self, world: World) -> CleanupObservation:
        """Read pods and nodes."""
        boot_time = world.host.boot_time()
        pods = [pod for namespace in self.namespaces for pod in world.cluster.pods(namespace) if not _serves(pod)]
        pods.sort(key=lambda pod: (pod.ref.namespace, pod.ref.name))
        nodes = {node.name: node for node in world.cluster.nodes()}
        died_of = [(pod, why) for pod in pods if (why := cause_of_death(pod, boot_time=boot_time))]
        wanting = {pod.ref.namespace for pod, _ in died_of}
        found = {namespace: refusals.look(world.cluster, namespace) for namespace in sorted(wanting)}
        dead = (
            Dead(pod, why, spared(pod, why, self.reasons, nodes), _refusal(pod, found[pod.ref.namespace]))
            for pod, why in died_of
        )
        bare = (pod for pod in pods if pod.owner is None and not pod.mirror and not pod.deleting)
        skipped = (f"{pod.ref} ({name.name})" for pod in bare if (name := skipped_init(pod, boot_time)))
        ending = terminating.look(world, pods, ask=self.force_after is not None)
        return CleanupObservation(tuple(dead), ending, tuple(skipped))

    # --- judging ----------------------------------------------------------------------------------

    def judge(self, seen: CleanupObservation, past: Past) -> Judgement:
        """Delete what stays dead, unless it is suspiciously much; then see to what does not go."""
        ours = [dead for dead in seen.dead if not dead.left]
        ripe = [dead for dead in ours if self._left_of_grace(dead.pod, past) <= 0]
        if taken := [dead for dead in ripe if not dead.refused]:
            return self._refuse(taken, past) or self._delete(taken, past)
        late = self._forced(seen.terminating, past)
        if forced := [pod for pod in late if pod.uid not in seen.terminating.refused]:
            return Act(f"{_pods(forced)} should have gone long ago", tuple(_force(pod) for pod in forced))
        if ripe or late:
            why = ripe[0].refused if ripe else seen.terminating.refused[late[0].uid]
            return Wait(f"not deleted yet: {why} ({_pods([*(dead.pod for dead in ripe), *late])})", again=self.grace)
        late = seen.terminating.overdue(past.now, past.held(BEGAN))  # of before; what is deleted now goes by itself
        remarks = (*_remarks(dead for dead in seen.dead if dead.left), *_skipped(seen.skipped))
        if ours or (late and past.held(BEGAN) < self.grace):
            left = [self._left_of_grace(dead.pod, past) for dead in ours] or [self.grace - past.held(BEGAN)]
            again = max(min(left), 0.1)  # nobody needs it: what serves is not called ill for it
            return Settled("the kubelet may still see to pods that are dead or overdue", remarks, again=again)
        told = terminating.remarks(seen.terminating, past.now, self.grace, self.force_after)
        return Settled(_summary(seen, past), (*remarks, *told))

    def _left_of_grace(self, pod: Pod, past: Past) -> float:
        """Return for how many seconds the pod must still be dead. What is over for good had its time by itself."""
        watched, since = past.held(BEGAN), died(pod)
        age = past.now - since if since <= past.now else watched  # a clock that was wrong
        return self.grace - (age if pod.finished else min(age, watched))

    def _refuse(self, ripe: Sequence[Dead], past: Past) -> GiveUp | None:
        deleted = _deleted(past)
        if deleted + len(ripe) <= self.cap:
            return None
        where = Counter(dead.pod.ref.namespace for dead in ripe)
        told = ", ".join(f"{count} in namespace {namespace}" for namespace, count in sorted(where.items()))
        already = f", after {deleted} in this boot" if deleted else ""
        found = f"{_are(len(ripe), 'pod')} dead ({told}){already}"
        return GiveUp(
            f"{found}, more than cleanup.cap = {self.cap}: none of them is deleted",
            f"look at them with `kubectl -n {min(where)} get pods`; if they are leftovers, "
            f"raise cleanup.cap to {deleted + len(ripe)} or more",
        )

    def _delete(self, ripe: Sequence[Dead], past: Past) -> Act:
        why = f"{_are(len(ripe), 'pod')} dead, for more than {self.grace:g} s"
        heard = WITNESSES - past.times(DeletePod)
        if len(ripe) <= FEW or heard > 0:
            alone = ripe if len(ripe) <= FEW else ripe[:heard]
            return Act(why, tuple(self._delete_one(dead, heard=index < heard) for index, dead in enumerate(alone)))
        here = [dead for dead in ripe if dead.pod.ref.namespace == ripe[0].pod.ref.namespace]
        batches = _split(here[: BATCHES * BATCH], BATCH)
        return Act(why, tuple(self._delete_some(batch) for batch in batches))

    def _delete_some(self, batch: Sequence[Dead]) -> Action:
        return _delete_batch(batch) if len(batch) > 1 else self._delete_one(batch[0], heard=False)

    def _delete_one(self, dead: Dead, *, heard: bool) -> DeletePod:
        containers = (*dead.pod.init, *dead.pod.containers) if self.log_lines else ()
        names = tuple(container.name for container in containers) if heard else None
        return replace(delete_pod(dead.pod, dead.why), heard=names, lines=self.log_lines)

    def _forced(self, terminating: Terminating, past: Past) -> list[Pod]:
        if self.force_after is None or past.held(BEGAN) < self.grace:
            return []
        late = terminating.overdue(past.now, self.force_after)
        return [pod for pod in late if not terminating.objection(pod, past.now)]


def _serves(pod: Pod) -> bool:
    """Tell whether nothing is to be seen to here, as with most of ten thousand pods that a look passes over."""
    return pod.ready and pod.phase == "Running" and pod.owner is not None and not pod.deleting


def _delete_batch(batch: Sequence[Dead]) -> DeletePods:
    cause = ", ".join(f"{reason} {count}" for reason, count in Counter(dead.why for dead in batch).most_common())
    doomed = tuple(PodToDelete(dead.pod.ref, dead.pod.uid, dead.pod.version) for dead in batch)
    return DeletePods(cause=cause, pods=doomed)


def _refusal(pod: Pod, found: Refusals) -> str:
    """Say why none would take its place; what has Failed a ReplicaSet has replaced already."""
    replaced = pod.finished and pod.owner is not None and pod.owner.kind == "replicaset"
    return "" if replaced else found.placed(pod)


def _skipped(names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"an init container of {_names(names)} did not run in this boot: make anew what nothing else makes anew"


def _split(items: Sequence[Item], size: int) -> list[tuple[Item, ...]]:
    return [tuple(items[begin : begin + size]) for begin in range(0, len(items), size)]


def _force(pod: Pod) -> ForceDeletePod:
    return ForceDeletePod(cause=f"unknown to the kubelet of {pod.node}", pod=pod.ref, uid=pod.uid, version=pod.version)


def _deleted(past: Past) -> int:
    """Count the pods that were deleted in this boot."""
    return past.objects(DeletePod) + past.objects(DeletePods)


def _summary(seen: CleanupObservation, past: Past) -> str:
    text = f"{_are(len(seen.dead), 'dead pod')} left" if seen.dead else "no dead pod"
    return f"{text}, {deleted} deleted in this boot" if (deleted := _deleted(past)) else text


def _remarks(dead: Iterable[Dead]) -> Iterator[str]:
    """Say what was left, and why: one line for each reason to leave it, with some of the names."""
    groups: dict[str, list[str]] = {}
    for each in dead:
        groups.setdefault(each.left, []).append(f"{each.pod.ref} ({each.why})")
    for why, names in sorted(groups.items()):
        yield f"left {_names(names)}: {why}"


def _are(count: int, what: str) -> str:
    return f"1 {what} is" if count == 1 else f"{count} {what}s are"


def _names(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _pods(pods: Sequence[Pod]) -> str:
    return _names([str(pod.ref) for pod in pods])
