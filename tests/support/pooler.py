"""A cluster with one pooler pod, as ports that answer from memory."""

from collections.abc import Sequence
from typing import Any

from bootheal.model import (
    Admission,
    Answer,
    Console,
    Credentials,
    Endpoint,
    Login,
    Node,
    Pod,
    Ref,
    Secret,
    Service,
    Workload,
)
from bootheal.pgbouncer.observation import Pooler
from bootheal.ports import Partial
from bootheal.postgres.location import Database
from support.objects import a_deployment, a_node, a_pod

SERVED = Answer(ok=True, spoke=True)
LOGINS = {role: Login(Ref("secret", "shop", role)) for role in ("admin", "pooler", "app")}
POOLER = Pooler(
    deployment=Ref("deployment", "shop", "pooler"),
    service="pooler",
    dbname="shop",
    database=Database("shop", "shop", "shop", LOGINS["admin"], service="postgres"),
    credential=LOGINS["pooler"],
    console=LOGINS["admin"],
    client=LOGINS["app"],
)


class OnePooler(Partial):
    """A cluster with one pooler pod, that pooler's console, and a PostgreSQL that serves whoever asks."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.keeps_out = Admission()

    def workload(self, ref: Ref) -> Workload:
        return a_deployment(ref=ref)

    def service(self, namespace: str, name: str) -> Service:
        return Service(Ref("service", namespace, name), "", ((6432, 6432),))

    def pods(self, _namespace: str, _selector: Any = None) -> Sequence[Pod]:
        return (a_pod("pooler-1"),)

    def unpulled(self, _namespace: str) -> Sequence[Pod]:
        return ()

    def endpoints(self, _namespace: str, _service: str) -> Sequence[Endpoint]:
        return (Endpoint("10.42.0.7", 6432, "pooler-1"),)

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials(login.secret.name, Secret("x"))

    def boot_time(self) -> None:
        return None

    def admission(self, namespace: str) -> Admission:
        return self.keeps_out

    def nodes(self) -> Sequence[Node]:
        return (a_node(),)

    def read(self, *_: Any) -> Console:
        return self._console

    def ask(self, *_: Any, **_options: Any) -> Answer:
        return SERVED
