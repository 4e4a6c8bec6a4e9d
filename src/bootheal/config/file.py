"""The whole of bootheal.yaml: its sections, and what each of them has to know of the others.

A key of a section is added in the file of that section, a section by a file in `sections` and a field here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from bootheal import kubernetes_events
from bootheal.config.document import KeyPath
from bootheal.config.edges import arranged
from bootheal.config.section import Finding, Section
from bootheal.config.sections.cleanup import Cleanup
from bootheal.config.sections.cluster import Cluster
from bootheal.config.sections.databases import Database
from bootheal.config.sections.dependencies import Dependency
from bootheal.config.sections.discover import Discover
from bootheal.config.sections.hooks import Hook
from bootheal.config.sections.lease import Lease
from bootheal.config.sections.leases import StaleLeases
from bootheal.config.sections.notify import Notify
from bootheal.config.sections.poolers import Pooler
from bootheal.config.sections.registry import Registry
from bootheal.config.sections.workloads import FileDefaults, Workload, restore
from bootheal.config.types import Count, Duration, FilePath, Name, Truth, WorkloadName
from bootheal.model import Right
from bootheal.step import Step


class File(Section):
    """All of bootheal.yaml."""

    cluster: Cluster = Cluster()
    lease: Lease | None = None
    state_directory: FilePath = Field(
        Path("/var/lib/bootheal"),
        description="what is remembered of each boot; another one the service may write to by ReadWritePaths= only; "
        "default /var/lib/bootheal",
    )
    metrics_file: FilePath | None = Field(
        None, description="for node_exporter's textfile collector: since when it heals, and the last run; default none"
    )
    evidence_directory: FilePath | None = Field(
        None,
        description="where each run that does not heal leaves a bundle of what helps to find out why, without "
        "passwords, for its owner alone (see `bootheal bundle`); the newest five are kept; the service may write to it "
        "by ReadWritePaths= only, unless it is in state_directory; default none",
    )
    deadline: Duration = Field(3600.0, description="how long a `run --once` may take in all")
    recheck: Duration = Field(
        60.0, description="how often the daemon looks at what is well, where no watch tells of changes; default 60 s"
    )
    preflight_every: Duration = Field(
        86400.0,
        description="how often the daemon looks, while it rests, whether the machine would come back if it rebooted "
        "(see `bootheal preflight`), and after each change of this file; default 24h",
    )
    max_parallel: Count = Field(4, description="how many workloads are restarted at a time")
    events: Truth = Field(
        default=False,
        description="whether what is done to an object, and a workload that does not come back, is told as an Event of "
        "Kubernetes, too: `kubectl describe` shows it",
    )
    stale_leases: StaleLeases | None = Field(
        None,
        description="default: those of the control plane are released, where its machine is the one that bootheal runs "
        "on; on k3d they are left alone",
    )
    registry: Registry | None = None
    cleanup: Cleanup = Cleanup()
    databases: dict[Name, Database] = Field(default_factory=dict)
    poolers: dict[Name, Pooler] = Field(default_factory=dict)
    dependencies: dict[Name, Dependency] = Field(default_factory=dict)
    defaults: FileDefaults = Field(FileDefaults(), description="for workloads that do not say it themselves")
    discover: Discover | None = None
    workloads: dict[WorkloadName, Workload] = Field(default_factory=dict)
    hooks: dict[Name, Hook] = Field(default_factory=dict)
    notify: dict[Name, Notify] = Field(default_factory=dict)

    @property
    def evidence_is_public(self) -> bool:
        """Whether what pods have logged may stand in files that everybody may read."""
        return self.cleanup.evidence == "public"

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """Yield what sections say that does not fit to what others say."""
        for name, database in self.databases.items():
            if database.mount and not self.cluster.on_this_host:
                where = (*path, "databases", name, "mount")
                yield where, "cannot be looked at: only on k3s are the disks on this host"
        if self.lease and self.cluster.kind == "k3d":
            yield (*path, "lease"), "cannot be used: only this host can start the containers of a k3d cluster"
        if self.lease and self.cluster.restart_k3s != "never":
            where = (*path, "cluster", "restart_k3s")
            yield where, "cannot go with lease: while k3s does not answer, nobody can be known to hold it"

    def steps(self) -> Iterator[Step[Any]]:
        """Make the steps, in any order. It is right that the names in the file refer to something."""
        yield from arranged(self._steps())

    def _steps(self) -> Iterator[Step[Any]]:
        yield from self.cluster.steps(registry=self.registry is not None)
        if self.stale_leases or self.cluster.kind != "k3d":
            yield (self.stale_leases or StaleLeases()).step()
        if self.registry:
            yield from self.registry.steps(self.healed_namespaces())
        yield from self.cleanup.steps(self.healed_namespaces())
        if self.discover:
            yield self.discover.step()
        for name, database in self.databases.items():
            yield from database.steps(name, on_this_host=self.cluster.on_this_host)
        for name, pooler in self.poolers.items():
            served = self.databases[pooler.database].build(pooler.database)
            yield from pooler.steps(name, served, noted=self.lease is not None)
        for name, dependency in self.dependencies.items():
            yield dependency.step(name)
        workloads = {name: self._effective(name, workload) for name, workload in self.workloads.items()}
        yield from restore(workloads)
        for name, workload in workloads.items():
            yield workload.step(name)
        for name, hook in self.hooks.items():
            yield hook.step(name)

    def _effective(self, name: str, workload: Workload) -> Workload:
        kind, namespace, _ = name.split("/")
        return workload.under(self.defaults.of(namespace), kind)

    def wishes(self) -> Iterator[Right]:
        """Name the rights that nothing is healed by, and that something is told by."""
        if self.events:
            yield from kubernetes_events.rights({*self.healed_namespaces(), *self._clusters_own()})

    def _clusters_own(self) -> Iterator[str]:
        """Name the namespace in which Events about nodes are, where nodes are changed."""
        if self.cluster.uncordon or self.cluster.kind == "k3d":
            yield "default"

    def namespace_of(self, pooler: Pooler) -> str:
        """Return where a pooler's objects are: beside its database, if nothing is said."""
        return pooler.namespace or self.databases[pooler.database].namespace

    def namespaces(self) -> tuple[str, ...]:
        """Return where all is that the file is about: what it waits for is looked at, too, by who asks for a reason."""
        awaited = {dependency.namespace for dependency in self.dependencies.values() if dependency.namespace}
        return tuple(sorted(awaited.union(self.healed_namespaces())))

    def healed_namespaces(self) -> tuple[str, ...]:
        """Return where something may be changed: what is only waited for is never touched."""
        found = {*(self.cleanup.namespaces or ()), *(self.discover.namespaces if self.discover else ())}
        found |= {database.namespace for database in self.databases.values()}
        found |= {self.namespace_of(pooler) for pooler in self.poolers.values()}
        return tuple(sorted(found | {name.split("/")[1] for name in self.workloads}))
