"""A PostgreSQL that lies: each behaviour is a script for one connection, and all that it hears is kept.

Nothing here is PostgreSQL's code: the messages are put together by hand, as an impostor on its port would do.
"""

import base64
import hashlib
import hmac
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
from itertools import count

from bootheal.model import Target

OK, CLEARTEXT, SASL, CONTINUE, FINAL = 0, 3, 10, 11, 12
SALT = base64.b64encode(b"0123456789abcdef").decode()

# A terminal's title, a forged line, text from right to left, a backspace, the replacement of a half character.
HOSTILE = "\x1b]0;owned\x07\r\n  ok  database/shop  all is well\u202egnp.exe\x08\u2066\x00"


@dataclass(slots=True)
class Peer:
    """One connection, from the server's side. `heard` is every byte that came."""

    sock: socket.socket
    heard: bytearray = field(default_factory=bytearray)
    encrypted: bool = False

    def receive(self, count: int) -> bytes:
        """Read so many bytes; ConnectionError at the end."""
        data = b""
        while len(data) < count:
            chunk = self.sock.recv(min(count - len(data), 1 << 16))
            if not chunk:
                raise ConnectionError
            data += chunk
            self.heard += chunk
        return data

    def listen(self) -> None:
        """Say nothing until the client leaves."""
        self.receive(1 << 20)

    def message(self) -> bytes:
        """Read one message of the client's, and return its body."""
        self.receive(1)
        return self.receive(struct.unpack("!i", self.receive(4))[0] - 4)

    def startup(self, tls: bytes = b"N") -> None:
        """Answer SSLRequest, unless that has been done, and read the StartupMessage."""
        if not self.encrypted:
            self.receive(8)
            self.sock.sendall(tls)
        self.receive(struct.unpack("!i", self.receive(4))[0] - 4)

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """Send a message."""
        self.sock.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def request(self, method: int, body: bytes = b"") -> None:
        """Send an AuthenticationRequest."""
        self.send(b"R", struct.pack("!i", method) + body)

    def offer(self, *mechanisms: str) -> str:
        """Offer SASL, and return the client's nonce."""
        self.request(SASL, b"".join(name.encode() + b"\0" for name in mechanisms or ("SCRAM-SHA-256",)) + b"\0")
        return self.message().rsplit(b"r=", 1)[1].decode()

    def challenge(self, text: str = "r={nonce}server,s={salt},i=4096") -> None:
        """Begin SCRAM and challenge; the client's proof is read."""
        self.request(CONTINUE, text.format(nonce=self.offer(), salt=SALT).encode())
        self.message()

    def let_in(self) -> None:
        """Say that all is well."""
        self.request(OK)
        self.send(b"S", b"server_version\x0016\x00")
        self.send(b"Z", b"I")

    def value(self, text: bytes = b"1") -> None:
        """Answer a question with one row."""
        self.message()
        self.send(b"D", struct.pack("!hi", 1, len(text)) + text)
        self.send(b"C", b"SELECT 1\0")
        self.send(b"Z", b"I")

    def refuse(self, message: str | bytes, code: str = "28P01") -> None:
        """Send an ErrorResponse."""
        said = message if isinstance(message, bytes) else message.encode()
        self.send(b"E", b"SFATAL\0C" + code.encode() + b"\0M" + said + b"\0\0")

    def for_ever(self, data: bytes, pause: float = 0.0) -> None:
        """Send the same again and again, for as long as somebody listens."""
        while True:
            self.sock.sendall(data)
            time.sleep(pause)


Behaviour = Callable[[Peer], None]

# For how long somebody is listened to who has heard all that there is to say to him.
LISTENS_SECONDS = 0.5


def proves_itself(password: str, then: Behaviour) -> Behaviour:
    """Know the verifier of a password, and behave to who logs in first; to all who come later, as `then` says.

    As does who sits between us and the server, and lets the first login through.
    """
    numbers = count()

    def play(peer: Peer) -> None:
        if next(numbers):
            then(peer)
            return
        peer.startup()
        nonce = peer.offer()
        first = f"r={nonce}theirs,s={SALT},i=4096"
        peer.request(CONTINUE, first.encode())
        final = peer.message().decode().rpartition(",p=")[0]
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(SALT), 4096)
        key = hmac.digest(salted, b"Server Key", "sha256")
        signature = hmac.digest(key, f"n=,r={nonce},{first},{final}".encode(), "sha256")
        peer.request(FINAL, b"v=" + base64.b64encode(signature))
        peer.let_in()
        peer.listen()

    return play


def _after_startup(*requests: tuple[int, bytes]) -> Behaviour:
    def play(peer: Peer) -> None:
        peer.startup()
        for method, body in requests:
            peer.request(method, body)
            peer.message()
        peer.let_in()
        peer.value()

    return play


def _challenged(text: str) -> Behaviour:
    def play(peer: Peer) -> None:
        peer.startup()
        peer.challenge(text)
        peer.let_in()

    return play


