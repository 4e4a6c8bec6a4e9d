"""A certificate that does not do: what is wrong with it and what to do next, from whoever asks over TLS."""

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.adapters.scope import Scope
from bootheal.adapters.web import WebProbe
from bootheal.errors import UnreachableError
from bootheal.model import Credentials, Secret, Target, Trust
from bootheal.model.quoted import LONGEST
from support.certificates import Authority
from support.reach import direct

REACH = direct()
SECONDS = 5.0
CANARY = "canary-2b9e-hunter2"


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve whoever comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def one(sock: socket.socket) -> None:
            with sock, suppress(OSError):
                serve(sock)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def with_tls(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    """Shake hands, and hear what comes then."""

    def serve(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as encrypted:
            assert CANARY.encode() not in encrypted.recv(10_000)

    return serve


def in_garbage(sock: socket.socket) -> None:
    """Show a certificate that is none: TLS 1.2, message by message."""
    sock.recv(10_000)
    hello = b"\x03\x03" + b"r" * 32 + b"\0" + b"\xc0\x2f" + b"\0"
    der = b"\x30\x82\x10\x00" + b"\xff" * 64
    listed = struct.pack("!I", len(der))[1:] + der
    shown = struct.pack("!I", len(listed))[1:] + listed
    messages = (
        b"\x02" + struct.pack("!I", len(hello))[1:] + hello,
        b"\x0b" + struct.pack("!I", len(shown))[1:] + shown,
    )
    for message in messages:
        sock.sendall(b"\x16\x03\x03" + struct.pack("!H", len(message)) + message)
    sock.recv(10_000)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("shop's own")


def postgres(port: int, authority: Authority, _directory: Path) -> str:
    target = Target("127.0.0.1", port, trust=Trust(authority.certificate, "db.shop.svc"))
    who = Credentials("postgres", Secret(CANARY))
    answer = PostgresServer(REACH.open, REACH.local).ask(target, who, "shop", timeout=SECONDS)
    assert not answer.ok
    return answer.text


def door(port: int, authority: Authority, directory: Path) -> str:
    (directory / "ca.crt").write_text(authority.certificate)
    url = f"https://db.shop.svc:{port}/?token={CANARY}"
    answer = WebProbe(REACH.open).visit(url, SECONDS, address="127.0.0.1", ca=str(directory / "ca.crt"))
    assert not answer.ok
    return answer.text


def cluster(port: int, authority: Authority, directory: Path) -> str:
    (directory / "ca.crt").write_text(authority.certificate)
    kubeconfig = directory / "kubeconfig"
    kubeconfig.write_text(
        f"""
current-context: a
clusters:
- name: c
  cluster:
    server: "https://127.0.0.1:{port}"
    tls-server-name: db.shop.svc
    certificate-authority: {directory}/ca.crt
users: [{{name: u, user: {{token: {CANARY}}}}}]
contexts: [{{name: a, context: {{cluster: c, user: u}}}}]
"""
    )
    with Scope(lambda _text: None, seconds=1.0) as scope, pytest.raises(UnreachableError) as refused:
        Api(LiveKubeconfig(kubeconfig), scope, SECONDS).get("/api/v1/nodes", about="the nodes")
    return str(refused.value)


ASKS = {"postgres": postgres, "door": door, "cluster": cluster}
DAY = timedelta(days=1)


def served(kind: str, authority: Authority, directory: Path) -> ssl.SSLContext:
    """Return how a server shows a certificate of that kind."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certify = partial(authority.certify, directory=directory)
    right, other = ("db.shop.svc", "127.0.0.1"), ("other.shop.svc", "127.0.0.2")
    signed = {
        "of yesterday": lambda: certify(*right, begins=-2 * DAY, ends=-DAY),
        "of tomorrow": lambda: certify(*right, begins=DAY, ends=2 * DAY),
        "of another name": lambda: certify(*other),
        "of no name": lambda: certify(*right, named=False),
        "of a stranger": lambda: Authority("stranger").certify(*right, directory),
        "at the end of a chain of 120": lambda: certify(*right, between=119),
    }
    context.load_cert_chain(*signed[kind]())
    return context


# What is wrong, and what to do, by which of these words.
KINDS = {
    "of yesterday": ("has expired", "renew it|k3s certificate rotate"),
    "of tomorrow": ("not yet valid", "is this (host|machine)'s clock right?"),
    "of another name": ("Hostname mismatch", "ask by a name that it is for"),
    "of no name": ("Hostname mismatch", "ask by a name that it is for"),
    "of a stranger": ("not signed|unable to get local issuer", "name its authority in|as `ca`|the live kubeconfig"),
    "at the end of a chain of 120": ("certificate chain too long", "let it show fewer"),
}

# libpq takes the common name where there is no other, and so does our own login.
TAKEN = {("of no name", "postgres")}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_with_a_certificate_is_told_with_what_to_do(
    kind: str, authority: Authority, tmp_path: Path
) -> None:
    """By PostgreSQL's, a front door's and the API's client alike, in one line; nobody is told a password or a token."""
    context = served(kind, authority, tmp_path)
    with listening(with_tls(context)) as port, listening(_asked(context)) as database:
        said = {
            name: ask(database if name == "postgres" else port, authority, tmp_path)
            for name, ask in ASKS.items()
            if (kind, name) not in TAKEN
        }
    for name, text in said.items():
        assert text.isprintable(), (name, text)
        assert len(text) <= LONGEST, (name, text)
        for words in KINDS[kind]:
            assert re.search(words, text), (name, text)


def _asked(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    def serve(sock: socket.socket) -> None:
        sock.recv(8)
        sock.sendall(b"S")
        with_tls(context)(sock)

    return serve


@pytest.mark.parametrize("name", ASKS)
def test_a_certificate_that_is_none_is_told_as_that(name: str, authority: Authority, tmp_path: Path) -> None:
    """Not as a bug, nor in OpenSSL's file and line."""

    def serve(sock: socket.socket) -> None:
        if name == "postgres":
            sock.recv(8)
            sock.sendall(b"S")
        in_garbage(sock)

    with listening(serve) as port:
        said = ASKS[name](port, authority, tmp_path)
    assert "it does not speak TLS as it should" in said
    assert "_ssl.c" not in said
