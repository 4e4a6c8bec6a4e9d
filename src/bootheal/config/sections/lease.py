"""`lease:` -> which of several processes heals."""

from collections.abc import Iterator

from pydantic import Field

from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.types import Label, ObjectName
from bootheal.model import Ref
from bootheal.platform.leases import CONTROL_PLANE, ELECTED

# Where each node renews its sign of life.
NODES = "kube-node-lease"


class Lease(Section):
    """Of all processes with the same Lease one heals, and the others stand by."""

    namespace: Label = Field(description="where the Lease is; the namespace must exist")
    name: ObjectName = Field("bootheal", description="its name; default bootheal")

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """It is nobody else's: who holds the scheduler's keeps it from scheduling."""
        if self.namespace == NODES or (self.namespace == CONTROL_PLANE and self.name in ELECTED):
            yield path, f"cannot be {self.namespace}/{self.name}: that is Kubernetes' own; bootheal is a name for it"

    @property
    def ref(self) -> Ref:
        """Name the object."""
        return Ref("lease", self.namespace, self.name)