def _proved(*then: tuple[int, bytes]) -> Behaviour:
    """A whole SCRAM, but for the signature."""

    def play(peer: Peer) -> None:
        peer.startup()
        peer.challenge()
        for method, body in then:
            peer.request(method, body)
        peer.let_in()
        peer.value()

    return play


def _offers(*mechanisms: str) -> Behaviour:
    def play(peer: Peer) -> None:
        peer.startup()
        peer.offer(*mechanisms)

    return play


def _sends(data: bytes, *, tls: bytes = b"N", pause: float | None = None) -> Behaviour:
    def play(peer: Peer) -> None:
        peer.startup(tls)
        peer.sock.sendall(data) if pause is None else peer.for_ever(data, pause)
        peer.receive(1 << 20)

    return play


def _refuses(message: str | bytes, code: str = "28P01") -> Behaviour:
    def play(peer: Peer) -> None:
        peer.startup()
        peer.refuse(message, code)

    return play


def _then(play_on: Behaviour) -> Behaviour:
    """Let everybody in, and then …"""

    def play(peer: Peer) -> None:
        peer.startup()
        peer.let_in()
        play_on(peer)

    return play


def _in_the_middle(method: int, body: bytes = b"") -> Behaviour:
    def play(peer: Peer) -> None:
        peer.startup()
        peer.offer()
        peer.request(method, body)
        peer.message()
        peer.let_in()

    return play


def _unencrypted_after_tls(peer: Peer) -> None:
    """What lies in the buffer before TLS begins must not be taken for something that came through it."""
    peer.receive(8)
    peer.sock.sendall(b"S" + b"R" + struct.pack("!ii", 8, OK) + b"Z" + struct.pack("!i", 5) + b"I")
    peer.receive(1 << 20)


def _row(length: int, body: bytes) -> bytes:
    data = struct.pack("!hi", 1, length) + body
    return b"D" + struct.pack("!i", len(data) + 4) + data


_MESSAGE = b"\0\0\0\x08"

# What each of them does. All are refused, but for those in LETS_IN.
BEHAVIOURS: dict[str, Behaviour] = {
    "asks for the password": _after_startup((CLEARTEXT, b"")),
    "asks for md5": _after_startup((5, b"salt")),
    "asks for md5 with a short salt": _after_startup((5, b"s")),
    "asks for the password in the middle of SCRAM": _in_the_middle(CLEARTEXT),
    "asks for md5 in the middle of SCRAM": _in_the_middle(5, b"salt"),
    "asks for the password after the proof": _proved((CLEARTEXT, b"")),
    "lets in after SCRAM has begun": _in_the_middle(OK),
    "lets in after the proof, without a signature": _proved(),
    "signs wrongly": _proved((FINAL, b"v=" + base64.b64encode(b"x" * 32))),
    "signs with nothing": _proved((FINAL, b"v=")),
    "says an error instead of signing, and lets in": _proved((FINAL, b"e=other-error")),
    "sends an empty final message": _proved((FINAL, b"")),
    "challenges twice": _proved((CONTINUE, f"r=x,s={SALT},i=4096".encode())),
    "begins SCRAM twice": _in_the_middle(SASL, b"SCRAM-SHA-256\0\0"),
    "begins with a challenge": _after_startup((CONTINUE, f"r=x,s={SALT},i=4096".encode())),
    "begins with a signature": _after_startup((FINAL, b"v=AAAA")),
    "forgets our nonce": _challenged("r=theirs,s={salt},i=4096"),
    "adds nothing to our nonce": _challenged("r={nonce},s={salt},i=4096"),
    "asks for one iteration": _challenged("r={nonce}s,s={salt},i=1"),
    "asks for 4095 iterations": _challenged("r={nonce}s,s={salt},i=4095"),
    "asks for two thousand million iterations": _challenged("r={nonce}s,s={salt},i=2000000000"),
    "asks for a number of iterations of 5,000 digits": _challenged("r={nonce}s,s={salt},i=" + "9" * 5000),
    "asks for no iterations": _challenged("r={nonce}s,s={salt}"),
    "sends no salt": _challenged("r={nonce}s,s=,i=4096"),
    "sends a salt that is none": _challenged("r={nonce}s,s=$$$,i=4096"),
    "sends an extension that must be understood": _challenged("m=x,r={nonce}s,s={salt},i=4096"),
    "challenges in another script": _challenged("r={nonce}ß,s={salt},i=4096"),
    "challenges at length": _challenged("r={nonce}" + "s" * 500_000 + ",s={salt},i=4096,x"),
    "offers SCRAM-SHA-1 only": _offers("SCRAM-SHA-1"),
    "offers the bound SCRAM only, without TLS": _offers("SCRAM-SHA-256-PLUS"),
    "offers nothing": _offers(""),
    "asks for Kerberos": _after_startup((2, b"")),
    "asks for GSSAPI": _after_startup((7, b"")),
    "asks for SSPI": _after_startup((9, b"")),
    "asks for a method that does not exist": _after_startup((99, b"")),
    "asks for a negative method": _after_startup((-1, b"")),
    "asks in too few bytes": _sends(b"R\0\0\0\x06\0\0"),
    "asks in no bytes": _sends(b"R\0\0\0\x04"),
    "sends a message of negative length": _sends(b"R\xff\xff\xff\xff" + _MESSAGE),
    "sends a message of two gigabytes": _sends(b"R\x7f\xff\xff\xff" + b"x" * 4096),
    "sends a message shorter than its length": _sends(b"R\0\0\0\x03\0\0"),
    "speaks HTTP": _sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "speaks HTTP to the request for TLS": lambda peer: peer.sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "sends noise": _sends(os.urandom(4096)),
    "is ready before the login": _sends(b"Z\0\0\0\x05I"),
    "answers before the question": _sends(_row(1, b"1")),
    "tells its parameters before the login": _sends(b"S\0\0\0\x0aa\0b\0cc"),
    "gives notice for ever": _sends(b"N\0\0\0\x05\0", pause=0.0),
    "gives notice for ever, slowly": _sends(b"N\0\0\0\x05\0", pause=0.1),
    "drips": _sends(b"R", pause=0.2),
    "says nothing": Peer.listen,
    "hangs up": lambda _peer: None,
    "hangs up after the startup": lambda peer: peer.startup(),
    "hangs up in the middle of SCRAM": _offers("SCRAM-SHA-256"),
    "begins TLS and says nothing": _sends(b"", tls=b"S"),
    "begins TLS and speaks HTTP": _sends(b"HTTP/1.1 400 Bad Request\r\n\r\n", tls=b"S"),
    "begins TLS and lets in beside it": _unencrypted_after_tls,
    "answers the request for TLS with an error": lambda peer: peer.sock.sendall(b"E\0\0\0\x08xxxx"),
    "refuses in hostile words": _refuses(HOSTILE),
    "refuses in a million words": _refuses("no " * 300_000),
    "refuses without saying why": _sends(b"E\0\0\0\x05\0"),
    "refuses in words that are none": _refuses(b"\xff\xfe\xc3("),
    "refuses with a hostile code": _refuses("no", HOSTILE),
    "lets in twice": _sends(b"R" + struct.pack("!ii", 8, OK) + b"R" + struct.pack("!ii", 8, CLEARTEXT)),
    "lets in and answers for ever": _then(lambda peer: peer.for_ever(_row(1, b"1"))),
    "lets in and answers in a negative length": _then(lambda peer: peer.for_ever(_row(-7, b""), 0.1)),
    "lets in and answers nothing": _then(Peer.listen),
    "lets in and tells parameters for ever": _sends(
        b"R" + struct.pack("!ii", 8, OK) + b"S\0\0\0\x0aa\0b\0cc", pause=0.0
    ),
    "lets everybody in": _then(Peer.value),
    "lets everybody in and answers a megabyte": _then(lambda peer: peer.value(b"x" * 1_000_000)),
}

