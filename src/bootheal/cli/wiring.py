"""The composition root: the only place that chooses which adapter stands behind which port."""

import importlib
import os
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bootheal.adapters.clock import SystemClock, ThreadWorkers
from bootheal.adapters.docker.containers import DockerContainers
from bootheal.adapters.docker.engine import DockerEngine
from bootheal.adapters.docker.k3d import K3dHost
from bootheal.adapters.host import HostAmongNodes, Machine, OneNode, RemoteHost
from bootheal.adapters.k3s import K3sHost
from bootheal.adapters.kube.access import K3S_KUBECONFIG, kubectls
from bootheal.adapters.kube.api import Api, agent
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import FetchedKubeconfig, GivenKubeconfig, Kubeconfig, LiveKubeconfig, in_pod
from bootheal.adapters.kube.pace import MOST_PER_SECOND, Pace
from bootheal.adapters.postgres.console import PgBouncerConsole
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.adapters.reach import Reach
from bootheal.adapters.redaction import Redaction
from bootheal.adapters.scope import Scope
from bootheal.adapters.state import StateFile
from bootheal.adapters.systemctl import Commands, Unit
from bootheal.adapters.systemd import Systemd
from bootheal.adapters.systemd_credentials import given
from bootheal.adapters.wallclock import WallClock
from bootheal.adapters.web import WebProbe
from bootheal.causes.commands import in_container
from bootheal.config import Configuration
from bootheal.config.file import File
from bootheal.config.sections.cluster import Cluster
from bootheal.engine import Engine, Inbox, Limits, Recorder
from bootheal.errors import TransientError
from bootheal.model import Event, Node, Ref
from bootheal.ports import Host, Mandate, World
from bootheal.ports.inventory import InventoryReader

FOR_EVER = float("inf")

# The kubelet renews a pod's token long before it expires.
TOKEN_BELIEVED_SECONDS = 60.0

# Where `scripts/install --service-account` tells the service that the kubeconfig of its own account is.
OWN_KUBECONFIG = "BOOTHEAL_KUBECONFIG"


def open_world(
    cluster: Cluster, scope: Scope, mandate: Mandate | None = None, *, most: float = MOST_PER_SECOND
) -> World:
    """Return the world that the configuration's cluster section describes; it is closed with the scope.

    Nothing of it is changed but under `mandate`; its API server is sent `most` requests a second.
    """
    host = make_host(cluster)
    objection, name = (mandate.objection, mandate.name) if mandate else (str, "")
    api = Api(kubeconfig(cluster, host), scope, objection=objection, agent=agent(name), pace=Pace(most), asked=_prepare)
    direct = is_direct(cluster)

    def forward(pod: Ref, port: int, timeout: float):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return api.forward(pod.namespace, pod.name, port, timeout)

    reach = Reach(forward, scope, direct=direct)
    redaction = Redaction()
    kube = KubeCluster(api, redaction)
    return World(
        cluster=kube.reader,
        pod_access=kube.pod_access,
        secrets=kube.secrets,
        writer=kube.writer,
        watcher=kube.watcher,
        kubernetes_events=kube.kubernetes_events,
        host=_among(host, cluster, kube.reader.nodes),
        scenes=kube.scenes,
        prospects=kube.prospects,
        postgres=PostgresServer(reach.open, reach.local),
        pooler=PgBouncerConsole(reach.local),
        web=WebProbe(reach.open),
        direct=direct,
        containers=DockerContainers(DockerEngine(cluster.docker or "")),
        told=_worded(cluster, redaction.told),
        logged=redaction.logged,
    )


def _among(host: K3sHost | K3dHost | RemoteHost, cluster: Cluster, nodes: Callable[[], Sequence[Node]]) -> Host:
    """Return the host as its cluster's nodes show it."""
    if isinstance(host, K3sHost):
        return HostAmongNodes(host, nodes)
    if isinstance(host, RemoteHost):
        inside = _own_pod(cluster) is not None
        return RemoteHost(OneNode(Machine(cluster.boot_id_file), nodes, inside=inside).machine)
    return host


def is_direct(cluster: Cluster) -> bool:
    """Whether this host reaches pods by their addresses."""
    return cluster.reach == "direct" or (cluster.reach == "auto" and cluster.kind == "k3s")


def open_api(cluster: Cluster, scope: Scope) -> Api:
    """Return the API server of the cluster that the section describes."""
    return Api(kubeconfig(cluster, make_host(cluster)), scope)


def open_inventory(cluster: Cluster, scope: Scope) -> InventoryReader:
    """Return what tells of all that is declared there."""
    from bootheal.adapters.kube.inventory import KubeInventory

    return KubeInventory(open_api(cluster, scope))


def _worded(cluster: Cluster, told: Callable[[str], str]) -> Callable[[str], str]:
    """Word the commands that a person is told for what the cluster runs in."""
    if cluster.kind != "k3d":
        return told
    server = f"k3d-{cluster.name}-server-0"
    return lambda text: in_container(told(text), server)


