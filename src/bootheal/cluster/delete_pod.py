"""Deleting one pod: the action of clean-up, of restarts and of what waits for images, and what is kept of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bootheal.model import Pod, Ref
from bootheal.ports import World
from bootheal.step import Action

# What is kept of a pod's logs and events fits on a screen.
LOG_LINES = 20

# Controllers that make a new pod for one that is deleted. A Job would count it as a failure.
REPLACED_BY = frozenset({"replicaset", "statefulset", "daemonset", "replicationcontroller"})


@dataclass(frozen=True, kw_only=True)
class DeletePod(Action):
    """Delete one pod gracefully, that very one as it was seen.

    A successor of the same name has another UID, and a pod that has come to life since
    has another version. Its status and events, and the last `lines` of the containers named
    by `heard`, are kept before; of a pod with None nothing is.
    """

    apart = True

    pod: Ref
    uid: str
    version: str
    newest: float
    heard: tuple[str, ...] | None = None
    lines: int = LOG_LINES
    siblings: int = 0

    @property
    def alike(self) -> int:
        """How many there were: a pod's successor has another name, and seems older where the clock was set back."""
        return self.siblings

    @property
    def note(self) -> Mapping[str, str]:
        """Return when the newest of its siblings was made, by the cluster's clock: successors are newer."""
        return {"newest": str(self.newest)}

    @property
    def about(self) -> Ref:
        """The pod."""
        return self.pod

    @property
    def sentence(self) -> str:
        """Say which pod, and why."""
        return f"delete {self.pod} ({self.cause})"

    @property
    def by_design(self) -> bool:
        """A reboot leaves dead pods behind, and pods in back-off."""
        return True

    def evidence(self, world: World) -> Mapping[str, str]:
        """Return its last words, which go with it."""
        return {} if self.heard is None else world.pod_access.pod_evidence(self.pod, self.heard, self.lines)

    def apply(self, world: World) -> None:
        """Send the delete, with UID and version as its preconditions."""
        world.writer.delete_pod(self.pod, self.uid, self.version)


def delete_pod(pod: Pod, cause: str, siblings: Iterable[Pod] = ()) -> DeletePod:
    """Make the action that deletes `pod`, which is one of `siblings` where that matters."""
    all_of_them = tuple(siblings)
    newest = max(sibling.created for sibling in (pod, *all_of_them))
    return DeletePod(
        cause=cause, pod=pod.ref, uid=pod.uid, version=pod.version, newest=newest, siblings=len(all_of_them)
    )
