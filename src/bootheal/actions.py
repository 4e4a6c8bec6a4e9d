"""Actions that more than one step takes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bootheal.model import Pod, Ref
from bootheal.ports import World
from bootheal.step import Action


@dataclass(frozen=True, kw_only=True)
class DeletePod(Action):
    """Delete one pod gracefully, that very one: a successor of the same name has another UID."""

    pod: Ref
    uid: str
    newest: float

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

    def apply(self, world: World) -> None:
        """Send the delete, with the UID as its precondition."""
        world.cluster.delete_pod(self.pod, self.uid)


def delete_pod(pod: Pod, cause: str, siblings: Iterable[Pod] = ()) -> DeletePod:
    """Make the action that deletes `pod`, which is one of `siblings` where that matters."""
    newest = max(sibling.created for sibling in (pod, *siblings))
    return DeletePod(cause=cause, pod=pod.ref, uid=pod.uid, newest=newest)
