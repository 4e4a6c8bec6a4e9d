"""Whoever answers at a web server's address: an end in time, little memory, the truth, and no token in any text."""

import socket
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bootheal.adapters.web import WebProbe
from bootheal.demo.api.certificates import Authority, server_context
from bootheal.model import Answer, Target
from bootheal.model.quoted import LONGEST
from support.malicious_http import (
    BEHAVIOURS,
    REDIRECTS,
    SERVES,
    TLS,
    Behaviour,
    Impostor,
    Peer,
    impostor,
    in_turn,
    sent_back,
)
from support.reach import direct

WEB = WebProbe(direct().open)
CANARY = "canary-2b9e-hunter2"
SECONDS = 0.5
PAUSES = 4.0  # of a machine that is busy with other work
MEGABYTES = 3


@contextmanager
def bounded() -> Iterator[None]:
    """Assert that what is done in here takes little time and little memory."""
    tracemalloc.start()
    began = time.monotonic()
    try:
        yield
        took = time.monotonic() - began
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took < SECONDS + PAUSES
    assert peak < MEGABYTES << 20


def check(answer: Answer, server: Impostor, *, ok: bool) -> None:
    """Assert what holds for each answer."""
    assert answer.ok == ok, answer
    assert (answer.text == "") == ok
    assert len(answer.text) <= LONGEST
    assert answer.text.isprintable()
    assert CANARY not in answer.text
    assert bytes(server.strayed) == b""


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_front_door_is_judged_in_time_and_truthfully(name: str) -> None:
    """Whatever is behind it; nobody is sent anywhere that was not declared."""
    with impostor(BEHAVIOURS[name]) as server:
        with bounded():
            answer = WEB.visit(f"http://127.0.0.1:{server.port}/?token={CANARY}", SECONDS)
        check(answer, server, ok=name in SERVES)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_hook_and_a_probe_are_judged_in_time_and_truthfully(name: str) -> None:
    """Neither follows a redirect: to both it is an answer."""
    with impostor(BEHAVIOURS[name]) as server:
        questions: tuple[Callable[[], Answer], ...] = (
            lambda: WEB.visit(f"http://127.0.0.1:{server.port}/?token={CANARY}", SECONDS, method="POST"),
            lambda: WEB.http(server.target, f"/?token={CANARY}", SECONDS),
        )
        for question in questions:
            with bounded():
                answer = question()
            check(answer, server, ok=name in SERVES | REDIRECTS - {"redirects in 100,000 letters"})


@pytest.mark.parametrize("name", TLS)
def test_a_handshake_ends_in_time(name: str) -> None:
    """Whether the other side is slow, or speaks something else; an answer in plain text is none."""
    with impostor(TLS[name]) as server:
        with bounded():
            answer = WEB.visit(f"https://127.0.0.1:{server.port}/?token={CANARY}", SECONDS, insecure=True)
        check(answer, server, ok=False)
        assert CANARY.encode() not in server.heard


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.mark.parametrize("name", ["answers", "drips", "goes on for ever", "sends a header without end"])
def test_within_tls_it_is_all_the_same(name: str, authority: Authority, tmp_path: Path) -> None:
    """One deadline, and one bound."""
    context = server_context(authority.server("127.0.0.1"), authority.pem, tmp_path / "server.pem")
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    with impostor(BEHAVIOURS[name], context) as server:
        with bounded():
            answer = WEB.visit(f"https://127.0.0.1:{server.port}/", SECONDS, ca=str(tmp_path / "ca.crt"))
        check(answer, server, ok=name in SERVES)


def test_a_certificate_that_is_not_trusted_is_told_nothing(authority: Authority, tmp_path: Path) -> None:
    """The question, which may hold a token, is not asked."""
    context = server_context(authority.server("127.0.0.1"), authority.pem, tmp_path / "server.pem")
    with impostor(BEHAVIOURS["answers"], context) as server:
        answer = WEB.visit(f"https://127.0.0.1:{server.port}/?token={CANARY}", 10 * SECONDS)
        check(answer, server, ok=False)
    assert CANARY.encode() not in server.heard
    assert answer.text.endswith("name its authority as `ca`")


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_dialogue_ends_in_time(name: str) -> None:
    """What is expected is searched for in the beginning of what comes."""
    with impostor(BEHAVIOURS[name]) as server:
        with bounded():
            answer = WEB.tcp(server.target, SECONDS, send="GET / HTTP/1.1\r\n\r\n", expect="+PONG")
        check(answer, server, ok=False)


