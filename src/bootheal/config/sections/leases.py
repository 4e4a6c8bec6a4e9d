"""`stale_leases:` -> what is done about Leases whose holders died with the previous boot."""

from typing import Literal

from pydantic import Field

from bootheal.config.section import Section
from bootheal.config.types import Label
from bootheal.platform import gate
from bootheal.platform.leases import Leases


class StaleLeases(Section):
    """Leases of leader election that are held by processes of the previous boot."""

    action: Literal["release", "report"] = Field(
        "release",
        description="release: a Lease whose holder is proven to be dead is made nobody's, so that its successor need "
        "not wait for it; report only tells",
    )
    namespaces: list[Label] = Field(
        default_factory=list, description="where operators have Leases of theirs, beside the control plane's own"
    )

    def step(self) -> Leases:
        """Make the step."""
        return Leases(after=(gate.NAME,), namespaces=tuple(self.namespaces), report=self.action == "report")
