"""From this host to a port of a pod: directly where its address is reachable, else by port-forward."""

import errno
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from bootheal.adapters.bounded import connect
from bootheal.errors import UnreachableError
from bootheal.model import Ref, Target

# How long a direct connection may take before a port-forward is tried: pods are on this machine.
DIRECT_TIMEOUT_SECONDS = 1.0
NO_ROUTE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH})
CHUNK = 1 << 16

Forward = Callable[[Ref, int, float], socket.socket]


class Reach:
    """Opens connections. `direct`: try the address first; `forward`: what opens a port-forward."""

    def __init__(self, forward: Forward, *, direct: bool) -> None:
        self._forward, self._direct = forward, direct

    def open(self, target: Target, timeout: float) -> socket.socket:
        """Return a connected socket. OSError where nobody listens, UnreachableError where the port-forward fails."""
        if self._direct or target.pod is None:
            try:
                patience = min(timeout, DIRECT_TIMEOUT_SECONDS) if target.pod else timeout
                return connect(target.host, target.port, patience)
            except OSError as error:
                unreachable = isinstance(error, TimeoutError) or error.errno in NO_ROUTE
                if target.pod is None or not unreachable:
                    raise
        return self._forward(target.pod, target.port, timeout)

    @contextmanager
    def local(self, target: Target, timeout: float) -> Iterator[tuple[str, int]]:
        """Yield a host and port that libpq can connect to, once: it can't be handed a socket.

        Closing the context cuts the connection, whatever libpq is doing.
        """
        try:
            far = self.open(target, timeout)
        except OSError as error:
            raise UnreachableError(f"cannot connect to {target}: {error.strerror or error}") from None
        with far, socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
            listener.settimeout(timeout)
            threading.Thread(target=_serve, args=(listener, far), name=f"bridge to {target}", daemon=True).start()
            yield listener.getsockname()
            for sock in (listener, far):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, far: socket.socket) -> None:
    """Accept one connection and pump both ways until one side ends."""
    with suppress(OSError, ValueError):
        near, _ = listener.accept()
        with near:
            near.settimeout(None)
            far.settimeout(None)
            _pump(near, far)


def _pump(near: socket.socket, far: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        while True:
            for key, _ in selector.select():
                data = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]
                if not data:
                    return
                key.data.sendall(data)