def _answers_dns(*parts: bytes, drip: bool = False) -> Behaviour:
    """Answer a question with the parts, in which `ID` stands for the question's number."""

    def play(peer: Peer) -> None:
        peer.receive()
        data = b"".join(parts).replace(b"ID", bytes(peer.heard[2:4]))
        peer.drip(data) if drip else peer.send(data)
        peer.listen()

    return play


_GOOD = b"ID\x81\x80" + b"\0\1\0\0\0\0\0\0"
DNS: dict[str, Behaviour] = {
    "says nothing": Peer.listen,
    "hangs up": lambda _peer: None,
    "announces 64 KiB": _answers_dns(b"\xff\xff", _GOOD),
    "drips": _answers_dns(b"\xff\xff", _GOOD * 100, drip=True),
    "announces nothing": _answers_dns(b"\0\0"),
    "hangs up in the middle": in_turn(Peer.receive, lambda peer: peer.send(b"\0")),
    "answers another question": _answers_dns(b"\0\x0cxx\x81\x80" + b"\0" * 8),
    "sends the question back": in_turn(Peer.receive, sent_back, Peer.listen),
    "speaks HTTP": _answers_dns(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "is in trouble": _answers_dns(b"\0\x0cID\x81\x82" + b"\0" * 8),
    "is not the one to ask": _answers_dns(b"\0\x0cID\x81\x89" + b"\0" * 8),
    "answers with a code that nobody knows": _answers_dns(b"\0\x0cID\x81\x8f" + b"\0" * 8),
    "sends zeros for ever": lambda peer: peer.for_ever(b"\0" * 4096),
    "answers": _answers_dns(struct.pack(">H", len(_GOOD)), _GOOD),
}


@pytest.mark.parametrize("name", DNS)
def test_a_dns_server_is_judged_in_time_and_truthfully(name: str) -> None:
    """By the answer to our question, and no other."""
    with impostor(DNS[name]) as server:
        with bounded():
            answer = WEB.dns(server.target, "kubernetes.default.svc.cluster.local", SECONDS)
        check(answer, server, ok=name == "answers")


@pytest.mark.parametrize(
    "url",
    [
        "http://mail..example.org/",
        "http://[::1/",
        "http://a:b/",
        "http://a:99999/",
        "http://127.0.0.1:0/",
        "http:///",
        "http://" + "x" * 300 + "/",
        "http://a\0b/",
        "http://127.0.0.1:1/\ud800",
        "javascript:alert(1)",
        "/health",
        "",
    ],
)
def test_a_url_that_can_be_none_is_an_answer(url: str) -> None:
    """In words, and no exception."""
    answer = WEB.visit(url, SECONDS)
    assert (answer.ok, answer.spoke) == (False, False)
    assert answer.text.isprintable()
    assert 0 < len(answer.text) <= LONGEST


@pytest.mark.parametrize("host", ["mail..example.org", "x" * 300, "a\0b", "\ud800", "no-such-name.invalid"])
def test_a_host_that_can_be_none_is_an_answer(host: str) -> None:
    """To each of the questions."""
    target = Target(host, 80)
    for answer in (WEB.http(target, "/", 1), WEB.tcp(target, 1), WEB.dns(target, "a.b", 1)):
        assert not answer.ok
        assert "its name cannot be resolved" in answer.text
    assert "there is no port 65616" in WEB.tcp(Target("127.0.0.1", 65536 + 80), 1).text


def test_a_path_is_asked_for_as_it_stands_in_a_browser() -> None:
    """Letters and spaces are escaped, so that nothing in it becomes a line of its own."""
    with impostor(BEHAVIOURS["answers"]) as server:
        assert WEB.http(server.target, "/health check/\u00fc?a=%20\r\nX: y", SECONDS).ok
    assert server.heard.startswith(b"GET /health%20check/%C3%BC?a=%20%0D%0AX:%20y HTTP/1.1\r\nHost: 127.0.0.1:")


def test_a_literal_of_ipv6_is_asked_by_its_name_in_brackets() -> None:
    """As browsers say it."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        answer = WEB.visit(f"http://[::1]:{port}/", 0.2)
        peer, _ = listener.accept()
        with peer:
            assert f"Host: [::1]:{port}\r\n" in peer.recv(1000).decode()
    assert answer.text == f"GET http://[::1]:{port}/: no answer in time"
