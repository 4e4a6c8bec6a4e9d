"""`cluster:` -> what all else stands on: the gate, the nodes, the names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.shapes import network, texts
from bootheal.config.types import FilePath, Line, Truth
from bootheal.platform import gate
from bootheal.platform.components import Allowed
from bootheal.platform.dns import Dns
from bootheal.platform.gate import Gate
from bootheal.platform.node_hosts import NodeHosts
from bootheal.platform.scheduling import Scheduling
from bootheal.step import Step

ClusterName = Annotated[str, AfterValidator(texts.k3d_name)]
DockerAddress = Annotated[str, AfterValidator(network.docker)]
UnitName = Annotated[str, AfterValidator(texts.unit)]


class Cluster(Section):
    """How to reach the cluster, and how to tell that it is of this boot."""

    kind: Literal["k3s", "k3d", "kubernetes"] = Field(
        "k3s",
        description="k3s: on this host, fresh when the node reports this host's boot id; "
        "k3d: in containers of this host's Docker; kubernetes: elsewhere",
    )
    name: ClusterName | None = Field(None, description="k3d only: the cluster's name, as `k3d cluster list` shows it")
    docker: DockerAddress | None = Field(
        None, description="Docker's socket; default: $DOCKER_HOST, else unix:///var/run/docker.sock"
    )
    start: Literal["when-stopped", "never"] = Field(
        "when-stopped", description="k3d only: whether containers that Docker has not brought back are started"
    )
    node_hosts: Literal["report", "restore"] = Field(
        "report", description="k3d only: what to do where CoreDNS has lost host.k3d.internal and the containers' names"
    )
    uncordon: Truth = Field(
        default=False, description="whether a node that stays cordoned for a minute is made schedulable"
    )
    kubeconfig: FilePath | None = Field(
        None,
        description="default: /etc/rancher/k3s/k3s.yaml for k3s, the server container's for k3d, "
        "for kubernetes what $KUBECONFIG names, merged as by kubectl, else the ServiceAccount of the pod that it runs "
        "in, else ~/.kube/config",
    )
    context: Line = Field("", description="a context of the kubeconfig; default: its current one")
    boot_id_file: FilePath = Field(
        Path("/proc/sys/kernel/random/boot_id"), description="k3s and k3d: where this host's boot id is read"
    )
    unit: UnitName = Field(
        "k3s.service", description='k3s only: its systemd unit, asked why the API server is not there; "" asks nobody'
    )
    restart_k3s: Literal["never", "once-per-boot"] = Field(
        "never",
        description="k3s only: whether bootheal may restart the unit, which is known to free reserved sandbox names "
        "and to bring back containerd's socket, after these have lasted two minutes",
    )
    reach: Literal["auto", "direct", "forward"] = Field(
        "auto", description="how pods are reached: directly (auto on k3s) or by port-forward (auto elsewhere)"
    )

    @property
    def on_this_host(self) -> bool:
        """Whether its nodes' disks and volumes are this host's."""
        return self.kind == "k3s"

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """Only k3d has a name for it."""
        if (self.kind == "k3d") != (self.name is not None):
            yield (*path, "name"), "a k3d cluster has a name, and only a k3d cluster: see `k3d cluster list`"

    def steps(self, *, registry: bool) -> Iterator[Step[Any]]:
        """Make the gate, and what comes after it for this kind of cluster; `registry`: whether one is declared."""
        yield Gate(allowed=self._allowed())
        if self.kind == "k3d":
            yield NodeHosts(after=(gate.NAME,), restore=self.node_hosts == "restore", registry=registry)
        if self.kind == "k3d" or self.uncordon:
            yield Scheduling(after=(gate.NAME,), uncordon=self.uncordon)
        yield Dns(after=(gate.NAME,))

    def _allowed(self) -> Allowed:
        if self.kind == "k3d":
            start = {"cluster", "server", "agent", "loadbalancer"} if self.start == "when-stopped" else ()
            return Allowed(start=frozenset(start), restart=frozenset({"loadbalancer"}))
        return Allowed(restart=frozenset({"k3s"} if self.restart_k3s == "once-per-boot" else ()))
