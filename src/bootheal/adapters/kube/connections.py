"""The official client, with connections that a scope can cut, and with certificates and key from memory."""

import socket
import ssl
from functools import partial
from typing import Any

from kubernetes.client.api_client import ApiClient

from bootheal.adapters.kube.access import Access
from bootheal.adapters.kube.answer_limits import BoundedSocket
from bootheal.adapters.scope import Scope


def client(access: Access, scope: Scope) -> Any:
    """Return a client whose sockets the scope holds; nothing is retried."""
    access.configuration.retries = False
    made = ApiClient(access.configuration)
    access.tls.sslsocket_class = type("HeldSocket", (_HeldSocket,), {"scope": scope})
    pools = made.rest_client.pool_manager
    pools.connection_pool_kw["ssl_context"] = access.tls
    pools.urlopen = partial(pools.urlopen, redirect=False)  # an API server never redirects; who does is none
    pools.pool_classes_by_scheme = {scheme: _held(pool, scope) for scheme, pool in pools.pool_classes_by_scheme.items()}
    return made


class PlainSocket(BoundedSocket, socket.socket):
    """Speaks to a server without TLS."""


class _HeldSocket(BoundedSocket, ssl.SSLSocket):
    """Speaks TLS, and can be cut from its first byte on: a server may be silent in the handshake, too."""

    scope: Scope

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as in the library
        """Agree on how to encrypt."""
        self.scope.hold(self)
        super().do_handshake(block)


class _HeldConnection:
    """Goes before a connection class of urllib3, for servers without TLS, such as `kubectl proxy`."""

    scope: Scope
    sock: Any

    def connect(self) -> None:
        """Connect."""
        super().connect()  # type: ignore[misc]
        if isinstance(self.sock, socket.socket) and not isinstance(self.sock, BoundedSocket):
            self.sock = self.scope.hold(PlainSocket(fileno=self.sock.detach()))


def _held(pool: Any, scope: Scope) -> Any:
    """Return the class of pool whose connections the scope holds."""
    connection = type("HeldConnection", (_HeldConnection, pool.ConnectionCls), {"scope": scope})
    return type("HeldPool", (pool,), {"ConnectionCls": connection})
