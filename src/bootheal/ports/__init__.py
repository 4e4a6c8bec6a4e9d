"""What the steps ask of the outside: narrow interfaces, implemented in `adapters`.

Every method may raise TransientError (look again later) or PermanentError (a
person is needed); no other error, and no error text that could hold a secret.
"""

from bootheal.ports.cluster import Cluster
from bootheal.ports.host import Containers, Host
from bootheal.ports.interest import Interest
from bootheal.ports.runtime import Clock, Memory, Workers
from bootheal.ports.servers import Pooler, Postgres, Web
from bootheal.ports.world import World

__all__ = [
    "Clock",
    "Cluster",
    "Containers",
    "Host",
    "Interest",
    "Memory",
    "Pooler",
    "Postgres",
    "Web",
    "Workers",
    "World",
]
