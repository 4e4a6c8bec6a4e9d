"""The client's half of a login: what a server may ask for, and what proves that it is the right one.

Pure: messages in, messages out. A password is proven by SCRAM, which the server must answer with a signature of its
own (PostgreSQL documentation, "SASL Authentication"); over TLS the login is bound to the server's certificate. What
would hand the password over, or a hash that is as good, is refused unless the configuration asks for it. The word of a
server that lets us in before it has proven anything (`trust` in its pg_hba.conf) is taken, but not trusted: it is
nowhere told a secret.
"""

import base64
import hashlib
import secrets
import struct
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto

from bootheal.model import Auth, Credentials
from bootheal.postgres.scram import BINDING, MECHANISM, Exchange

_PLUS = f"{MECHANISM}-PLUS"


class Request(IntEnum):
    """What an AuthenticationRequest asks for (PostgreSQL documentation, "Message Formats")."""

    OK = 0
    CLEARTEXT = 3
    MD5 = 5
    SASL = 10
    SASL_CONTINUE = 11
    SASL_FINAL = 12


class RefusedError(Exception):
    """We don't go on with this server; the text says why, in words for its owner.

    `asks` is the method that it wants the password by, if that is the reason.
    """

    def __init__(self, text: str, asks: Auth | None = None) -> None:
        self.asks = asks
        super().__init__(text)


class _State(Enum):
    BEGUN = auto()
    ASKED = auto()
    PROVING = auto()
    PROVEN = auto()
    HANDED = auto()


@dataclass(frozen=True, slots=True)
class Channel:
    """What the login travels on. `verified`: TLS to a server whose certificate was checked.

    `binding` is the certificate's hash, empty without TLS and where there is none.
    """

    verified: bool = False
    binding: bytes = b""


@dataclass(slots=True)
class ClientLogin:
    """One login. `answer` takes each authentication request and returns the message's body to send, if any.

    RefusedError where the server asks for more than it may, or skips what it owes.
    """

    who: Credentials
    auth: Auth = Auth.SCRAM
    channel: Channel = field(default_factory=Channel)
    _state: _State = _State.BEGUN
    _exchange: Exchange | None = None
    _signature: bytes = b""

    @property
    def asked(self) -> bool:
        """Whether the server has asked for a password in any way: `trust`, in pg_hba.conf, does not."""
        return self._state is not _State.BEGUN

    @property
    def unproven(self) -> bool:
        """Whether the server let us in without having shown that it is the one: it asked for no password at all."""
        return not self.asked and not self.channel.verified

    def answer(self, payload: bytes) -> bytes | None:
        """Answer the body of one AuthenticationRequest; None where nothing is to be sent."""
        (method,), rest = struct.unpack("!i", payload[:4]), payload[4:]
        match method, self._state:
            case (Request.OK, _State.BEGUN | _State.PROVEN | _State.HANDED):
                return None
            case (Request.SASL, _State.BEGUN):
                return self._begin(rest)
            case (Request.SASL_CONTINUE, _State.ASKED):
                return self._prove(rest)
            case (Request.SASL_FINAL, _State.PROVING):
                self._check(rest)
                return None
            case (Request.CLEARTEXT | Request.MD5, _State.BEGUN):
                return self._hand_over(method, rest)
            case (Request.OK, _):
                raise RefusedError("lets us in before it has proven that it knows the password: is this the server?")
            case _ if method in Request.__members__.values():
                raise RefusedError("changes its mind in the middle of a login: is this the server?")
            case _:
                raise RefusedError(f"asks for authentication method {method}, which bootheal does not speak")

    def _begin(self, rest: bytes) -> bytes:
        offered = rest.split(b"\0")
        bound = bool(self.channel.binding) and _PLUS.encode() in offered
        if not bound and MECHANISM.encode() not in offered:
            raise RefusedError("offers no SCRAM-SHA-256, which is what bootheal speaks")
        # "y": we could bind the login to the certificate, but were told that the server cannot. It knows better.
        header = BINDING if bound else "y,," if self.channel.binding else "n,,"
        nonce = secrets.token_urlsafe(18)
        self._exchange = Exchange(nonce, header, self.channel.binding if bound else b"")
        self._state = _State.ASKED
        first = self._exchange.first().encode()
        return (_PLUS if bound else MECHANISM).encode() + b"\0" + struct.pack("!i", len(first)) + first

    def _prove(self, rest: bytes) -> bytes:
        assert self._exchange is not None  # noqa: S101 - the state says so
        final, self._signature = self._exchange.final(rest.decode("ascii"), self.who.password.reveal())
        self._state = _State.PROVING
        return final.encode()

    def _check(self, rest: bytes) -> None:
        wanted = b"v=" + base64.b64encode(self._signature)
        if not secrets.compare_digest(rest.split(b",")[0], wanted):
            raise RefusedError("does not know the password's verifier: is this the server?")
        self._state = _State.PROVEN

    def _hand_over(self, method: int, rest: bytes) -> bytes:
        password = self.who.password.reveal()
        if method == Request.MD5 and self.auth is Auth.MD5:
            self._state = _State.HANDED
            inner = hashlib.md5((password + self.who.user).encode(), usedforsecurity=False).hexdigest()
            outer = hashlib.md5(inner.encode() + rest[:4], usedforsecurity=False).hexdigest()
            return f"md5{outer}\0".encode()
        if method == Request.CLEARTEXT and self.auth is Auth.PASSWORD and self.channel.verified:
            self._state = _State.HANDED
            return password.encode() + b"\0"
        asks = Auth.MD5 if method == Request.MD5 else Auth.PASSWORD
        raise RefusedError(NOT_HANDED_OVER[asks], asks)


NOT_HANDED_OVER = {
    Auth.PASSWORD: (
        "asks for the password itself, which is not handed over: let it use SCRAM (scram-sha-256), "
        "or say `auth: password` with the `tls` authority that verifies this server"
    ),
    Auth.MD5: (
        "asks for an md5 hash of the password, which proves nothing of the server: let it use SCRAM "
        "(scram-sha-256), or say `auth: md5` at the pooler"
    ),
}
