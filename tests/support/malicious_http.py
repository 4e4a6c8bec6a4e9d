"""A web server that lies: each behaviour is a script for one connection, and all that it hears is kept.

Nothing here is a web server's code: what is sent is put together by hand, as an impostor on its port would do.
"""

import os
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from bootheal.model import Target

DRIP_SECONDS = 0.1
FLOOD = 1 << 14

# A terminal's title, a forged line, text from right to left, a backspace.
HOSTILE = b"\x1b]0;owned\x07\n  ok  workload/shop  all is well\xe2\x80\xaegnp.exe\x08"


@dataclass(slots=True)
class Peer:
    """One connection, from the server's side. `heard` is every byte that came; `port` is where we listen.

    What came is `noted` at once: before the client has its answer, and looks at what was heard.
    """

    sock: socket.socket
    port: int
    elsewhere: int
    noted: bytearray
    heard: bytearray = field(default_factory=bytearray)

    def receive(self) -> None:
        """Read what comes next; ConnectionError at the end."""
        data = self.sock.recv(FLOOD)
        if not data:
            raise ConnectionError
        self.heard += data
        self.noted += data

    def request(self) -> str:
        """Read the head of a request, and return where it goes."""
        while b"\r\n\r\n" not in self.heard:
            self.receive()
        return self.heard.split(b" ", 2)[1].decode()

    def listen(self) -> None:
        """Say nothing until the client leaves."""
        while True:
            self.receive()

    def send(self, data: bytes) -> None:
        """Say something."""
        self.sock.sendall(data)

    def head(self, status: str = "200 OK", *headers: str) -> None:
        """Send status and headers."""
        self.send("".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *headers, "")).encode())

    def drip(self, data: bytes) -> None:
        """Send byte for byte, with a pause after each."""
        for byte in data:
            self.send(bytes([byte]))
            time.sleep(DRIP_SECONDS)

    def for_ever(self, data: bytes) -> None:
        """Send the same again and again, for as long as somebody listens."""
        while True:
            self.send(data)


Behaviour = Callable[[Peer], None]

WELL = "/well"


