"""`discover:` -> workloads that are not listed: found in the cluster at each pass, and whenever some are added."""

from typing import Annotated, Literal

from pydantic import Field

from bootheal.config.section import Section
from bootheal.config.types import Label, Selector
from bootheal.platform.namespaces import Namespaces


class Discover(Section):
    """Workloads that need not be listed: each pass finds them once the API server answers; what is listed overrides.

    The daemon takes up what is added while it rests.

    Annotations at a workload say what a line of the file would: bootheal/after, bootheal/restart, bootheal/strategy,
    bootheal/probe, bootheal/soak, bootheal/patience; and bootheal/ignore: "true" leaves it out.
    """

    namespaces: Annotated[list[Label], Field(min_length=1)] = Field(description="where they are looked for")
    selector: Selector = Field(default_factory=dict, description="labels that they must carry; default: none")
    order: Literal["inferred", "none"] = Field(
        "inferred",
        description="inferred: after what their manifests name, as `bootheal init` would write it; none: all at once",
    )

    def step(self) -> Namespaces:
        """Make the step that looks whether the namespaces are there."""
        return Namespaces(namespaces=tuple(self.namespaces))
