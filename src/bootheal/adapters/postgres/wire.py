"""The first messages of the PostgreSQL protocol, version 3: log in, ask one question, leave.

libpq says why a login failed only in words, in the server's language; the SQLSTATE is on
the wire (PostgreSQL documentation, "Message Flow" and "Error and Notice Message Fields").
PgBouncer speaks the same. Works on any connected socket, so also on a port-forward's.
"""

import base64
import hashlib
import secrets
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bootheal.errors import why_silent
from bootheal.model import Answer, Credentials, Trust
from bootheal.postgres.scram import MECHANISM, Exchange

PROTOCOL = 196608
SSL_REQUEST = 80877103
OK, CLEARTEXT, MD5, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 10, 11, 12
LENGTH_OF_LENGTH = 4
LONGEST_MESSAGE = 1 << 20


class _Refused(Exception):  # noqa: N818 - not an error: an answer
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def ask(
    sock: socket.socket,
    who: Credentials,
    dbname: str,
    sql: str,
    deadline: float,
    *,
    options: str = "",
    trust: Trust | None = None,
) -> Answer:
    """Log in over `sock`, ask `sql`, close. `deadline` is monotonic and bounds all of it.

    `options` are command-line arguments for the session: "-c name=value".
    """
    connection = _Connection(sock, deadline)
    try:
        connection.encrypt(trust)
        connection.log_in(who, dbname, options)
        value = connection.query(sql)
    except _Refused as refused:
        return refused.answer
    except ssl.SSLCertVerificationError as error:
        return Answer(ok=False, spoke=True, text=f"its certificate is not to be trusted: {error.verify_message}")
    except (OSError, ValueError, struct.error) as error:
        return Answer(ok=False, spoke=connection.spoke, text=why_silent(error))
    finally:
        connection.close()
    return Answer(ok=True, spoke=True, value=value)


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    deadline: float
    spoke: bool = False

    def encrypt(self, trust: Trust | None) -> None:
        """Use TLS where the server offers it, as libpq's `prefer` does; with `trust`, as its `verify-full`."""
        self._send(struct.pack("!ii", 8, SSL_REQUEST))
        reply = self._receive(1)
        if reply == b"S":
            name = trust.name if trust else ""
            self.sock = _context(trust).wrap_socket(self.sock, server_hostname=name or None)
        elif reply == b"N" and trust:
            raise _Refused(Answer(ok=False, spoke=True, text="it offers no TLS, and an authority for it is declared"))
        elif reply != b"N":
            raise ValueError("answers, but not in PostgreSQL's protocol")

    def log_in(self, who: Credentials, dbname: str, options: str) -> None:
        """Send the StartupMessage and authenticate."""
        parameters = {"user": who.user, "database": dbname, "application_name": "bootheal", "client_encoding": "UTF8"}
        if options:
            parameters["options"] = options
        body = b"".join(f"{key}\0{value}\0".encode() for key, value in parameters.items()) + b"\0"
        self._send(struct.pack("!ii", len(body) + 8, PROTOCOL) + body)
        exchange = Exchange(secrets.token_urlsafe(18))
        signature = b""
        for kind, payload in self._messages():
            if kind == b"Z":
                return
            if kind != b"R":
                continue
            method, rest = struct.unpack("!i", payload[:4])[0], payload[4:]
            if method == SASL_CONTINUE:
                final, signature = exchange.final(rest.decode(), who.password.reveal())
                self._message(b"p", final.encode())
            elif method == SASL_FINAL:
                _check_signature(rest, signature)
            elif method != OK:
                self._message(b"p", _first_reply(method, rest, who, exchange))

    def query(self, sql: str) -> str:
        """Ask, and return the first column of the first row."""
        self._message(b"Q", sql.encode() + b"\0")
        value: str | None = None
        for kind, payload in self._messages():
            if kind == b"D" and value is None:
                (length,) = struct.unpack("!i", payload[2:6])
                value = payload[6 : 6 + length].decode() if length >= 0 else ""
            elif kind == b"Z":
                self._message(b"X", b"")
                break
        return value or ""

    def close(self) -> None:
        self.sock.close()

    def _messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield type and payload; an ErrorResponse ends it all."""
        while True:
            kind, length = struct.unpack("!ci", self._receive(5))
            if not LENGTH_OF_LENGTH <= length <= LONGEST_MESSAGE:
                raise ValueError("answers, but not in PostgreSQL's protocol")
            payload = self._receive(length - LENGTH_OF_LENGTH)
            if kind == b"E":
                fields = {part[:1]: part[1:].decode(errors="replace") for part in payload.split(b"\0") if part}
                raise _Refused(
                    Answer(ok=False, spoke=True, sqlstate=fields.get(b"C", ""), text=fields.get(b"M", "refused"))
                )
            yield kind, payload

    def _message(self, kind: bytes, body: bytes) -> None:
        self._send(kind + struct.pack("!i", len(body) + 4) + body)

    def _send(self, data: bytes) -> None:
        self._bound()
        self.sock.sendall(data)

    def _receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            self._bound()
            chunk = self.sock.recv(count - len(data))
            if not chunk:
                raise ConnectionError("connection closed")
            data += chunk
            self.spoke = True
        return data

    def _bound(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)


def _context(trust: Trust | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = bool(trust and trust.name)
    if trust is None:
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=trust.authority)
    return context


def _first_reply(method: int, rest: bytes, who: Credentials, exchange: Exchange) -> bytes:
    """Return the body of the first PasswordMessage or SASLInitialResponse."""
    password = who.password.reveal()
    if method == CLEARTEXT:
        return password.encode() + b"\0"
    if method == MD5:
        inner = hashlib.md5((password + who.user).encode(), usedforsecurity=False).hexdigest()
        outer = hashlib.md5(inner.encode() + rest[:4], usedforsecurity=False).hexdigest()
        return f"md5{outer}\0".encode()
    if method == SASL and MECHANISM.encode() in rest.split(b"\0"):
        first = exchange.first().encode()
        return MECHANISM.encode() + b"\0" + struct.pack("!i", len(first)) + first
    text = f"asks for authentication method {method}, which bootheal does not speak"
    raise _Refused(Answer(ok=False, spoke=True, text=text))


def _check_signature(rest: bytes, wanted: bytes) -> None:
    if not secrets.compare_digest(rest, b"v=" + base64.b64encode(wanted)):
        text = "the server does not know the password's verifier: is this the right server?"
        raise _Refused(Answer(ok=False, spoke=True, text=text))
