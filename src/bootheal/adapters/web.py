"""The Web port: probes over HTTP and TCP, on whatever socket reaches the pod; front doors from this host.

Whoever answers may be broken or hostile. Each question has one deadline for all of it, and hears no more than it needs;
what goes wrong, whatever it is, is an Answer; and no text holds the query of a URL, which may be a token.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

from bootheal import __version__
from bootheal.adapters import dns
from bootheal.adapters.bounded import Line, connect
from bootheal.adapters.front_door import AstrayError, Door, sendable, shown
from bootheal.adapters.x509 import as_others_do, why_refused
from bootheal.errors import PermanentError, UnreachableError, scarce, why_silent
from bootheal.model import Answer, Target
from bootheal.model.quoted import quoted

Open = Callable[[Target, float], socket.socket]

REDIRECTS = 5
HEADERS = {"User-Agent": f"bootheal/{__version__}"}

# Status and headers; servers hold 8 to 64 KiB of them to be enough. What comes after them is not read.
HEAD_BYTES = 1 << 16

# How much of an answer is searched for what is expected of it.
ANSWER = 4096

# What others say, or what an address turns out to be, may be anything: whatever comes of it is an answer.
SILENT = (OSError, http.client.HTTPException, UnreachableError, ValueError, OverflowError, RecursionError)


# What of it happens before anybody can have been asked.
UNASKED = (UnreachableError, socket.gaierror)


class WebProbe:
    """Asks what a kubelet's probe, or a browser, would ask, from here."""

    def __init__(self, open_socket: Open) -> None:
        self._open = open_socket

    def http(self, target: Target, path: str, timeout: float, *, status: int = 0) -> Answer:
        """GET `path`; redirects count as served, as they do for a kubelet."""
        deadline, what = time.monotonic() + timeout, f"GET {shown(path)}"
        try:
            with Line(self._open(target, timeout), deadline, HEAD_BYTES) as line:
                found, _ = _head(line, "GET", target.host or "localhost", target.port, sendable(path))
        except SILENT as error:
            return _silent(f"{what}: ", error)
        return _judged(what, found, status)

    def tcp(self, target: Target, timeout: float, *, send: str = "", expect: str = "") -> Answer:
        """Connect, and perhaps talk. Through a port-forward an end-of-file at once means that nobody listens."""
        deadline, what = time.monotonic() + timeout, f"port {target.port}: "
        try:
            sock = self._open(target, timeout)
            with Line(sock, deadline, 2 * ANSWER) as line:
                if send or expect:
                    return _talked(line, what, send, expect)
                if target.pod and sock.family == socket.AF_UNIX and not _stays_open(sock):
                    return _bad(f"{what}connection refused", spoke=False)
        except SILENT as error:
            return _silent(what, error)
        return Answer(ok=True, spoke=True)

    def dns(self, target: Target, name: str, timeout: float) -> Answer:
        """Ask for an address."""
        deadline = time.monotonic() + timeout
        try:
            with Line(self._open(target, timeout), deadline, dns.LONGEST_MESSAGE) as line:
                return dns.ask(line, name)
        except SILENT as error:
            return _silent("", error)

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
        """Ask a URL from this host, and where it redirects to on the same host: see `Door.onward`."""
        deadline = time.monotonic() + timeout
        try:
            door = Door.at(url)
        except AstrayError as error:
            return _bad(f"cannot ask a front door: its URL is {error}", spoke=False)
        for _ in range(REDIRECTS + 1):
            what = f"{method} {door}"
            try:
                found, location = _visited(door, method, address, trust(door, ca, insecure=insecure), deadline)
            except SILENT as error:
                return _silent(f"{what}: ", error)
            try:
                onward = door.onward(location) if location and found != status and method == "GET" else None
            except AstrayError as error:
                return _bad(f"{what} {error}", spoke=True)
            if onward is None:
                return _judged(what, found, status)
            door = onward
        return _bad(f"{what} redirects more than {REDIRECTS} times", spoke=True)


