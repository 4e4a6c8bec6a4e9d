"""A DNS question over TCP, against a server that the test plays."""

import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest

from bootheal.adapters.bounded import Line
from bootheal.adapters.dns import LONGEST_MESSAGE, ask
from bootheal.model import Answer

# As CoreDNS answers: NOERROR with one address.
QUESTION = b"\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01"


def asked(reply: Callable[[bytes], bytes]) -> tuple[Answer | None, bytes]:
    """Ask a server that answers with what `reply` makes of the question; None where nothing came."""
    near, far = socket.socketpair()
    heard: list[bytes] = []

    def serve() -> None:
        (length,) = struct.unpack(">H", far.recv(2))
        heard.append(far.recv(length))
        far.sendall(reply(heard[0]))
        far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    with Line(near, time.monotonic() + 2, LONGEST_MESSAGE) as line:
        try:
            return ask(line, "kubernetes.default.svc.cluster.local"), heard[0]
        except OSError:
            return None, heard[0]
        finally:
            thread.join()


def message(question: bytes, code: int, number: bytes | None = None) -> bytes:
    body = (number or question[:2]) + bytes([0x81, 0x80 | code]) + b"\0\1\0\0\0\0\0\0" + question[12:]
    return struct.pack(">H", len(body)) + body


@pytest.mark.parametrize(("code", "ok", "text"), [(0, True, ""), (3, True, ""), (2, False, "it answers SERVFAIL")])
def test_an_answer_is_good_unless_the_server_itself_is_in_trouble(code: int, ok: bool, text: str) -> None:
    """NXDOMAIN is an answer; SERVFAIL is what CoreDNS says before it knows the cluster."""
    answer, question = asked(lambda question: message(question, code))
    assert Answer(ok=ok, spoke=True, text=text) == answer
    assert question[2:4] == b"\1\0"
    assert question[12:] == QUESTION


@pytest.mark.parametrize(
    "reply",
    [
        lambda question: message(question, 0, b"\xff\xfe" if question[:2] != b"\xff\xfe" else b"\0\0"),
        lambda question: struct.pack(">H", len(question)) + question,
        lambda _question: b"\0\4HTTP",
    ],
    ids=["another number", "an echo", "another protocol"],
)
def test_what_is_no_answer_to_our_question_is_not_taken_for_one(reply: Callable[[bytes], bytes]) -> None:
    """It may be anybody who answers on that port."""
    answer, _ = asked(reply)
    assert answer is not None
    assert not answer.ok
    assert not answer.spoke


def test_a_server_that_hangs_up_is_an_error_of_the_socket() -> None:
    """Which the adapter tells in words."""
    assert asked(lambda _question: b"\0")[0] is None
