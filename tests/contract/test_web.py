"""Front doors and TCP dialogues, against real servers on loopback."""

import http.server
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bootheal.adapters.web import WebProbe
from bootheal.demo.api.certificates import Authority, server_context
from bootheal.errors import PermanentError
from bootheal.model import Target
from support.reach import direct

WEB = WebProbe(direct().open)


class Door(http.server.BaseHTTPRequestHandler):
    """A path is what to answer: /200, or /302/where-to."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(f"{self.headers['Host']} {self.path}")
        _, status, *where = self.path.split("?")[0].split("/", 2)
        self.send_response(int(status))
        if where:
            self.send_header("Location", where[0])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def door(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the port of an HTTP server, with TLS where there is a context, and what it has been asked."""
    seen: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Door,), {"seen": seen}))
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_port, seen
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def secure(authority: Authority, tmp_path: Path) -> Iterator[tuple[int, list[str]]]:
    """A door whose certificate is for localhost and 127.0.0.1."""
    pair = authority.server("127.0.0.1")
    with door(server_context(pair, authority.pem, tmp_path / "server.pem")) as found:
        yield found


@pytest.fixture
def ca(authority: Authority, tmp_path: Path) -> str:
    path = tmp_path / "ca.crt"
    path.write_bytes(authority.pem)
    return str(path)


def test_a_door_is_asked_by_its_name_at_the_address_given() -> None:
    """The name need not be known to this host; the server sees it as a browser would say it."""
    with door() as (port, seen):
        assert WEB.visit(f"http://shop.local:{port}/200?a=b", 3, address="127.0.0.1").ok
        assert WEB.visit(f"http://127.0.0.1:{port}/401", 3, status=401).ok
        assert WEB.visit(f"http://127.0.0.1:{port}/302//200", 3, status=302).ok
        answer = WEB.visit(f"http://127.0.0.1:{port}/503?token=canary", 3)
    assert (answer.ok, answer.spoke, answer.text) == (False, True, f"GET http://127.0.0.1:{port}/503 says 503")
    assert seen[0] == f"shop.local:{port} /200?a=b"


def test_a_certificate_is_checked_unless_it_is_declared_insecure(secure: tuple[int, list[str]], ca: str) -> None:
    """By the authority of its own, and by its name; an unknown authority is told as what it is."""
    port, _ = secure
    url = f"https://localhost:{port}/200"
    assert WEB.visit(url, 3, ca=ca, address="127.0.0.1").ok
    untrusted = WEB.visit(url, 3, address="127.0.0.1")
    assert not untrusted.ok
    assert "its certificate is not trusted: " in untrusted.text
    misnamed = WEB.visit(f"https://shop.local:{port}/200", 3, ca=ca, address="127.0.0.1")
    assert "its certificate is not trusted: Hostname mismatch" in misnamed.text
    assert WEB.visit(f"https://shop.local:{port}/200", 3, insecure=True, address="127.0.0.1").ok


def test_an_authority_that_cannot_be_used_needs_a_person(tmp_path: Path) -> None:
    """The file is missing, or holds something else."""
    with pytest.raises(PermanentError, match="cannot use the certificate authority .*/none: No such file"):
        WEB.visit("https://localhost:1/", 1, ca=str(tmp_path / "none"))
    (tmp_path / "text").write_text("not a certificate")
    with pytest.raises(PermanentError, match="it holds no certificate"):
        WEB.visit("https://localhost:1/", 1, ca=str(tmp_path / "text"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PermanentError, match="it is no file"):
        WEB.visit("https://localhost:1/", 1, ca=str(tmp_path / "pipe"))


def test_redirects_are_followed_on_the_same_host() -> None:
    """What they lead to decides; another host is somebody else's door; a circle has an end."""
    with door() as (port, seen):
        here = f"http://127.0.0.1:{port}"
        assert WEB.visit(f"{here}/302//200", 3).ok
        assert seen[-1].endswith(" /200")
        assert WEB.visit(f"{here}/302//503", 3).text == f"GET {here}/503 says 503"
        assert WEB.visit(f"{here}/302/https://login.example/", 3).ok
        assert WEB.visit(f"{here}{'/302/' * 5}/200", 3).ok
        assert "redirects more than 5 times" in WEB.visit(f"{here}{'/302/' * 6}/200", 3).text


def test_a_redirect_to_plain_http_is_not_followed(secure: tuple[int, list[str]], ca: str) -> None:
    """A browser would send its cookies in the clear."""
    with door() as (plain, seen):
        answer = WEB.visit(f"https://127.0.0.1:{secure[0]}/302/http://127.0.0.1:{plain}/200", 3, ca=ca)
    assert not answer.ok
    assert answer.text.endswith("redirects from https to plain http")
    assert seen == []


def test_a_door_that_does_not_answer_says_why() -> None:
    """Nobody there, an unknown name, silence, plain text where TLS should be."""
    with door() as (plain, _):
        said = WEB.visit(f"https://127.0.0.1:{plain}/200", 3).text
    assert said.endswith("it does not speak TLS as it should: is it http:// that is meant?")
    assert WEB.visit(f"http://127.0.0.1:{plain}/200", 3).text.endswith("connection refused")
    assert WEB.visit("http://no-such-name.invalid/", 3).text.endswith(
        "its name cannot be resolved: enter it into DNS or /etc/hosts"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = WEB.visit(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.2)
    assert answer.text.endswith("no answer in time")


@contextmanager
def speaker(say: bytes, hear: int = 0) -> Iterator[Target]:
    """Yield the address of a server that waits for `hear` bytes, says something, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer, suppress(ConnectionError):  # whoever has heard enough hangs up
                if hear:
                    peer.recv(hear)
                for byte in say:
                    peer.sendall(bytes([byte]))

        threading.Thread(target=serve, daemon=True).start()
        yield Target("127.0.0.1", listener.getsockname()[1])


@pytest.mark.parametrize(
    ("say", "ok", "text"),
    [(b"+PONG\r\n", True, ""), (b"-LOADING\r\n", False, "says something else"), (b"", False, "connection closed")],
)
def test_a_dialogue_is_judged_by_what_is_expected(say: bytes, ok: bool, text: str) -> None:
    """However many pieces it comes in; a Redis that loads its data does not serve yet."""
    with speaker(say, hear=6) as target:
        answer = WEB.tcp(target, 3, send="PING\r\n", expect="+PONG")
    assert (ok, f"port {target.port}: {text}" if text else "") == (answer.ok, answer.text)


def test_a_server_may_have_to_speak_first() -> None:
    """Nothing is sent, and any byte can be expected."""
    with speaker(b"\x01\xff220 ready") as target:
        assert WEB.tcp(target, 3, expect="\x01\xff220").ok


def test_who_says_something_else_and_waits_is_told_so() -> None:
    """A Redis with a password says -NOAUTH and leaves the connection open: that is an answer, and not silence."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"-NOAUTH\r\n")
                while peer.recv(100):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        answer = WEB.tcp(Target("127.0.0.1", listener.getsockname()[1]), 0.3, send="PING\r\n", expect="+PONG")
        thread.join(5)
    assert (answer.ok, answer.spoke, answer.text.partition(": ")[2]) == (False, True, "says something else")
