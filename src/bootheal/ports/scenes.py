"""Reading all that is in a cluster at one moment."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bootheal.model import Ref
from bootheal.model.scene import Scene


class SceneReader(Protocol):
    """Tells of all objects of a cluster. It changes nothing."""

    def scene(self, namespaces: Sequence[str] = (), patience: float = 1.0) -> Scene:
        """Read a scene, without what only the host knows; in some seconds, whatever does not answer.

        It takes `patience` times as long at most: who asks for a person who waits has less than who looks once a day.
        `namespaces` are read one by one where not all may be listed at once. What could not be read is in its gaps. It
        raises nothing: an API server that does not answer, or refuses us, is what there is to see.
        """

    def shown(self, about: Ref) -> Mapping[str, Any]:
        """Return what an object says of itself, without what may hold a secret; errors as of any read.

        That is its status and its spec; of containers no value of a variable, no command and no argument, and no
        annotation of anything. {} of a kind that is not shown.
        """

    def find(self, about: Ref) -> None:
        """Ask for an object by its name alone: MissingError where there is none; errors as of any read."""
