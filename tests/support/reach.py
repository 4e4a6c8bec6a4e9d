"""The ways to pods: connections from this host alone, or what a test asks for."""

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.postgres.console import PgBouncerConsole
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.adapters.reach import Reach
from bootheal.adapters.scope import Scope
from bootheal.adapters.web import WebProbe
from bootheal.demo.stack import Stack
from bootheal.model import Credentials, Login, Ref, Target


def direct() -> Reach:
    """Return what connects directly; each connection is closed by who asked for it."""
    return Reach(lambda *_: pytest.fail("no port-forward was asked for"), Scope(pytest.fail), direct=True)


class Parts:
    """The adapters on one way of reaching pods, and where things are."""

    def __init__(self, stack: Stack, scope: Scope, *, direct: bool) -> None:
        api = Api(LiveKubeconfig(stack.kubeconfig), scope)
        self.reach = Reach(lambda pod, port, t: api.forward(pod.namespace, pod.name, port, t), scope, direct=direct)
        self.cluster = KubeCluster(api)
        self.postgres = PostgresServer(self.reach.open, self.reach.local)
        self.console = PgBouncerConsole(self.reach.local)
        self.web = WebProbe(self.reach.open)

    def target(self, app: str, port: int | None = None) -> Target:
        pod = next(pod for pod in self.cluster.reader.pods("shop") if pod.ref.name.startswith(app) and pod.ready)
        return Target(pod.ip, port or self.cluster.reader.service("shop", app).port_on(pod), pod.ref)

    def who(self, secret: str) -> Credentials:
        return self.cluster.secrets.credentials(Login(Ref("secret", "shop", secret)))
