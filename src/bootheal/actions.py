"""Actions that more than one step takes."""

from dataclasses import dataclass

from bootheal.model import Ref
from bootheal.ports import World
from bootheal.step import Action


@dataclass(frozen=True, kw_only=True)
class DeletePod(Action):
    """Delete one pod gracefully, that very one: a successor of the same name has another UID."""

    pod: Ref
    uid: str

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
