"""The Web port: probes over HTTP and TCP, on whatever socket reaches the pod."""

import http.client
import socket
from collections.abc import Callable

from bootheal import __version__
from bootheal.errors import TransientError, why_silent
from bootheal.model import Answer, Target

Open = Callable[[Target, float], socket.socket]


class WebProbe:
    """Asks what a kubelet's probe would ask, from here."""

    def __init__(self, open_socket: Open) -> None:
        self._open = open_socket

    def http(self, target: Target, path: str, timeout: float) -> Answer:
        """GET `path`; redirects count as served, as they do for a kubelet."""
        connection = http.client.HTTPConnection(target.host or "localhost", target.port, timeout=timeout)
        try:
            connection.sock = self._open(target, timeout)
            connection.sock.settimeout(timeout)
            connection.request("GET", path, headers={"User-Agent": f"bootheal/{__version__}"})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, TransientError) as error:
            return Answer(ok=False, spoke=False, text=f"GET {path}: {why_silent(error)}")
        finally:
            connection.close()
        if http.HTTPStatus.OK <= status < http.HTTPStatus.BAD_REQUEST:
            return Answer(ok=True, spoke=True)
        return Answer(ok=False, spoke=True, text=f"GET {path} says {status}")

    def tcp(self, target: Target, timeout: float) -> Answer:
        """Connect. Through a port-forward an end-of-file at once means that nobody listens."""
        try:
            with self._open(target, timeout) as sock:
                if target.pod and sock.family == socket.AF_UNIX and not _stays_open(sock):
                    return Answer(ok=False, spoke=False, text=f"port {target.port}: connection refused")
        except (OSError, TransientError) as error:
            return Answer(ok=False, spoke=False, text=f"port {target.port}: {why_silent(error)}")
        return Answer(ok=True, spoke=True)


# The kubelet tells of a refused connection by closing the stream, a round trip later.
REFUSAL_TAKES = 0.3


def _stays_open(sock: socket.socket) -> bool:
    sock.settimeout(REFUSAL_TAKES)
    try:
        return bool(sock.recv(1))
    except TimeoutError:
        return True