# `trust` in a pg_hba.conf looks like this, too: taken, and told.
LETS_IN = {"lets everybody in", "lets everybody in and answers a megabyte"}


@dataclass(slots=True)
class Impostor:
    """What listens, and what it has heard."""

    port: int
    heard: bytearray = field(default_factory=bytearray)

    @property
    def target(self) -> Target:
        """Where it is."""
        return Target("127.0.0.1", self.port)


def useful(heard: bytes, user: str, password: str) -> list[str]:
    """Name what a listener could use of what was heard: the password in any dress that lets somebody in."""
    inner = hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()
    dresses = {
        "the password": password.encode(),
        "the password in base64": base64.b64encode(password.encode()),
        "its md5 verifier": inner.encode(),
    }
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b"0123456789abcdef", 1)
    dresses["a key of one iteration"] = hmac.digest(salted, b"Client Key", "sha256")
    answered = ["an answer to md5"] if re.search(rb"md5[0-9a-f]{32}", heard) else []  # a nonce may have the first three
    return answered + [name for name, dress in dresses.items() if dress in heard]


@contextmanager
def impostor(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[Impostor]:
    """Listen on loopback and play the behaviour for whoever comes; with a context behind TLS.

    When it is left all is in `heard` that was ever sent, also what no script has asked for.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found, connections = Impostor(listener.getsockname()[1]), list[socket.socket]()
        playing: list[threading.Thread] = []

        def play(sock: socket.socket) -> None:
            peer = Peer(sock, found.heard)
            with suppress(OSError, IndexError, struct.error):
                if context:
                    peer.receive(8)
                    sock.sendall(b"S")
                    peer.sock, peer.encrypted = context.wrap_socket(sock, server_side=True), True
                behaviour(peer)
            with suppress(OSError):
                peer.sock.shutdown(socket.SHUT_WR)
                peer.sock.settimeout(LISTENS_SECONDS)
                peer.receive(1 << 30)
            with suppress(OSError):
                peer.sock.close()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    connections.append(sock)
                    playing.append(threading.Thread(target=play, args=(sock,), daemon=True))
                    playing[-1].start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            for each in playing:
                each.join(2 * LISTENS_SECONDS)  # the client has gone, as a rule
            for sock in (listener, *connections):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            thread.join(5)
