"""`dependencies:` -> what else must serve before what comes after it."""

from collections.abc import Iterator

from pydantic import Field

from bootheal.config import names
from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.sections.probe import Probe
from bootheal.config.types import Host, Label, Patience, Selector
from bootheal.dependencies import dependency
from bootheal.platform import gate


class Dependency(Section):
    """Something else that must serve before what comes after it, found by one of Service, selector, host or a URL."""

    namespace: Label | None = Field(None, description="where its pods are, or the Secret of an sql probe")
    service: Label | None = Field(None, description="the Service in front of it: every Ready pod behind it is asked")
    selector: Selector = Field(default_factory=dict, description="labels of its pods, instead of the Service's")
    host: Host | None = Field(None, description="a server outside the cluster, asked from this host")
    probe: Probe
    after: list[str] = Field(default_factory=list, description="what must serve first, as for workloads")
    patience: Patience = 1800.0

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """It is found in one way, and its probe can be asked there."""
        probe = self.probe
        places = {"service": self.service, "selector": self.selector, "host": self.host, "probe.url": probe.url}
        given = [name for name, value in places.items() if value]
        if not given:
            yield path, "cannot be found: give it a service, a selector or a host, or a probe with a url"
        elif len(given) > 1 and given != ["service", "selector"]:
            yield path, f"cannot be found by {given[0]} and by {given[1]}"
        if (self.service or self.selector or probe.sql) and not self.namespace:
            yield path, "cannot do without a namespace"
        if self.host and probe.exec:
            yield (*path, "probe", "exec"), "cannot run outside the cluster: there is no pod"

    def step(self, name: str) -> dependency.Dependency:
        """Make the step."""
        namespace = self.namespace or ""
        return dependency.Dependency(
            name=f"{names.DEPENDENCY}{name}",
            after=tuple(self.after) or (gate.NAME,),
            patience=self.patience,
            probe=self.probe.build(namespace),
            namespace=namespace,
            service=self.service or "",
            selector=self.selector,
            host=self.host or "",
        )
