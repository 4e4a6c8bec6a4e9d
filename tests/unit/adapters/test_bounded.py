"""Names that nobody resolves, addresses where nobody answers, peers that never end: all of it ends in time."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import repeat

import pytest

from bootheal.adapters.bounded import Found, Line, Names, OverlongError, connect
from bootheal.adapters.kube.answer_limits import LONGEST_LINE_BYTES, lines


def at(*ports: int) -> Found:
    """What getaddrinfo finds for ports of this host."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]


@contextmanager
def elapsed(least: float, most: float) -> Iterator[None]:
    """Assert how long something takes, in seconds."""
    began = time.monotonic()
    yield
    assert least <= time.monotonic() - began < most


def test_a_lookup_is_waited_for_no_longer_than_there_is_time() -> None:
    """It goes on beside us, once for all who ask; who asks when it has ended gets what was found."""
    silent, asked = threading.Event(), list[str]()

    def lookup(host: str, port: int) -> Found:
        asked.append(host)
        silent.wait(10)
        return at(port)

    names = Names(lookup)
    for _ in range(3):
        with elapsed(0.05, 1), pytest.raises(socket.gaierror) as error:
            names.find("shop.local", 80, 0.05)
        assert error.value.errno == socket.EAI_AGAIN
    assert asked == ["shop.local"]
    silent.set()
    assert names.find("shop.local", 80, 5) == at(80)


def test_a_lookup_that_fails_fails_those_who_asked() -> None:
    """And the next one is asked anew."""
    failures = [socket.gaierror(socket.EAI_NONAME, "unknown"), UnicodeError("label empty")]

    def lookup(_host: str, port: int) -> Found:
        if failures:
            raise failures.pop()
        return at(port)

    names = Names(lookup)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            names.find("shop.local", 80, 5)
    assert names.find("shop.local", 80, 5) == at(80)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_needs_no_lookup(host: str) -> None:
    """Nobody is asked, and no thread is begun."""
    names = Names(lambda *_: pytest.fail("somebody was asked"))
    assert names.find(host, 80, 0)[0][4][:2] == (host, 80)


def test_an_address_that_is_silent_leaves_time_for_the_next() -> None:
    """Each has its share: one of two whose queue is full takes half of the time."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        good = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        names = Names(lambda *_: at(full.getsockname()[1], good.getsockname()[1]))
        with elapsed(0.25, 2), connect("shop.local", 80, 0.5, names) as sock:
            assert sock.getpeername() == good.getsockname()


def test_who_does_not_listen_anywhere_is_refused() -> None:
    """As the last address says; none at all is no address."""
    with pytest.raises(ConnectionRefusedError):
        connect("shop.local", 80, 1, Names(lambda *_: at(1, 1)))
    with pytest.raises(OSError, match="it has no address"):
        connect("shop.local", 80, 1, Names(lambda *_: []))


@pytest.mark.parametrize("port", [0, -1, 65536, 65536 + 80, 99999])
def test_a_port_that_is_none_is_not_taken_for_another(port: int) -> None:
    """The system would take 65616 for 80."""
    with pytest.raises(OSError, match=f"there is no port {port}"):
        connect("127.0.0.1", port, 1)


def test_who_does_not_listen_is_not_talked_to_for_ever() -> None:
    """Its buffers are full, and the time is up."""
    near, far = socket.socketpair()
    with far, Line(near, time.monotonic() + 0.2, 10) as line, elapsed(0.2, 1.2), pytest.raises(TimeoutError):
        line.sendall(b"x" * 50_000_000)


def test_who_does_not_end_is_listened_to_until_the_deadline() -> None:
    """However often he says something; who says too much, until that."""
    near, far = socket.socketpair()

    def talk() -> None:
        with suppress(OSError):
            while True:
                far.sendall(b"x")
                time.sleep(0.02)

    threading.Thread(target=talk, daemon=True).start()
    with far, Line(near, time.monotonic() + 0.3, 1000) as line:
        with elapsed(0.2, 1.3), pytest.raises(TimeoutError):
            line.makefile("rb").read()
        with pytest.raises(TimeoutError):
            line.recv(1)
    near, far = socket.socketpair()
    with far, Line(near, time.monotonic() + 5, 10) as line:
        far.sendall(b"x" * 1000)
        with pytest.raises(OverlongError):
            line.makefile("rb").read()


class Piece(bytes):
    """A piece of an answer that counts how many bytes are copied to put it beside others."""

    copied = 0

    def __radd__(self, other: bytes) -> "Piece":
        Piece.copied += len(other) + len(self)
        return Piece(bytes(other) + bytes(self))


def test_a_line_is_put_together_once_however_finely_it_is_cut() -> None:
    """A byte at a time, all that had come was copied for each: a day for a line of 8 MiB."""
    Piece.copied, text = 0, b"x" * 3_000 + b"\n" + b"y" * 3_000 + b"\n\nz"
    pieces = [Piece(text[at : at + 1]) for at in range(len(text))]
    assert [*lines(pieces)] == [b"x" * 3_000, b"y" * 3_000, b"", b"z"]
    assert Piece.copied <= 2 * len(text)
    assert [*lines([text[:5], text[5:]])] == [*lines(pieces)]


def test_a_line_without_an_end_is_not_kept() -> None:
    """Nobody waits for the rest of it, nor keeps more than a line may have."""
    sent = 0

    def piece() -> Iterator[bytes]:
        nonlocal sent
        for each in repeat(b"x" * 65_536):
            sent += len(each)
            yield each

    with pytest.raises(OverlongError):
        next(lines(piece()))
    assert sent <= LONGEST_LINE_BYTES + 2 * 65_536
