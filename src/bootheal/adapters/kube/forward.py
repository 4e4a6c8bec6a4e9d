"""A port-forward as a plain socket, on the official client's WebSocket and proxy thread.

The client's own `portforward` replaces a method of the ApiClient while it connects, has no
timeout, and when its connection breaks leaves the WebSocket open, and sometimes our end, too.
"""

from contextlib import suppress
from socket import socket
from typing import Any

import websocket
from kubernetes.stream.ws_client import PortForward

from bootheal.adapters.kube.channels import connect


class _Forward(PortForward):  # type: ignore[misc]
    """One thread carries the bytes; when it ends, however it ends, both ends are closed."""

    def _proxy(self) -> None:
        try:
            with suppress(OSError, RuntimeError, websocket.WebSocketException):
                super()._proxy()
        finally:
            for port in self.local_ports.values():
                port.python.close()
            self.websocket.shutdown()


def open_forward(configuration: Any, url: str, headers: dict[str, str], port: int, timeout: float) -> socket:
    """Connect and return our half of a socketpair. OSError with the reason where it is refused.

    A port where nobody listens shows as end-of-file: the kubelet tells only after the stream is open.
    """
    connection = connect(configuration, url, headers, timeout)
    half: socket = _Forward(connection, [port]).socket(port)._socket  # noqa: SLF001 - its wrapper hides what ssl needs
    return half
