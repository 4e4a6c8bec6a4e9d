"""The first messages of the PostgreSQL protocol, version 3: log in, ask one question, leave.

libpq says why a login failed only in words, in the server's language; the SQLSTATE is on
the wire (PostgreSQL documentation, "Message Flow" and "Error and Notice Message Fields").
PgBouncer speaks the same. Works on any connected socket, so also on a port-forward's.
"""

import re
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bootheal.adapters.postgres.certificate import end_point
from bootheal.adapters.postgres.login import Channel, ClientLogin, RefusedError
from bootheal.adapters.x509 import why_refused
from bootheal.errors import why_silent
from bootheal.model import Answer, Auth, Credentials, Trust
from bootheal.model.quoted import quoted

PROTOCOL = 196608
SSL_REQUEST = 80877103
LENGTH_OF_LENGTH = 4
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")

# AuthenticationOk, and what may come beside it: notices; NegotiateProtocolVersion; ParameterStatus, BackendKeyData.
LET_IN = struct.pack("!i", 0)
BEFORE_LET_IN = (b"N", b"v")
BEFORE_READY = (b"N", b"S", b"K")
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
    auth: Auth = Auth.SCRAM,
) -> Answer:
    """Log in over `sock`, ask `sql`, close. `deadline` is monotonic and bounds all of it.

    `options` are command-line arguments for the session: "-c name=value". `trust` is whom the server's certificate
    must be from; without, TLS is used where the server offers it, and unverified. `auth` is how a password may be
    given beside SCRAM. What the server asks for beyond that is an answer that is not ok, and `asks` says what it was.
    """
    return _converse(sock, who, dbname, sql, deadline, options=options, trust=trust, auth=auth)[0]


def prove(
    sock: socket.socket, who: Credentials, dbname: str, deadline: float, *, trust: Trust | None, auth: Auth
) -> tuple[Answer, bool]:
    """Log in over `sock`, and leave. Return the answer as `ask` does, and whether anything was asked of us at all."""
    return _converse(sock, who, dbname, "", deadline, options="", trust=trust, auth=auth)


def greet(sock: socket.socket, user: str, dbname: str, deadline: float) -> Answer:
    """Begin a login over `sock` and go no further, see `greet` of the port: `ok` is who asks for a password, or none.

    Whatever is refused before that is refused to everybody, or is about this user and database. Nothing that proves
    anything is sent, and no server logs that somebody went away while it waited for a password.
    """
    connection = _Connection(sock, deadline)
    try:
        connection.encrypt(None)
        if dbname:
            connection.begin(user, dbname, "")
            connection.asked()
    except _Refused as refused:
        return refused.answer
    except ssl.SSLError as error:
        return connection.not_trusted(error)
    except (OSError, ValueError, struct.error) as error:
        return Answer(ok=False, spoke=connection.spoke, text=why_silent(error))
    finally:
        connection.close()
    return Answer(ok=True, spoke=True)


def _converse(
    sock: socket.socket,
    who: Credentials,
    dbname: str,
    sql: str,
    deadline: float,
    *,
    options: str,
    trust: Trust | None,
    auth: Auth,
) -> tuple[Answer, bool]:
    connection = _Connection(sock, deadline)
    login = ClientLogin(who, auth)
    try:
        login.channel = connection.encrypt(trust)
        connection.log_in(login, dbname, options)
        value = connection.query(sql) if sql else ""
        connection.leave()
    except _Refused as refused:
        answer = refused.answer
    except RefusedError as refused:
        answer = Answer(ok=False, spoke=True, text=str(refused), asks=refused.asks)
    except ssl.SSLError as error:
        answer = connection.not_trusted(error)
    except (OSError, ValueError, struct.error) as error:
        answer = Answer(ok=False, spoke=connection.spoke, text=why_silent(error))
    else:
        answer = Answer(ok=True, spoke=True, value=value, unproven=login.unproven)
    finally:
        connection.close()
    return answer, login.asked


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    deadline: float
    spoke: bool = False

    def not_trusted(self, error: ssl.SSLError) -> Answer:
        """Answer for a server with which there is no TLS."""
        return Answer(ok=False, spoke=self.spoke, text=why_refused(error, "name its authority in the database's `tls`"))

    def encrypt(self, trust: Trust | None) -> Channel:
        """Use TLS where the server offers it, as libpq's `prefer` does; with `trust`, as its `verify-full`."""
        self._send(struct.pack("!ii", 8, SSL_REQUEST))
        reply = self._receive(1)
        if reply == b"S":
            name = trust.name if trust else ""
            encrypted = _context(trust).wrap_socket(self.sock, server_hostname=name or None)
            self.sock = encrypted
            return Channel(verified=trust is not None, binding=end_point(encrypted.getpeercert(binary_form=True)))
        if reply == b"N" and trust:
            raise _Refused(Answer(ok=False, spoke=True, text="it offers no TLS, and an authority for it is declared"))
        if reply != b"N":
            raise ValueError("answers, but not in PostgreSQL's protocol")
        return Channel()

    def begin(self, user: str, dbname: str, options: str) -> None:
        """Send the StartupMessage."""
        parameters = {"user": user, "database": dbname, "application_name": "bootheal"}
        parameters |= {"client_encoding": "UTF8"} | ({"options": options} if options else {})
        body = b"".join(f"{key}\0{value}\0".encode() for key, value in parameters.items()) + b"\0"
        self._send(struct.pack("!ii", len(body) + 8, PROTOCOL) + body)

    def asked(self) -> None:
        """Wait for the first AuthenticationRequest; who is let in at once takes leave."""
        for kind, payload in self._messages():
            if kind == b"R":
                if payload[:4] == LET_IN:
                    self.leave()
                return
            if kind not in BEFORE_LET_IN:
                raise ValueError("answers, but not in PostgreSQL's protocol")

    def log_in(self, login: ClientLogin, dbname: str, options: str) -> None:
        """Send the StartupMessage and authenticate. Nothing else is listened to before that is done."""
        self.begin(login.who.user, dbname, options)
        let_in = False
        for kind, payload in self._messages():
            if kind == b"R" and not let_in:
                reply = login.answer(payload)
                let_in = payload[:4] == LET_IN
                if reply is not None:
                    self._message(b"p", reply)
            elif kind == b"Z" and let_in:
                return
            elif kind not in (BEFORE_READY if let_in else BEFORE_LET_IN):
                raise ValueError("answers, but not in PostgreSQL's protocol")

    def query(self, sql: str) -> str:
        """Ask, and return the first column of the first row."""
        self._message(b"Q", sql.encode() + b"\0")
        value: str | None = None
        for kind, payload in self._messages():
            if kind == b"D" and value is None:
                (length,) = struct.unpack("!i", payload[2:6])
                value = payload[6 : 6 + length].decode() if length >= 0 else ""
            elif kind == b"Z":
                break
        return value or ""

    def leave(self) -> None:
        """Say goodbye, so that no server logs that a client was lost."""
        self._message(b"X", b"")

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
                raise _Refused(_refusal(fields.get(b"C", ""), fields.get(b"M", "")))
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


def _refusal(code: str, message: str) -> Answer:
    """Say what an ErrorResponse said. Not every server that refuses has a code for it, and not every code is one."""
    sqlstate = code if _SQLSTATE.fullmatch(code) else ""
    return Answer(ok=False, spoke=True, sqlstate=sqlstate, text=quoted(message) or "refused")


def _context(trust: Trust | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = bool(trust and trust.name)
    if trust is None:
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=trust.authority)
    return context
