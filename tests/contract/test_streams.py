"""Commands and port-forwards to a server that never comes to an end: one deadline bounds the whole question."""

import base64
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

import bootheal.adapters.kube.forward  # noqa: F401 - what it imports is not to be waited for within a deadline
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.reach import Reach
from bootheal.adapters.scope import Scope
from bootheal.errors import UnreachableError
from bootheal.model import Ref, Target

SECONDS = 1.0
PAUSE = 0.05

# A machine that is busy with other tests.
SLACK = 3.0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Script = Callable[[socket.socket, bytes], None]


@contextmanager
def server(script: Script) -> Iterator[tuple[int, list[bytes]]]:
    """Let each connection be answered by a script; yield the port, and the requests that were heard."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(peer: socket.socket) -> None:
            with peer, suppress(OSError):
                request = b""
                while b"\r\n\r\n" not in request and (data := peer.recv(4096)):
                    request += data
                heard.append(request)
                script(peer, request)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def api(directory: Path, port: int, scope: Scope) -> Api:
    content = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "canary-token"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (directory / "kubeconfig").write_text(json.dumps(content))
    return Api(LiveKubeconfig(directory / "kubeconfig"), scope)


def trickle(peer: socket.socket, data: Any) -> None:
    """Send a byte now and then, for as long as somebody listens."""
    for byte in data:
        peer.sendall(bytes([byte]))
        time.sleep(PAUSE)


def headers_without_end(peer: socket.socket, _request: bytes) -> None:
    trickle(peer, b"HTTP/1.1 101 Switching Protocols\r\nX-Long: ")
    trickle(peer, repeat(ord("x")))


def upgrade(request: bytes) -> bytes:
    found = re.search(rb"(?i)sec-websocket-key: (\S+)", request)
    assert found
    accept = base64.b64encode(hashlib.sha1(found[1] + GUID).digest())  # noqa: S324 - as RFC 6455 wants it
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: v4.channel.k8s.io\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def frame_without_end(peer: socket.socket, request: bytes) -> None:
    peer.sendall(upgrade(request))
    trickle(peer, b"\x82\x7f\x00\x00\x00\x00\x7f\xff\xff\xff\x01")
    trickle(peer, repeat(ord("x")))


def pings_without_end(peer: socket.socket, request: bytes) -> None:
    peer.sendall(upgrade(request))
    trickle(peer, b"\x89\x00" * 10_000)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + SLACK


def test_a_forward_is_opened_in_its_time_or_not_at_all(tmp_path: Path, scope: Scope) -> None:
    """A byte each 50 ms was waited for as often as one came."""
    with (
        server(headers_without_end) as (port, _),
        within(SECONDS),
        pytest.raises(UnreachableError, match="no answer in time"),
    ):
        api(tmp_path, port, scope).forward("shop", "db-0", 5432, SECONDS)


@pytest.mark.parametrize("script", [frame_without_end, pings_without_end])
def test_a_command_ends_in_its_time(script: Script, tmp_path: Path, scope: Scope) -> None:
    """Whatever comes, as long as it is not the end."""
    with server(script) as (port, _):
        it = api(tmp_path, port, scope)
        with within(SECONDS):
            answer = it.run("shop", "db-0", [("command", "true")], SECONDS)
    assert not answer.ok
    assert answer.text == "has not ended within 1 s"


def test_a_message_without_end_is_not_kept(tmp_path: Path, scope: Scope) -> None:
    """It would be put together in memory until the time is up: a gigabyte a second."""
    sent: list[int] = []

    def flood(peer: socket.socket, request: bytes) -> None:
        peer.sendall(upgrade(request) + b"\x82\x7f\x00\x00\x00\x00\x7f\xff\xff\xff\x01")
        for chunk in repeat(b"x" * (1 << 20)):
            peer.sendall(chunk)
            sent.append(len(chunk))

    with server(flood) as (port, _):
        answer = api(tmp_path, port, scope).run("shop", "db-0", [("command", "true")], 10.0)
    assert answer.text == "its connection was cut before it ended"
    assert sum(sent) < 100 << 20


PORT = b"\x82\x03\x00\x38\x15\x82\x03\x01\x38\x15"
"""What a node says first on both channels of a forward: that they are of port 5432."""

WHOLE = b"\x82\x7e\x80\x00\x00" + b"x" * 32_767


def floods(first: bytes, then: bytes, sent: list[int]) -> Script:
    """Open a forward, say this, and then the same without end."""

    def flood(peer: socket.socket, request: bytes) -> None:
        peer.sendall(upgrade(request) + PORT + first)
        for chunk in repeat(then):
            peer.sendall(chunk)
            sent.append(len(chunk))

    return flood


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"\x82\x7f\x00\x00\x00\x00\x7f\xff\xff\xff\x00", b"x" * (1 << 20)),
        (b"\x02" + WHOLE[1:], b"\x00" + WHOLE[1:]),
        (b"", WHOLE),
        (b"\x82\x7e\x80\x00\x01" + b"x" * 32_767, b"\x82\x7e\x80\x00\x01" + b"x" * 32_767),
    ],
    ids=["one frame", "one message of many frames", "what nobody reads", "a reason"],
)
def test_what_a_forward_brings_is_not_kept(first: bytes, then: bytes, tmp_path: Path, scope: Scope) -> None:
    """It was put together in memory, a gigabyte a second, for as long as somebody waited for it or did not read it."""
    sent: list[int] = []
    with server(floods(first, then, sent)) as (port, _), api(tmp_path, port, scope).forward("shop", "db-0", 5432, 1.0):
        time.sleep(SECONDS)
    assert sum(sent) < 32 << 20


def half_a_frame(peer: socket.socket, request: bytes) -> None:
    peer.sendall(upgrade(request) + PORT + b"\x82\x7e\x80\x00\x00x")
    trickle(peer, repeat(ord("x")))


def no_end(peer: socket.socket, request: bytes) -> None:
    peer.sendall(upgrade(request) + PORT)
    trickle(peer, b"\x8a\x00" * 10_000)


@pytest.mark.parametrize("script", [half_a_frame, no_end])
def test_a_forward_that_is_closed_leaves_nothing_behind(script: Script, tmp_path: Path, scope: Scope) -> None:
    """Who sends on, or half of something, held a thread and a connection of ours for ever."""
    with server(script) as (port, _):
        half = api(tmp_path, port, scope).forward("shop", "db-0", 5432, SECONDS)
        time.sleep(PAUSE)
        half.close()
        until = time.monotonic() + SECONDS + SLACK
        while forwards() and time.monotonic() < until:
            time.sleep(PAUSE)
        assert forwards() == []


def forwards() -> list[str]:
    return [each.name for each in threading.enumerate() if "forward" in each.name]


@pytest.mark.parametrize(
    "said",
    [
        b"\x82\x02\x07x",
        b"\x82\x00",
        b"\x81\x02\x00x",
        b"\x82\x03\x00\x50\x00",
        b"\x82\x01\x00",
        b"\x82\x03\x01\x50\x00",
        b"\xf2\x02\x00x",
        b"\x83\x02\x00x",
        b"\x00\x02\x00x",
        b"\x88\x00",
        b"\x88\x02\x00\x00",
        b"\x82\xff" + b"\xff" * 12,
        b"",
    ],
)
def test_a_forward_that_says_what_no_node_says_ends(said: bytes, tmp_path: Path, scope: Scope) -> None:
    """Another channel, nothing, text, another port, flags and kinds that there are not, 2^64 bytes, the end."""

    def say(peer: socket.socket, request: bytes) -> None:
        peer.sendall(upgrade(request) + said)

    with server(say) as (port, _), api(tmp_path, port, scope).forward("shop", "db-0", 5432, SECONDS) as half:
        half.settimeout(SECONDS + SLACK)
        assert half.recv(1) == b""


def test_a_token_does_not_go_where_a_server_redirects_to(tmp_path: Path, scope: Scope) -> None:
    """An API server never redirects; who does is none, and wants the token to go elsewhere."""
    with server(lambda peer, _: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as (elsewhere, heard):
        location = f"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:{elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode()
        with server(lambda peer, _: peer.sendall(location)) as (port, asked), pytest.raises(UnreachableError):
            api(tmp_path, port, scope).forward("shop", "db-0", 5432, SECONDS)
        assert b"canary-token" in asked[0]
        assert heard == []


def test_what_was_tried_directly_takes_from_the_time_of_the_forward(scope: Scope) -> None:
    """Of a question's five seconds the second is gone in which the address did not answer."""
    left: list[float] = []

    def forward(_pod: Ref, _port: int, timeout: float) -> socket.socket:
        left.append(timeout)
        raise UnreachableError("cannot forward")

    reach = Reach(forward, scope, direct=True)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as one, socket.socket() as two:
        for queued in (one, two):  # the queue of who waits to be accepted is full: nobody answers any more
            queued.settimeout(0)
            queued.connect_ex(full.getsockname())
        target = Target("127.0.0.1", full.getsockname()[1], pod=Ref("pod", "shop", "db-0"))
        with pytest.raises(UnreachableError):
            reach.open(target, 5.0)
    assert 3.0 < left[0] < 4.5
