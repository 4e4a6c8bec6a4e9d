"""`lease:` -> which of several processes heals."""

from pydantic import Field

from bootheal.config.section import Section
from bootheal.config.types import Label, ObjectName
from bootheal.model import Ref


class Lease(Section):
    """Of all processes with the same Lease one heals, and the others stand by."""

    namespace: Label = Field(description="where the Lease is; the namespace must exist")
    name: ObjectName = Field("bootheal", description="its name; default bootheal")

    @property
    def ref(self) -> Ref:
        """Name the object."""
        return Ref("lease", self.namespace, self.name)
