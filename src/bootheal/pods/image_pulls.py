"""Images that could not be pulled while their registry was down: the back-off that is left of it is ended.

The kubelet tries again by itself, after up to five minutes. Once the registry answers, the pods that
still wait are deleted, once a boot for each image, and their controllers make them anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from bootheal.cluster import refusals
from bootheal.cluster.delete_pod import REPLACED_BY, DeletePod, delete_pod
from bootheal.model import Pod, Right
from bootheal.ports import Interest, World
from bootheal.step import Act, Judgement, Past, Settled, Step, Wait

NAME = "images"

# In back-off, or just refused. A name that is wrong, or an image that must be there, is no matter of a registry.
WAITING = frozenset({"ImagePullBackOff", "ErrImagePull"})

# Whoever is about to be tried again may be pulled in that time.
GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Pull:
    """A pod of a controller that waits for an image; `refused`: why no other would take its place."""

    pod: Pod
    image: str
    refused: str = ""

    @property
    def condition(self) -> str:
        """This very pod waits."""
        return f"waits {self.pod.uid}"

    @property
    def cause(self) -> str:
        """By which we know what was done for this image."""
        return f"in back-off for {self.image}, whose registry answers"


@dataclass(frozen=True, slots=True)
class ImagePullsObservation:
    """Who waits for an image of the registry."""

    pulls: tuple[Pull, ...]

    @property
    def conditions(self) -> frozenset[str]:
        """How long each has waited matters."""
        return frozenset(pull.condition for pull in self.pulls)


@dataclass(frozen=True, kw_only=True)
class Images(Step[ImagePullsObservation]):
    """Deletes pods of `namespaces` that wait for images of `registries`, the first parts of images' names."""

    has_to_last: ClassVar[bool] = False

    namespaces: tuple[str, ...]
    registries: tuple[str, ...]
    name: str = NAME

    def interests(self) -> frozenset[Interest]:
        """Pods."""
        return frozenset(Interest("pod", namespace) for namespace in self.namespaces)

    def rights(self) -> frozenset[Right]:
        """To delete them."""
        return frozenset(Right("delete", "pods", namespace) for namespace in self.namespaces)

    @property
    def shows_more(self) -> str:
        """List what happened to the pods last."""
        return f"kubectl -n {self.namespaces[0]} get events --sort-by=.lastTimestamp"

    def wishes(self) -> frozenset[Right]:
        """To read what would keep their successors out."""
        return refusals.wishes(self.namespaces)

    def look(self, world: World) -> ImagePullsObservation:
        """Read the pods."""
        pods = (pod for namespace in self.namespaces for pod in world.cluster.pods(namespace))
        pulls = [Pull(pod, image) for pod in pods if (image := self._waits_for(pod))]
        wanting = sorted({pull.pod.ref.namespace for pull in pulls})
        found = {namespace: refusals.look(world.cluster, namespace) for namespace in wanting}
        judged = (replace(pull, refused=found[pull.pod.ref.namespace].placed(pull.pod)) for pull in pulls)
        return ImagePullsObservation(tuple(sorted(judged, key=lambda pull: pull.pod.ref)))

    def judge(self, seen: ImagePullsObservation, past: Past) -> Judgement:
        """Delete who has waited on after the registry answered; who waits after that is told of."""
        pulls = [pull for pull in seen.pulls if not _is_successor(pull, past)]
        if not pulls:
            told = tuple(f"{pull.pod.ref} cannot pull {pull.image} from a registry that answers" for pull in seen.pulls)
            return Settled("nothing that we could help waits for an image", told)
        ripe = [pull for pull in pulls if past.held(pull.condition) >= GRACE_SECONDS]
        ripe.sort(key=lambda pull: bool(pull.refused))
        if ripe and ripe[0].refused:
            return Wait(f"not deleted yet: {ripe[0].refused} ({ripe[0].pod.ref} waits for {ripe[0].image})")
        if ripe:
            return Act(
                f"{len(ripe)} pods are in back-off for images",
                tuple(_deletions([pull for pull in ripe if not pull.refused], seen.pulls)),
            )
        left = GRACE_SECONDS - max(past.held(pull.condition) for pull in pulls)
        return Wait(f"{pulls[0].pod.ref} waits for {pulls[0].image}, which the kubelet may be pulling", again=left)

    def _waits_for(self, pod: Pod) -> str:
        if pod.deleting or pod.mirror or pod.owner is None or pod.owner.kind not in REPLACED_BY:
            return ""
        waiting = (container.image for container in (*pod.init, *pod.containers) if container.reason in WAITING)
        return next((image for image in waiting if image.partition("/")[0] in self.registries), "")


def _is_successor(pull: Pull, past: Past) -> bool:
    """Tell whether the pod was made after all that were deleted for this image."""
    deleted = [done for done in past.done if done.action == DeletePod.kind() and done.cause == pull.cause]
    newest = [float(done.note["newest"]) for done in deleted if not done.failed]
    return bool(newest) and pull.pod.created > max(newest)


def _deletions(ripe: Iterable[Pull], pulls: Iterable[Pull]) -> Iterable[DeletePod]:
    everybody = tuple(pulls)
    for pull in ripe:
        siblings = [other.pod for other in everybody if other.image == pull.image]
        yield delete_pod(pull.pod, pull.cause, siblings)