def _says(data: bytes) -> Behaviour:
    """Hear the request, send this, hang up."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(data)

    return play


def _goes_on(saying: Callable[[Peer, bytes], None], data: bytes, first: bytes = b"") -> Behaviour:
    def play(peer: Peer) -> None:
        peer.request()
        peer.send(first)
        saying(peer, data)

    return play


_drips, _floods = partial(_goes_on, Peer.drip), partial(_goes_on, Peer.for_ever)


def _answers(status: str, *headers: str, body: bytes = b"") -> Behaviour:
    def play(peer: Peer) -> None:
        peer.request()
        peer.head(status, *headers)
        peer.send(body)

    return play


def _redirects(location: str | bytes) -> Behaviour:
    """Redirect there; what lies below /well is well."""
    where = location.encode() if isinstance(location, str) else location

    def play(peer: Peer) -> None:
        if peer.request().startswith(WELL):
            peer.head()
        else:
            ports = {b"{port}": peer.port, b"{elsewhere}": peer.elsewhere}
            filled = re.sub(rb"\{\w+\}", lambda found: str(ports[found[0]]).encode(), where)
            peer.send(b"HTTP/1.1 302 Found\r\nLocation: " + filled + b"\r\n\r\n")

    return play


def _reflects(template: str) -> Behaviour:
    """Send the query of the request back, somewhere."""

    def play(peer: Peer) -> None:
        path, _, query = peer.request().partition("?")
        if path == "/":
            token = query.partition("=")[2]
            peer.send(template.format(query=query, token=token, port=peer.port).encode())
        else:
            peer.head("503 Service Unavailable")

    return play


def _before_tls(data: bytes) -> Behaviour:
    """Answer the first bytes of a handshake with this, and then nothing."""

    def play(peer: Peer) -> None:
        peer.receive()
        peer.send(data)
        peer.listen()

    return play


def in_turn(*steps: Behaviour) -> Behaviour:
    def play(peer: Peer) -> None:
        for step in steps:
            step(peer)

    return play


def _heard(peer: Peer) -> None:
    peer.request()


def sent_back(peer: Peer) -> None:
    peer.send(bytes(peer.heard))


def _drips_tls(peer: Peer) -> None:
    peer.receive()
    peer.drip(b"\x16\x03\x03\x02\x00\x02\x00\x01\xfc\x03\x03" + b"x" * 600)


def _turns_in_a_circle(peer: Peer) -> None:
    path = peer.request()
    peer.head("302 Found", f"Location: {path}x")


def _resets(peer: Peer) -> None:
    peer.request()
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


_HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

# What each of them does. None of them serves, but for those in SERVES and, to who follows no redirects, REDIRECTS.
BEHAVIOURS: dict[str, Behaviour] = {
    "answers": _answers("200 OK", "Content-Length: 0"),
    "answers and hangs up": _says(_HEAD + b"\r\n"),
    "answers with a body that drips": _drips(b"x" * 1000, _HEAD + b"\r\n"),
    "answers with a body without end": _floods(b"x" * FLOOD, _HEAD + b"\r\n"),
    "answers with less than it has promised": _answers("200 OK", "Content-Length: 1000", body=b"x"),
    "answers with a length of 60,000 digits": _says(_HEAD + b"Content-Length: " + b"9" * 60_000 + b"\r\n\r\n"),
    "answers with a negative length": _answers("200 OK", "Content-Length: -1"),
    "answers with two lengths": _answers("200 OK", "Content-Length: 0", "Content-Length: 1000000"),
    "answers with chunks without end": _floods(b"4\r\nwell\r\n", _CHUNKED),
    "answers with the size of a chunk without end": _floods(b"0" * FLOOD, _CHUNKED),
    "answers with a chunk of a negative size": _says(_CHUNKED + b"-1\r\n"),
    "answers with hostile headers": _says(_HEAD + b"X-Title: " + HOSTILE.replace(b"\n", b"\r\n X: ") + b"\r\n\r\n"),
    "answers with a zip bomb's promise": _answers("200 OK", "Content-Encoding: gzip", body=os.urandom(64)),
    "goes on once and answers": _says(b"HTTP/1.1 100 Continue\r\n\r\n" + _HEAD + b"\r\n"),
    "answers that it may not be seen": _answers("403 Forbidden"),
    "answers that it is ill": _answers("503 Service Unavailable", body=HOSTILE),
    "answers with a hostile reason": _says(b"HTTP/1.1 500 " + HOSTILE.replace(b"\n", b" ") + b"\r\n\r\n"),
    "answers with a status of 999": _answers("999 Beyond"),
    "answers with a status of 99": _answers("99 Below"),
    "answers with a status of 5,000 digits": _answers("2" * 5000),
    "answers with a status that is no number": _answers("OK"),
    "answers with a negative status": _answers("-200 OK"),
    "answers without a status": _says(b"HTTP/1.1\r\n\r\n"),
    "answers in HTTP/0.9": _says(b"<html>well</html>"),
    "answers in HTTP/9": _says(b"HTTP/9.0 200 OK\r\n\r\n"),
    "switches protocols": _answers("101 Switching Protocols", "Upgrade: websocket"),
    "goes on for ever": _floods(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "goes on for ever, slowly": _drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "goes on and hangs up": _says(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "drips": _drips(_HEAD),
    "drips headers": _drips(b"X: y\r\n" * 1000, _HEAD),
    "sends headers without end": _floods(b"X: y\r\n", _HEAD),
    "sends a header without end": _floods(b"x" * FLOOD, _HEAD + b"X: "),
    "sends a status line without end": _floods(b"2" * FLOOD, b"HTTP/1.1 "),
    "sends empty lines for ever": _floods(b"\r\n" * FLOOD),
    "sends zeros for ever": _floods(b"\0" * FLOOD),
    "hangs up in the middle of the status": _says(b"HTTP/1.1 2"),
    "hangs up in the middle of the headers": _says(_HEAD + b"Content-Type: text/pl"),
    "hangs up": lambda _peer: None,
    "hangs up after the request": _heard,
    "resets the connection": _resets,
    "says nothing": Peer.listen,
    "answers before it is asked, in another protocol": lambda peer: peer.send(b"220 ready\r\n"),
    "speaks TLS": _before_tls(b"\x15\x03\x03\x00\x02\x02\x16"),
    "speaks Redis": _says(b"-ERR wrong number of arguments\r\n"),
    "sends noise": _says(os.urandom(FLOOD)),
    "sends hostile words": _says(HOSTILE),
    "is an echo": in_turn(_heard, sent_back),
    "is an echo in its status": _reflects("HTTP/1.1 {query}\r\n\r\n"),
    "is an echo in a redirect": _reflects("HTTP/1.1 302 Found\r\nLocation: /{token}\r\n\r\n"),
    "is an echo in a redirect to nowhere": _reflects("HTTP/1.1 302 Found\r\nLocation: http://[{token}/\r\n\r\n"),
    "is an echo in the scheme of a redirect": _reflects("HTTP/1.1 302 Found\r\nLocation: {token}:x\r\n\r\n"),
    "is an echo in a redirect to another port": _reflects(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/{token}\r\n\r\n"
    ),
    "redirects to what is well": _redirects(WELL),
    "redirects to what is well, in full": _redirects("http://127.0.0.1:{port}" + WELL),
    "redirects to what is well, in bytes": _redirects(WELL.encode() + b"/\xc3\xbc \xff"),
    "redirects to another host": _redirects("http://127.0.0.2:{elsewhere}/"),
    "redirects to another host without a scheme": _redirects("//127.0.0.2:{elsewhere}/"),
    "redirects to another port": _redirects("http://127.0.0.1:{elsewhere}/"),
    "redirects to another port, with TLS": _redirects("https://127.0.0.1:{elsewhere}/"),
    "redirects to another port, of somebody": _redirects("http://root:secret@127.0.0.1:{elsewhere}/"),
    "redirects to a port of zero": _redirects("http://127.0.0.1:0/"),
    "redirects to a port that is none": _redirects("http://127.0.0.1:99999/"),
    "redirects to a port in letters": _redirects("http://127.0.0.1:http/"),
    "redirects to a bracket": _redirects("http://[::1/"),
    "redirects to an empty label": _redirects("http://mail..example.org/"),
    "redirects to a label of 100 letters": _redirects(f"http://{'x' * 100}.example.org/"),
    "redirects to half a character": _redirects("http://example\u2100.org/"),
    "redirects to nobody": _redirects("http:///"),
    "redirects to nobody, with TLS": _redirects("https:///x"),
    "redirects to a script": _redirects("javascript:alert(1)"),
    "redirects to a file": _redirects("file:///etc/shadow"),
    "redirects to Gopher": _redirects("gopher://127.0.0.1:{elsewhere}/1"),
    "redirects in hostile words": _redirects(HOSTILE.replace(b"\n", b" ")),
    "redirects over two lines": _redirects("/\r\n X: y"),
    "redirects past a NUL": _redirects("http://127.0.0.1\0.example.org/"),
    "redirects in 10,000 letters": _redirects("/" + "x" * 10_000),
    "redirects in 100,000 letters": _redirects("/" + "x" * 100_000),
    "redirects in a circle": _turns_in_a_circle,
    "redirects to itself": _redirects("/"),
    "redirects to nothing": _redirects(""),
}

# Those that answer a request as they should: a redirect to another host is somebody else's door, and this one is open.
SERVES = {
    "answers",
    "answers and hangs up",
    "answers with a body that drips",
    "answers with a body without end",
    "answers with less than it has promised",
    "answers with a length of 60,000 digits",
    "answers with a negative length",
    "answers with two lengths",
    "answers with chunks without end",
    "answers with the size of a chunk without end",
    "answers with a chunk of a negative size",
    "answers with hostile headers",
    "answers with a zip bomb's promise",
    "goes on once and answers",
    "redirects to what is well",
    "redirects to what is well, in full",
    "redirects to what is well, in bytes",
    "redirects to another host",
    "redirects to another host without a scheme",
    "redirects to nothing",
}

# To a kubelet's probe a redirect is an answer, wherever it leads.
REDIRECTS = {name for name in BEHAVIOURS if name.startswith(("redirects", "is an echo in a redirect"))} | {
    "is an echo in the scheme of a redirect"
}

# What may be done to who begins TLS. None of them serves.
TLS: dict[str, Behaviour] = {
    "says nothing": Peer.listen,
    "hangs up": lambda _peer: None,
    "hangs up in the middle of the handshake": in_turn(Peer.receive, lambda peer: peer.send(b"\x16\x03\x03\x02")),
    "drips": _drips_tls,
    "speaks HTTP": _before_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "redirects in plain text": _before_tls(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n"),
    "sends noise": _before_tls(os.urandom(FLOOD)),
    "alerts": _before_tls(b"\x15\x03\x03\x00\x02\x02\x28"),
    "alerts that it is closing": _before_tls(b"\x15\x03\x03\x00\x02\x01\x00"),
    "alerts for ever": in_turn(Peer.receive, lambda peer: peer.for_ever(b"\x15\x03\x03\x00\x02\x01\x5a")),
    "begins a record of 64 KiB": _before_tls(b"\x16\x03\x03\xff\xff" + b"x" * FLOOD),
    "sends empty records for ever": in_turn(Peer.receive, lambda peer: peer.for_ever(b"\x16\x03\x03\x00\x00")),
}


@dataclass(slots=True)
class Impostor:
    """What listens, and what it has heard; `strayed` is what came to `elsewhere`, where nobody is to go."""

    port: int
    elsewhere: int
    heard: bytearray = field(default_factory=bytearray)
    strayed: bytearray = field(default_factory=bytearray)

    @property
    def target(self) -> Target:
        """Where it is."""
        return Target("127.0.0.1", self.port)


@contextmanager
def impostor(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[Impostor]:
    """Listen on loopback and play the behaviour for whoever comes; with a context behind TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("", 0)) as other:
        found, connections = Impostor(listener.getsockname()[1], other.getsockname()[1]), list[socket.socket]()

        def play(sock: socket.socket) -> None:
            peer = Peer(sock, found.port, found.elsewhere, found.heard)
            with suppress(OSError, IndexError, UnicodeError):
                if context:
                    peer.sock = context.wrap_socket(sock, server_side=True)
                behaviour(peer)
            with suppress(OSError):
                peer.sock.close()

        def note(sock: socket.socket) -> None:
            with sock:
                found.strayed += b"somebody: "
                found.strayed += sock.recv(FLOOD)

        def accept(listener: socket.socket, then: Callable[[socket.socket], None]) -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    connections.append(sock)
                    threading.Thread(target=then, args=(sock,), daemon=True).start()

        threads = [
            threading.Thread(target=accept, args=(listener, play), daemon=True),
            threading.Thread(target=accept, args=(other, note), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            yield found
        finally:
            for sock in (listener, other, *connections):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)
