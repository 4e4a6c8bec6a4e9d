"""`workloads:` -> Deployments, StatefulSets and DaemonSets, each a step; and one for those that are scaled."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.sections.probe import Probe
from bootheal.config.types import DURATION, Duration, Label, Patience, seconds
from bootheal.model import Ref
from bootheal.platform import dns, gate
from bootheal.workloads.restore import Restore
from bootheal.workloads.strategy import Rule, Strategy
from bootheal.workloads.workload import WorkloadStep

SoakTime = Annotated[
    float,
    Field(ge=0, le=3600, allow_inf_nan=False, description="seconds, or like 90s, 5m; 0 for none"),
    BeforeValidator(seconds),
    DURATION,
]


class Defaults(Section):
    """How workloads are treated that do not say it themselves; what is left out is as it is without this."""

    restart: Rule | None = Field(None, description="as for a workload")
    strategy: Strategy | None = Field(None, description="as for a workload")
    soak: SoakTime | None = Field(None, description="as for a workload")
    patience: Duration | None = Field(None, description="as for a workload")

    def given(self) -> dict[str, Any]:
        """Return what is said here."""
        return {name: value for name, value in self if name in Defaults.model_fields and value is not None}


class FileDefaults(Defaults):
    """Defaults of all workloads of the file, and those of single namespaces, which prevail."""

    namespaces: dict[Label, Defaults] = Field(default_factory=dict, description="by the namespace's name")

    def of(self, namespace: str) -> dict[str, Any]:
        """Return what holds for the workloads of a namespace."""
        own = self.namespaces.get(namespace)
        return self.given() | (own.given() if own else {})


class Workload(Section):
    """A Deployment, StatefulSet or DaemonSet."""

    after: list[str] = Field(
        default_factory=list, description="what must serve first: pooler/…, database/…, deployment/…"
    )
    restart: Rule = Field(
        "if-needed", description="if-needed leaves alone what is well; always: once per boot; never: only wait"
    )
    strategy: Strategy = Field(
        "auto",
        description="how to restart; auto: rollout, or delete-pods where a rollout might not end or would be undone; "
        "scale: to zero and back, unless that would delete its volumes or be undone",
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

    def under(self, defaults: Mapping[str, Any], kind: str) -> "Workload":
        """Return the workload with what it does not say itself; a DaemonSet has no replicas to scale."""
        unsaid = {key: value for key, value in defaults.items() if key not in self.model_fields_set}
        if kind == "daemonset" and unsaid.get("strategy") == "scale":
            del unsaid["strategy"]
        return self.model_copy(update=unsaid)

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
