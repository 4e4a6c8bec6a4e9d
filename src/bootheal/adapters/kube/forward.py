"""A port-forward as a plain socket, on the official client's WebSocket and proxy thread.

The client's own `portforward` replaces a method of the ApiClient while it connects, has no
timeout, and when its connection breaks leaves the WebSocket open, and sometimes our end, too.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from socket import socket
from typing import Any, TypeVar

import websocket
from kubernetes.stream.ws_client import PortForward

from bootheal.adapters.kube.access import Access
from bootheal.adapters.kube.exec import connect
from bootheal.adapters.scope import Scope
from bootheal.errors import ExhaustedError

Result = TypeVar("Result")


class _Forward(PortForward):  # type: ignore[misc]
    """One thread carries the bytes; when it ends, however it ends, both ends are closed."""

    def __init__(self, connection: Any, port: int, scope: Scope) -> None:
        self._scope = scope
        super().__init__(connection, [port])

    def _proxy(self) -> None:
        self._scope.adopt(threading.current_thread())
        try:
            with suppress(OSError, RuntimeError, ValueError, websocket.WebSocketException):
                super()._proxy()
        finally:
            for port in self.local_ports.values():
                port.python.close()
            self.websocket.shutdown()


class _Half(socket):
    """Our half of a socketpair. Where the node could not reach the port, it says that, and not merely that it ended."""

    def __init__(self, forward: _Forward, port: int) -> None:
        super().__init__(fileno=forward.socket(port)._socket.detach())  # noqa: SLF001 - its wrapper hides what ssl needs
        self._forward, self._port = forward, port

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive; the end of the stream may have a reason."""
        with self._explained():
            data = super().recv(size, flags)
        return data or self._ended(data)

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """Receive, likewise."""
        with self._explained():
            count = super().recv_into(buffer, size, flags)
        return count or self._ended(count)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send, likewise."""
        with self._explained():
            super().sendall(data, flags)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Give an end that came while something was on its way (a broken pipe, a reset) the node's reason."""
        try:
            yield
        except (BrokenPipeError, ConnectionResetError):
            self._ended(None)
            raise

    def _ended(self, result: Result) -> Result:
        if why := self._forward.error(self._port):
            raise ConnectionRefusedError if "refused" in why else ConnectionError("the node cannot reach the port")
        return result


def open_forward(
    access: Access, scope: Scope, url: str, headers: dict[str, str], port: int, *, timeout: float
) -> socket:
    """Connect and return our half of a socketpair. OSError with the reason where it is refused.

    A port where nobody listens shows at the first use: the kubelet tells only after the stream is open.
    """
    with ExitStack() as opened:
        connection = connect(access, scope, url, headers, timeout)
        opened.callback(connection.shutdown)
        try:
            half = _Half(_Forward(connection, port, scope), port)
        except RuntimeError:
            raise ExhaustedError("cannot start a thread for a port-forward: the system has no more for us") from None
        opened.pop_all()
    return half
