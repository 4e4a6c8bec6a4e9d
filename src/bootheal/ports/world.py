"""All the ports of a look and an action in one value."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from bootheal.model.quoted import plain
from bootheal.ports.cluster import (
    ClusterReader,
    ClusterWatcher,
    ClusterWriter,
    CredentialReader,
    KubernetesEvents,
    PodAccess,
)
from bootheal.ports.host import Containers, Host
from bootheal.ports.partial import Partial
from bootheal.ports.prospects import ProspectReader
from bootheal.ports.scenes import SceneReader
from bootheal.ports.servers import Pooler, Postgres, Web

_NOTHING = Partial()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a look may read and an action may change. A port that is not given refuses whatever it is asked.

    What needs one port only takes that port, and says so in its signature.

    `direct`: this host reaches the addresses of pods and Services itself, as on k3s.
    Where it does not, port-forwards carry the connections, and a Service cannot be tried.
    `containers`: None where there is no container engine to ask.
    `told`: makes a text fit to be told: no secret that was read, nothing that acts on a reader, no marks.
    `logged`: what stood between marks in what was told lately, lines of logs: a file that all may read leaves them out.
    """

    cluster: ClusterReader = _NOTHING
    pod_access: PodAccess = _NOTHING
    secrets: CredentialReader = _NOTHING
    writer: ClusterWriter = _NOTHING
    watcher: ClusterWatcher = _NOTHING
    kubernetes_events: KubernetesEvents = _NOTHING
    scenes: SceneReader = _NOTHING
    prospects: ProspectReader = _NOTHING
    host: Host = _NOTHING
    postgres: Postgres = _NOTHING
    pooler: Pooler = _NOTHING
    web: Web = _NOTHING
    direct: bool = True
    containers: Containers | None = None
    told: Callable[[str], str] = plain
    logged: Callable[[], Collection[str]] = tuple
