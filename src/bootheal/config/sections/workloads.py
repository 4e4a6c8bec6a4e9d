"""`workloads:` -> Deployments, StatefulSets and DaemonSets, each a step; and one for those that are scaled."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.sections.probe import Probe
from bootheal.config.types import DURATION, Patience, seconds
from bootheal.model import Ref
from bootheal.platform import dns, gate
from bootheal.workloads.restore import Restore
from bootheal.workloads.workload import WorkloadStep

SoakTime = Annotated[
    float,
    Field(ge=0, le=3600, allow_inf_nan=False, description="seconds, or like 90s, 5m; 0 for none"),
    BeforeValidator(seconds),
    DURATION,
]


class Workload(Section):
    """A Deployment, StatefulSet or DaemonSet."""

    after: list[str] = Field(
        default_factory=list, description="what must serve first: pooler/…, database/…, deployment/…"
    )
    restart: Literal["if-needed", "always", "never"] = Field(
        "if-needed", description="if-needed leaves alone what is well; always: once per boot; never: only wait"
    )
    strategy: Literal["auto", "rollout", "scale", "delete-pods"] = Field(
        "auto",
        description="how to restart; auto: rollout, or delete-pods where a rollout might not end or would be undone; "
        "scale: to zero and back",
    )
    probe: Probe | None = None
    soak: SoakTime | None = Field(
        None, description="for how long it must have been well; default: 0 with a probe, else 5 s"
    )
    patience: Patience = 1800.0

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """It can be restarted in the way that is asked for; its name is the last word of its place."""
        if self.strategy == "scale" and str(path[-1]).startswith("daemonset/"):
            yield (*path, "strategy"), "cannot be 'scale': a DaemonSet has no replicas"

    def step(self, name: str) -> WorkloadStep:
        """Make the step of the workload of this name."""
        ref = Ref(*name.split("/"))
        return WorkloadStep(
            name=name,
            # What serves in kube-system is what cluster DNS may be waiting for.
            after=(*self.after, gate.NAME if ref.namespace == dns.SERVICE.namespace else dns.NAME),
            patience=self.patience,
            workload=ref,
            restart=self.restart,
            strategy=self.strategy,
            soak=self.soak,
            probe=self.probe.build(ref.namespace) if self.probe else None,
        )


def restore(workloads: Mapping[str, Workload]) -> Iterator[Restore]:
    """Make the step that gives replicas back, where workloads are restarted by scaling."""
    if scaled := tuple(Ref(*name.split("/")) for name, each in workloads.items() if each.strategy == "scale"):
        yield Restore(after=(gate.NAME,), workloads=scaled)
