"""The Web port: probes over HTTP and TCP, on whatever socket reaches the pod; front doors from this host."""

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from urllib.parse import SplitResult, urljoin, urlsplit

from bootheal import __version__
from bootheal.adapters import dns
from bootheal.errors import PermanentError, UnreachableError, scarce, why_silent
from bootheal.model import Answer, Target

Open = Callable[[Target, float], socket.socket]

REDIRECTS = 5
HEADERS = {"User-Agent": f"bootheal/{__version__}"}

# How much of an answer is searched for what is expected of it.
ANSWER = 4096


class WebProbe:
    """Asks what a kubelet's probe, or a browser, would ask, from here."""

    def __init__(self, open_socket: Open) -> None:
        self._open = open_socket

    def http(self, target: Target, path: str, timeout: float, *, status: int = 0) -> Answer:
        """GET `path`; redirects count as served, as they do for a kubelet."""
        connection = http.client.HTTPConnection(target.host or "localhost", target.port, timeout=timeout)
        try:
            connection.sock = self._open(target, timeout)
            connection.sock.settimeout(timeout)
            connection.request("GET", path, headers=HEADERS)
            found = connection.getresponse().status
        except (OSError, http.client.HTTPException, UnreachableError) as error:
            return Answer(ok=False, spoke=False, text=f"GET {path}: {why_silent(error)}")
        finally:
            connection.close()
        return _judged(path, found, status)

    def tcp(self, target: Target, timeout: float, *, send: str = "", expect: str = "") -> Answer:
        """Connect, and perhaps talk. Through a port-forward an end-of-file at once means that nobody listens."""
        try:
            with self._open(target, timeout) as sock:
                if send or expect:
                    return _talked(sock, target.port, send, expect, time.monotonic() + timeout)
                if target.pod and sock.family == socket.AF_UNIX and not _stays_open(sock):
                    return Answer(ok=False, spoke=False, text=f"port {target.port}: connection refused")
        except (OSError, UnreachableError) as error:
            return Answer(ok=False, spoke=False, text=f"port {target.port}: {why_silent(error)}")
        return Answer(ok=True, spoke=True)

    def dns(self, target: Target, name: str, timeout: float) -> Answer:
        """Ask for an address."""
        try:
            with self._open(target, timeout) as sock:
                sock.settimeout(timeout)
                return dns.ask(sock, name)
        except (OSError, UnreachableError) as error:
            return Answer(ok=False, spoke=False, text=why_silent(error))

    def visit(
        self,
        url: str,
        timeout: float,
        *,
        method: str = "GET",
        ca: str = "",
        insecure: bool = False,
        address: str = "",
        status: int = 0,
    ) -> Answer:
        """Ask a URL from this host, and where it redirects to on the same host, but never from https to http."""
        deadline = time.monotonic() + timeout
        context = _trust(ca, insecure=insecure)
        door = urlsplit(url)
        for _ in range(REDIRECTS):
            try:
                found, location = _request(method, door, address, context, deadline)
            except (OSError, http.client.HTTPException, ValueError) as error:
                return Answer(ok=False, spoke=False, text=f"{method} {_shown(door)}: {_words(error)}")
            onward = (
                urlsplit(urljoin(door.geturl(), location)) if location and found != status and method == "GET" else None
            )
            if onward is None or onward.hostname != door.hostname:
                return _judged(_shown(door), found, status, method)
            if (door.scheme, onward.scheme) == ("https", "http"):
                return Answer(ok=False, spoke=True, text=f"GET {_shown(door)} redirects from https to plain http")
            door = onward
        return Answer(ok=False, spoke=True, text=f"GET {url} redirects more than {REDIRECTS} times")


def _request(method: str, door: SplitResult, address: str, context: ssl.SSLContext, deadline: float) -> tuple[int, str]:
    """Return status and, of a redirect, where to."""
    secure = door.scheme == "https"
    host, port = door.hostname or "", door.port or (443 if secure else 80)
    left = max(0.01, deadline - time.monotonic())
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(host, door.port, timeout=left)
    try:
        with scarce(f"connect to {host}"):
            connection.sock = socket.create_connection((address or host, port), left)
        if secure:
            connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
        connection.request(method, (door.path or "/") + (f"?{door.query}" if door.query else ""), headers=HEADERS)
        response = connection.getresponse()
        moved = http.HTTPStatus.MULTIPLE_CHOICES <= response.status < http.HTTPStatus.BAD_REQUEST
        return response.status, (response.getheader("Location") or "") if moved else ""
    finally:
        connection.close()


def _trust(ca: str, *, insecure: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except OSError as error:  # an SSLError is one, too
        reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise PermanentError(
            f"cannot use the certificate authority {ca}: {reason}", hint="see the probe's ca"
        ) from None
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _judged(what: str, found: int, wanted: int, method: str = "GET") -> Answer:
    if found == wanted or (not wanted and http.HTTPStatus.OK <= found < http.HTTPStatus.BAD_REQUEST):
        return Answer(ok=True, spoke=True)
    return Answer(ok=False, spoke=True, text=f"{method} {what} says {found}" + (f", not {wanted}" if wanted else ""))


def _shown(door: SplitResult) -> str:
    """Return the URL without its query, which may be long or hold a token."""
    return door._replace(query="", fragment="").geturl()


def _talked(sock: socket.socket, port: int, send: str, expect: str, deadline: float) -> Answer:
    sock.settimeout(max(0.01, deadline - time.monotonic()))
    sock.sendall(send.encode("latin-1"))
    heard = b""
    while expect.encode("latin-1") not in heard:
        sock.settimeout(max(0.01, deadline - time.monotonic()))
        more = sock.recv(ANSWER)
        heard += more
        if not more or len(heard) > ANSWER:
            said = "says something else" if heard else "connection closed"
            return Answer(ok=False, spoke=bool(heard), text=f"port {port}: {said}")
    return Answer(ok=True, spoke=True)


# The kubelet tells of a refused connection by closing the stream, a round trip later.
REFUSAL_TAKES_SECONDS = 0.3


def _stays_open(sock: socket.socket) -> bool:
    sock.settimeout(REFUSAL_TAKES_SECONDS)
    try:
        return bool(sock.recv(1))
    except TimeoutError:
        return True


def _words(error: Exception) -> str:
    """Say why a front door did not answer: names and certificates may be wrong there, too."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return "it does not speak TLS as it should"
        case socket.gaierror():
            return "its name cannot be resolved"
        case _:
            return why_silent(error)
