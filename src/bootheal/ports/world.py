"""All the ports of a look and an action in one value."""

from dataclasses import dataclass

from bootheal.ports.cluster import Cluster
from bootheal.ports.host import Containers, Host
from bootheal.ports.servers import Pooler, Postgres, Web


@dataclass(frozen=True, slots=True)
class World:
    """All that a look may read and an action may change.

    `direct`: this host reaches the addresses of pods and Services itself, as on k3s.
    Where it does not, port-forwards carry the connections, and a Service cannot be tried.
    `containers`: None where there is no container engine to ask.
    """

    cluster: Cluster
    host: Host
    postgres: Postgres
    pooler: Pooler
    web: Web
    direct: bool = True
    containers: Containers | None = None
