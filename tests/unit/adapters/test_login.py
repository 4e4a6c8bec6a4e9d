"""What a login hands over, whatever a server asks for, in whatever order: nothing that was not asked for by name."""

import base64
import hashlib
import hmac
import itertools
import struct
from collections.abc import Callable
from functools import cache

import pytest

from bootheal.adapters.postgres.login import Channel, ClientLogin, RefusedError
from bootheal.model import Auth, Credentials, Secret

PASSWORD = "canary-2b9e-hunter2"
WHO = Credentials("postgres", Secret(PASSWORD))
OK, CLEARTEXT, MD5, SASL, CONTINUE, FINAL, KERBEROS = 0, 3, 5, 10, 11, 12, 2
HASH = b"the certificate's hash"

PLAIN = Channel()
UNVERIFIED = Channel(verified=False, binding=HASH)
VERIFIED = Channel(verified=True, binding=HASH)
CHANNELS = {"plain": PLAIN, "unverified": UNVERIFIED, "verified": VERIFIED}


class Server:
    """Knows the verifier if `honest`, and asks for whatever it is told to, in the words of the protocol."""

    def __init__(self, *mechanisms: str, honest: bool = True) -> None:
        self.mechanisms = mechanisms or ("SCRAM-SHA-256",)
        self.honest = honest
        self.first, self.challenge, self.final = "", "", ""

    def asks(self, method: int) -> bytes:
        body: dict[int, Callable[[], bytes]] = {
            MD5: lambda: b"salt",
            SASL: lambda: b"".join(name.encode() + b"\0" for name in self.mechanisms) + b"\0",
            CONTINUE: self._challenge,
            FINAL: lambda: b"v=" + self._signature(),
        }
        return struct.pack("!i", method) + body.get(method, bytes)()

    def hears(self, method: int, said: bytes) -> None:
        if method == SASL:
            self.first = said.partition(b"\0")[2][4:].decode()
        if method == CONTINUE:
            self.final = said.decode()

    @property
    def bare(self) -> str:
        return self.first.split(",", 2)[2]

    def _challenge(self) -> bytes:
        nonce = self.first.rpartition("r=")[2]
        self.challenge = f"r={nonce}theirs,s={base64.b64encode(b'0123456789abcdef').decode()},i=4096"
        return self.challenge.encode()

    def _signature(self) -> bytes:
        salted = salted_password(PASSWORD if self.honest else "x")
        text = f"{self.bare},{self.challenge},{self.final.rpartition(',p=')[0]}" if self.first else ""
        key = hmac.digest(salted, b"Server Key", "sha256")
        return base64.b64encode(hmac.digest(key, text.encode(), "sha256"))


@cache
def salted_password(password: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"0123456789abcdef", 4096)


def converse(login: ClientLogin, server: Server, methods: tuple[int, ...]) -> tuple[bool, bytes]:
    """Return whether the server was believed when it said that we are in, and all that it heard."""
    heard = b""
    for method in methods:
        try:
            said = login.answer(server.asks(method))
        except RefusedError:
            return False, heard
        server.hears(method, said or b"")
        heard += said or b""
        if method == OK:
            return True, heard
    return False, heard


MD5_ANSWER = (
    b"md5"
    + hashlib.md5(
        hashlib.md5((PASSWORD + "postgres").encode(), usedforsecurity=False).hexdigest().encode() + b"salt",
        usedforsecurity=False,
    )
    .hexdigest()
    .encode()
)
ASKED = (CLEARTEXT, MD5, SASL, CONTINUE, FINAL)
ORDERS = [order for length in range(4) for order in itertools.product(ASKED, repeat=length)]
SCRIPTS = [(*order, OK) for order in (*ORDERS, *((SASL, CONTINUE, FINAL, more) for more in ASKED))]


@pytest.mark.parametrize("honest", [True, False])
@pytest.mark.parametrize("auth", Auth)
@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_is_handed_over_but_by_request_and_nobody_is_believed_but_on_proof(
    channel: str, auth: Auth, honest: bool
) -> None:
    """All orders of up to three requests before "you are in", and whatever follows a whole SCRAM.

    The password itself goes over verified TLS and where it was asked for, an md5 hash where that was.
    """
    cleartext = auth is Auth.PASSWORD and CHANNELS[channel].verified
    whole = (SASL, CONTINUE, FINAL, OK)
    believed: set[tuple[int, ...]] = {(OK,)} | ({whole} if honest else set())
    believed |= ({(CLEARTEXT, OK)} if cleartext else set()) | ({(MD5, OK)} if auth is Auth.MD5 else set())
    for script in SCRIPTS:
        login = ClientLogin(WHO, auth, CHANNELS[channel])
        let_in, heard = converse(login, Server(honest=honest), script)
        assert let_in == (script in believed), script
        assert (PASSWORD.encode() in heard) == (cleartext and script[0] == CLEARTEXT), script
        assert (MD5_ANSWER in heard) == (auth is Auth.MD5 and script[0] == MD5), script
        proven = script == whole or CHANNELS[channel].verified
        assert not let_in or script[0] != OK or login.unproven != proven, script


@pytest.mark.parametrize("method", [KERBEROS, 7, 9, 99, -1, 2**31 - 1])
def test_a_method_that_we_do_not_speak_is_refused_by_its_number(method: int) -> None:
    """And nothing is said to it."""
    with pytest.raises(RefusedError, match=rf"authentication method {method}, which bootheal does not speak"):
        ClientLogin(WHO, Auth.PASSWORD, VERIFIED).answer(struct.pack("!i", method))


@pytest.mark.parametrize(
    ("channel", "offered", "chosen", "header"),
    [
        (PLAIN, ("SCRAM-SHA-256",), "SCRAM-SHA-256", "n,,"),
        (PLAIN, ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"), "SCRAM-SHA-256", "n,,"),
        (VERIFIED, ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"), "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"),
        (UNVERIFIED, ("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"), "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"),
        (UNVERIFIED, ("SCRAM-SHA-256-PLUS",), "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"),
        # Who sits between us and the server takes the bound one from its offer: told so, the server notices.
        (UNVERIFIED, ("SCRAM-SHA-256",), "SCRAM-SHA-256", "y,,"),
        (Channel(verified=True), ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"), "SCRAM-SHA-256", "n,,"),
    ],
)
def test_a_login_is_bound_to_the_certificate_where_there_is_one(
    channel: Channel, offered: tuple[str, ...], chosen: str, header: str
) -> None:
    """With SCRAM-SHA-256-PLUS, as soon as both sides can; what is taken from the offer on its way is not overlooked."""
    said = ClientLogin(WHO, channel=channel).answer(Server(*offered).asks(SASL))
    assert said is not None
    mechanism, _, first = said.partition(b"\0")
    assert mechanism.decode() == chosen
    assert first[4:].decode().startswith(f"{header}n=,r=")


def test_the_bound_login_shows_the_hash_of_the_certificate() -> None:
    """Whoever relays it to the server over TLS of his own has another one."""
    server, login = Server("SCRAM-SHA-256-PLUS"), ClientLogin(WHO, channel=UNVERIFIED)
    let_in, _ = converse(login, server, (SASL, CONTINUE, FINAL, OK))
    assert let_in
    assert not login.unproven
    bound = base64.b64decode(server.final.partition(",")[0].removeprefix("c="))
    assert bound == b"p=tls-server-end-point,," + HASH