def _prepare() -> None:
    """Import what is heavy, and needed only once the gate is open: neither it nor the first database waits for it."""
    if "psycopg" not in sys.modules:
        with suppress(RuntimeError):  # no thread for it: whoever needs it first imports it
            threading.Thread(target=_import_psycopg, daemon=True).start()  # noqa: TID251 - it ends by itself


def _import_psycopg() -> None:
    with suppress(OSError, ImportError):  # no descriptor for it: whoever needs it tries again
        importlib.import_module("psycopg")


def make_host(cluster: Cluster) -> K3sHost | K3dHost | RemoteHost:
    """Return what the cluster runs on."""
    match cluster.kind:
        case "k3s":
            return K3sHost(cluster.boot_id_file, cluster.unit)
        case "k3d":
            clock = WallClock(earlier=Unit("docker.service", Commands()).clock_samples())
            machine = Machine(cluster.boot_id_file, clock)
            return K3dHost(DockerEngine(cluster.docker or ""), cluster.name or "", machine)
        case "kubernetes":
            return RemoteHost()


def kubeconfig(cluster: Cluster, host: Host) -> Kubeconfig:
    """Return the kubeconfig to read: that of the service's own account, where it has one, else the owner's."""
    if own := os.environ.get(OWN_KUBECONFIG):
        return LiveKubeconfig(Path(own), awaited=True)
    return _owners(cluster, host)


def administrator(cluster: Cluster) -> Kubeconfig:
    """Return the kubeconfig of who may make an account, whatever account this process was given."""
    return _owners(cluster, make_host(cluster))


def _owners(cluster: Cluster, host: Host) -> Kubeconfig:
    """Return the owner's kubeconfig; on k3s the live file, since k3s renews its certificates there."""
    if fetch := _own_pod(cluster):
        return FetchedKubeconfig("of this pod", fetch, believed=TOKEN_BELIEVED_SECONDS)
    if isinstance(host, K3dHost) and not cluster.kubeconfig:
        return FetchedKubeconfig(f"of k3d cluster {cluster.name}", host.kubeconfig, cluster.context)
    files, k3s = _owners_files(cluster), cluster.kind == "k3s"
    if not cluster.kubeconfig and (credential := given("kubeconfig")):
        return GivenKubeconfig(credential, cluster.context, original=K3S_KUBECONFIG if k3s else None)
    return LiveKubeconfig(*files, context=cluster.context, awaited=k3s)


def kubeconfig_file(cluster: Cluster) -> Path | None:
    """Return the file of that kubeconfig, None where it is fetched, made of a token, or merged from several files."""
    fetched = cluster.kind == "k3d" and not cluster.kubeconfig
    if fetched or _own_pod(cluster) or os.environ.get(OWN_KUBECONFIG):
        return None
    first, *others = _owners_files(cluster)
    return None if others else first


def _owners_files(cluster: Cluster) -> tuple[Path, ...]:
    if named := cluster.kubeconfig or given("kubeconfig"):
        return (named,)
    return (K3S_KUBECONFIG,) if cluster.kind == "k3s" else kubectls()


def _own_pod(cluster: Cluster) -> Callable[[], str] | None:
    """Return what makes the kubeconfig of the pod that we run in, None where another one, or none, is used."""
    if cluster.kind != "kubernetes" or cluster.kubeconfig or os.environ.get("KUBECONFIG"):
        return None
    return in_pod(os.environ)


def open_memory(file: File, logged: Callable[[], Collection[str]] = tuple) -> Recorder:
    """Return what keeps the memory, by the boot of this machine. `logged`: see `World.logged`, for who writes it."""
    store = StateFile(file.state_directory, public=file.evidence_is_public, logged=logged)
    return Recorder(store, SystemClock(), Machine(file.cluster.boot_id_file).boot_id())


def first_epoch(world: World, remembered: str) -> str:
    """Name the epoch as far as it is known before the gate has looked."""
    try:
        return world.host.epoch() or remembered
    except TransientError:  # such as a container engine that is not up yet
        return remembered


def make_engine(
    configuration: Configuration,
    world: World,
    memory: Recorder,
    tell: Callable[[Event], None],
    inbox: Inbox,
    *,
    scope: Scope,
    systemd: Systemd | None = None,
    renew: Callable[[], bool] = lambda: False,
    spent: float = 0.0,
    mandate: Mandate | None = None,
) -> Engine:
    """Put an engine on the real clock; one that stays where `systemd` watches over it. Its looks end with the scope.

    `spent`: how many seconds of the deadline are over.
    """
    file = configuration.file
    once = Limits(deadline=max(0.0, file.deadline - spent), max_parallel=file.max_parallel, recheck=file.recheck)
    return Engine(
        configuration.plan,
        world,
        clock=SystemClock(),
        workers=ThreadWorkers(scope),
        memory=memory,
        tell=tell,
        inbox=inbox,
        limits=replace(once, deadline=FOR_EVER, stay=True, longest_sleep=systemd.longest_sleep) if systemd else once,
        turned=systemd.turn if systemd else lambda: None,
        renew=renew,
        mandate=mandate,
    )
