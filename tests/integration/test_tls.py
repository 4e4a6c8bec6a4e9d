"""A PostgreSQL in a pod that speaks TLS only: verified directly and by port-forward, by what the cluster keeps."""

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.host import RemoteHost
from bootheal.adapters.kube.api import Api as KubeApi
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.adapters.reach import Reach
from bootheal.adapters.scope import Scope
from bootheal.demo.stack import Stack
from bootheal.errors import MissingError
from bootheal.model import Login, Ref, Secret
from bootheal.ports import World
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.step import Settled, Wait
from support.certificates import Authority
from support.double import SHOP, Api
from support.objects import past
from support.postgres import ADMIN, RealPostgres, servers

PLACE = Ref("secret", "shop", "authority")


@dataclass
class Encrypted:
    """The server, on the address of the stack's PostgreSQL pod, and its authority's certificate in the cluster."""

    server: RealPostgres
    stack: Stack
    authority: Authority
    file: Path


def encoded(values: dict[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


@pytest.fixture(scope="module")
def encrypted(healthy: Stack) -> Iterator[Encrypted]:
    address, authority, api = healthy.postgres.address, Authority("shop's own"), Api(healthy.kubeconfig)
    kept = {"ca.crt": authority.certificate, "other": "no certificate"}
    login = {"username": ADMIN.user, "password": ADMIN.password.reveal()}
    for plural, name, data in (
        ("secrets", "authority", {"data": encoded(kept)}),
        ("configmaps", "authority", {"data": kept}),
        ("secrets", "admin", {"data": encoded(login)}),
    ):
        assert api.call("POST", f"{SHOP}/{plural}", {"metadata": {"name": name}} | data)[0] == 201
    with servers() as garage:
        file = garage.directory / "ca.pem"
        file.write_text(authority.certificate)
        server = garage.new("tls")
        server.initialise()
        certificate, private = authority.certify("db.shop.svc", address, garage.directory)
        server.own(certificate)
        server.own(private)
        (server.data / "pg_hba.conf").write_text("hostnossl all all all reject\nhostssl all all all scram-sha-256\n")
        crt, key = str(certificate), str(private)
        with server.running(listen_addresses=address, ssl="on", ssl_cert_file=crt, ssl_key_file=key):
            yield Encrypted(server, healthy, authority, file)


@pytest.fixture(params=["direct", "forward"])
def world(request: pytest.FixtureRequest, encrypted: Encrypted, scope: Scope) -> World:
    api = KubeApi(LiveKubeconfig(encrypted.stack.kubeconfig), scope)
    reach = Reach(
        lambda pod, port, t: api.forward(pod.namespace, pod.name, port, t), scope, direct=request.param == "direct"
    )
    cluster = KubeCluster(api)
    postgres = PostgresServer(reach.open, reach.local)
    return World(cluster=cluster.reader, secrets=cluster.secrets, host=RemoteHost(), postgres=postgres)


def step(encrypted: Encrypted, **fields: Any) -> DatabaseStep:
    login = Login(Ref("secret", "shop", "admin"))
    place = Database("shop", "shop", "shop", login, selector={"app": "postgres"}, port=encrypted.server.port)
    return DatabaseStep(name="database/shop", database=replace(place, **fields))


@pytest.mark.parametrize("kind", ["secret", "configmap", "file"])
@pytest.mark.parametrize("name", ["db.shop.svc", ""])
def test_the_declared_authority_is_read_where_it_is_kept_and_verifies(
    encrypted: Encrypted, world: World, kind: str, name: str
) -> None:
    """Questions and sessions alike: for the name in the certificate, whatever address the connection goes to."""
    where = Ref("file", "", str(encrypted.file)) if kind == "file" else Ref(kind, "shop", "authority")
    declared = step(encrypted, authority=where, authority_key="ca.crt", certified=name)
    seen = declared.look(world)
    assert isinstance(declared.judge(seen, past()), Settled)
    assert seen.servers.primary is not None
    role = world.postgres.role(seen.servers.primary, ADMIN, "shop", "app", Secret("app's"))
    assert role is not None
    assert role.matches


def test_a_certificate_that_does_not_fit_is_never_overlooked(encrypted: Encrypted, world: World) -> None:
    """It is waited for, since a clock may be wrong after a power cut; nobody logs in meanwhile."""
    before = encrypted.server.log.count("authorized")
    declared = step(encrypted, authority=PLACE, authority_key="ca.crt", certified="other.shop.svc")
    judgement = declared.judge(declared.look(world), past())
    assert isinstance(judgement, Wait)
    assert "postgres-0: its certificate is not trusted: Hostname mismatch" in judgement.why
    assert encrypted.server.log.count("authorized") == before


@pytest.mark.parametrize(
    ("where", "key", "said"),
    [
        (PLACE, "other", "cannot use key other of secret/shop/authority: it holds no certificate in PEM form"),
        (PLACE, "none", "cannot find key none in secret/shop/authority"),
        (Ref("configmap", "shop", "none"), "ca.crt", "cannot find configmap/shop/none"),
        (Ref("file", "", "/none"), "ca.crt", "cannot read /none: No such file or directory"),
        (Ref("file", "", "/dev/zero"), "ca.crt", "cannot read /dev/zero: it is no file"),
    ],
)
def test_an_authority_that_cannot_be_read_is_named(
    encrypted: Encrypted, world: World, where: Ref, key: str, said: str
) -> None:
    """And nothing is tried without it."""
    with pytest.raises(MissingError, match=said):
        step(encrypted, authority=where, authority_key=key).look(world)


def test_patronis_lock_is_read_from_the_endpoints(encrypted: Encrypted, world: World) -> None:
    """Who leads as far as it knows, and until when; where there is no lock, nothing."""
    annotations = {
        "leader": "postgres-0",
        "acquireTime": "2026-11-21T11:00:00.000001+00:00",
        "renewTime": "2026-11-21T12:00:00.000001+00:00",
        "transitions": "4",
        "ttl": "30",
    }
    api = Api(encrypted.stack.kubeconfig)
    for name, given in (("with-lock", annotations), ("without", {})):
        api.call("POST", f"{SHOP}/endpoints", {"metadata": {"name": name, "annotations": given}})
    lock = world.cluster.leadership("shop", "with-lock")
    assert lock is not None
    assert (lock.leader, lock.ttl, lock.transitions, lock.renewed - lock.acquired) == ("postgres-0", 30, 4, 3600)
    assert world.cluster.leadership("shop", "without") is None


def test_a_lock_is_read_from_where_its_operator_keeps_it(encrypted: Encrypted, world: World) -> None:
    """Zalando's since its version 2 in a ConfigMap, of two the younger one; CloudNativePG in a Lease."""
    api, name = Api(encrypted.stack.kubeconfig), f"zalando-{time.monotonic_ns()}"
    annotations = {
        "leader": "zalando-1",
        "acquireTime": "2026-11-21T11:00:00.000001+00:00",
        "renewTime": "2026-11-21T12:00:00.000001+00:00",
        "transitions": "4",
        "ttl": "30",
    }
    older = annotations | {"leader": "zalando-0", "renewTime": "2026-01-01T12:00:00.000001+00:00"}
    api.call("POST", f"{SHOP}/configmaps", {"metadata": {"name": f"{name}-leader", "annotations": annotations}})
    lock = world.cluster.leadership("shop", name)
    assert lock is not None
    assert (lock.leader, lock.also) == ("zalando-1", "")
    api.call("POST", f"{SHOP}/endpoints", {"metadata": {"name": name, "annotations": older}})
    lock = world.cluster.leadership("shop", name)
    assert lock is not None
    assert (lock.leader, lock.also) == ("zalando-1", f"endpoints/shop/{name}")
    assert world.cluster.leadership("shop", "nowhere") is None
    spec = {"holderIdentity": "cnpg-2", "leaseDurationSeconds": 15, "renewTime": "2026-11-21T12:00:00.000001Z"}
    leases = "/apis/coordination.k8s.io/v1/namespaces/shop/leases"
    api.call("POST", leases, {"metadata": {"name": name}, "spec": spec})
    lease = world.cluster.primary_lease("shop", name)
    assert lease is not None
    assert (lease.leader, lease.ttl, lease.kind) == ("cnpg-2", 15, "the primary's lease")
    assert world.cluster.operated("shop", name) is None, "there is no CloudNativePG here"
    assert "postgres" in {found.ref.name for found in world.cluster.statefulsets("shop")}