def _visited(door: Door, method: str, address: str, context: ssl.SSLContext | None, deadline: float) -> tuple[int, str]:
    """Return status and, of a redirect, where to."""
    with scarce(f"connect to {door.host}"):
        sock = connect(address or door.host, door.port, deadline - time.monotonic())
    with Line(sock, deadline, HEAD_BYTES) as line:
        if context:
            line.encrypt(context, door.host)
        return _head(line, method, door.host, door.port, door.target, secure=context is not None)


def _head(line: Line, method: str, host: str, port: int, target: str, *, secure: bool = False) -> tuple[int, str]:
    """Ask, and return status and, of a redirect, where to. The body is nobody's business."""
    connection = http.client.HTTPConnection(host.partition("%")[0], port)  # a zone means something on this host only
    connection.sock = line
    connection.default_port = http.client.HTTPS_PORT if secure else http.client.HTTP_PORT  # which Host does not name
    with closing(connection):
        connection.request(method, target, headers=HEADERS)
        response = connection.getresponse()
    if line.ended:
        raise ConnectionError("connection closed")  # in the middle of the headers: http.client takes it for their end
    moved = HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST
    return response.status, (response.headers.get("Location") or "") if moved else ""


def trust(door: Door, ca: str, *, insecure: bool) -> ssl.SSLContext | None:
    """Return how the door's certificate is checked; None for plain http."""
    if door.scheme == "http":
        return None
    if ca and Path(ca).exists() and not Path(ca).is_file():
        raise _unusable(ca, "it is no file")  # a FIFO would be waited for
    try:
        context = as_others_do(ssl.create_default_context(cafile=ca or None))
    except OSError as error:  # an SSLError is one, too
        reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise _unusable(ca, reason or str(error)) from None
    context.hostname_checks_common_name = False  # no browser looks at it
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _unusable(ca: str, reason: str) -> PermanentError:
    return PermanentError(f"cannot use the certificate authority {ca}: {reason}", hint="see the probe's ca")


def _judged(what: str, found: int, wanted: int) -> Answer:
    if found == wanted or (not wanted and HTTPStatus.OK <= found < HTTPStatus.BAD_REQUEST):
        return Answer(ok=True, spoke=True)
    return _bad(f"{what} says {found}" + (f", not {wanted}" if wanted else ""), spoke=True)


def _talked(line: Line, what: str, send: str, expect: str) -> Answer:
    line.sendall(send.encode("latin-1"))
    wanted, heard = expect.encode("latin-1"), b""
    while wanted not in heard:
        try:
            more = line.recv(ANSWER)
        except TimeoutError:
            if not heard:
                raise
            more = b""
        heard += more
        if not more or len(heard) > ANSWER:
            return _bad(f"{what}{'says something else' if heard else 'connection closed'}", spoke=bool(heard))
    return Answer(ok=True, spoke=True)


# The kubelet tells of a refused connection by closing the stream, a round trip later.
REFUSAL_TAKES_SECONDS = 0.3


def _stays_open(sock: socket.socket) -> bool:
    sock.settimeout(REFUSAL_TAKES_SECONDS)
    try:
        return bool(sock.recv(1))
    except TimeoutError:
        return True


def _bad(text: str, *, spoke: bool, unasked: bool = False) -> Answer:
    return Answer(ok=False, spoke=spoke, text=quoted(text), unasked=unasked)


def _silent(what: str, error: Exception) -> Answer:
    return _bad(f"{what}{words(error)}", spoke=False, unasked=isinstance(error, UNASKED))


def words(error: Exception) -> str:
    """Say why nobody answered as he should, and what to do about it where that is known."""
    match error:
        case ssl.SSLError():
            plain = ": is it http:// that is meant?" if error.reason == "WRONG_VERSION_NUMBER" else ""
            return f"{why_refused(error, 'name its authority as `ca`')}{plain}"
        case http.client.RemoteDisconnected():
            return "connection closed"
        case http.client.HTTPException():
            return "it does not speak HTTP as it should, or only within TLS"
        case socket.gaierror() if error.errno == socket.EAI_AGAIN:
            return "its name cannot be resolved now: no resolver has answered"
        case socket.gaierror():
            return "its name cannot be resolved: enter it into DNS or /etc/hosts"
        case _:
            return why_silent(error)
