"""From this host to a port of a pod: directly where its address is reachable, else by port-forward."""

import errno
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import ip_address

from bootheal.adapters.bounded import connect
from bootheal.adapters.scope import Scope, cut
from bootheal.errors import UnreachableError, scarce
from bootheal.model import Ref, Target

# How long a direct connection may take before a port-forward is tried: pods are on this machine.
DIRECT_TIMEOUT_SECONDS = 1.0

# While a Service's rules are not there yet nobody answers, and the kernel asks again only after a second or two. So
# what comes up is asked anew, soon at first, and with more patience each time: who is far away answers late.
FIRST_TRY_SECONDS = 0.2
LONGER = 1.5
NO_ROUTE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH})
CHUNK = 1 << 16

# What a session of libpq's is told at most: it asks for a role, or for a pooler's settings, and keeps all that comes.
MOST_BYTES = 16 << 20

# A bridge whose ends are cut ends at once, if the machine is not very busy.
BRIDGE_SECONDS = 1.0

Forward = Callable[[Ref, int, float], socket.socket]


class Reach:
    """Opens connections. `direct`: try the address first; `forward`: what opens a port-forward."""

    def __init__(self, forward: Forward, scope: Scope, *, direct: bool) -> None:
        self._forward, self._scope, self._direct = forward, scope, direct

    def open(self, target: Target, timeout: float) -> socket.socket:
        """Return a connected socket. OSError where nobody listens, UnreachableError where the port-forward fails.

        ExhaustedError where this process can't have one more.
        """
        self._scope.check()
        with scarce(f"connect to {target}"):
            return self._scope.hold(self._connected(target, timeout))

    def _connected(self, target: Target, timeout: float) -> socket.socket:
        deadline = time.monotonic() + timeout
        if self._direct or target.pod is None:
            try:
                if target.pod:
                    return connect(target.host, target.port, min(timeout, DIRECT_TIMEOUT_SECONDS))
                reach = _persist if _is_address(target.host) else connect
                return reach(target.host, target.port, timeout)
            except OSError as error:
                unreachable = isinstance(error, TimeoutError) or error.errno in NO_ROUTE
                if target.pod is None or not unreachable:
                    raise
        return self._forward(target.pod, target.port, deadline - time.monotonic())

    @contextmanager
    def local(self, target: Target, timeout: float) -> Iterator[tuple[str, int]]:
        """Yield a host and port that libpq can connect to, once: it can't be handed a socket.

        The connection is cut after `timeout` seconds in all, after MOST_BYTES from there, and when the context is left,
        whatever libpq is doing.
        """
        until = time.monotonic() + timeout
        try:
            far = self.open(target, timeout)
        except OSError as error:
            raise UnreachableError(f"cannot connect to {target}: {error.strerror or error}") from None
        with far, scarce(f"connect to {target}"), socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
            bridge = self._scope.start(partial(_serve, listener, far, until), f"bridge to {target}")
            try:
                yield listener.getsockname()
            finally:
                cut(listener)
                cut(far)
                bridge.join(BRIDGE_SECONDS)


def _persist(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to an address, trying again where nobody answers, within `timeout` seconds in all."""
    deadline, patience = time.monotonic() + timeout, FIRST_TRY_SECONDS
    while True:
        if (left := deadline - time.monotonic()) <= 0:
            raise TimeoutError
        with suppress(TimeoutError):
            return connect(host, port, min(patience, left))
        patience *= LONGER


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _serve(listener: socket.socket, far: socket.socket, until: float) -> None:
    """Accept one connection and pump both ways until one side ends, or the time is up."""
    with suppress(OSError, ValueError):
        listener.settimeout(max(0.0, until - time.monotonic()))
        near, _ = listener.accept()
        with near:
            _pump(near, far, until)


def _pump(near: socket.socket, far: socket.socket, until: float) -> None:
    heard = 0
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        while (left := until - time.monotonic()) > 0 and heard <= MOST_BYTES:
            for key, _ in selector.select(left):
                data = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]
                if not data:
                    return
                heard += len(data) if key.fileobj is far else 0
                key.data.settimeout(left)
                key.data.sendall(data)
