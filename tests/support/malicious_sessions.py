"""A PostgreSQL, or a pooler's console, that lets everybody in and then talks nonsense, as its own or as libpq's."""

import struct
from collections.abc import Callable
from itertools import cycle

from support.malicious_postgres import HOSTILE, Behaviour, Peer

Message = tuple[bytes, bytes]

TEXT, NUMBER, BIG, JSON, BYTES, TIME, UUID, ADDRESS, ARRAY, FRACTION = 25, 23, 20, 114, 17, 1114, 2950, 869, 1007, 1700
READY: Message = (b"Z", b"I")
DONE: Message = (b"C", b"SELECT 1\0")

# As much as a session is told at most, and what the sockets between hold.
FLOOD_BYTES = 64 << 20


def columns(*kinds: int, names: str = "a b c") -> Message:
    """Describe rows: each column's type by its number in pg_type."""
    described = (
        name.encode() + b"\0" + struct.pack("!ihihih", 0, 0, kind, -1, -1, 0)
        for name, kind in zip(cycle(names.split()), kinds, strict=False)
    )
    return b"T", struct.pack("!h", len(kinds)) + b"".join(described)


def row(*values: bytes | None) -> Message:
    """Send a row in text."""
    sent = (struct.pack("!i", -1) if each is None else struct.pack("!i", len(each)) + each for each in values)
    return b"D", struct.pack("!h", len(values)) + b"".join(sent)


def refusal(*fields: bytes) -> Message:
    """Refuse, with these fields only."""
    return b"E", b"".join(field + b"\0" for field in fields) + b"\0"


def _question(peer: Peer) -> bytes | None:
    """Read to the end of a question, simple or extended; None where the client takes leave."""
    while True:
        kind = peer.receive(1)
        body = peer.receive(struct.unpack("!i", peer.receive(4))[0] - 4)
        if kind in b"QSX":
            return None if kind == b"X" else body


def answers(*messages: Message, goodbye: tuple[Message, ...] = ()) -> Behaviour:
    """Let in, and answer each question with these messages; a ROLLBACK or COMMIT with `goodbye`."""

    def play(peer: Peer) -> None:
        peer.startup()
        peer.let_in()
        while (question := _question(peer)) is not None:
            leaving = goodbye and question.startswith((b"ROLLBACK", b"COMMIT"))
            for kind, body in goodbye if leaving else messages:
                peer.send(kind, body)

    return play


def floods(count: Callable[[int], None]) -> Behaviour:
    """Let in, and answer the first question with rows without end; `count` is told the bytes of each."""

    def play(peer: Peer) -> None:
        peer.startup()
        peer.let_in()
        _question(peer)
        peer.send(*columns(TEXT, TEXT))
        kind, body = row(b"x" * 500_000, b"y" * 500_000)
        while True:
            peer.send(kind, body)
            count(len(body))

    return play


def _rows(kind: int, *values: bytes | None) -> Behaviour:
    return answers(columns(*[kind] * len(values)), row(*values), DONE, READY)


CONSOLE = "database cl_waiting name hostname ttl addrs version"

SENSELESS: dict[str, Behaviour] = {
    "rows without columns": answers(columns(), row(), DONE, READY),
    "one column": _rows(TEXT, b"x"),
    "a thousand columns": _rows(TEXT, *[b"x"] * 1000),
    "nothing in each column": _rows(TEXT, None, None, None),
    "numbers that are words": _rows(NUMBER, b"x", b"y"),
    "numbers of 10,000 digits": _rows(BIG, b"9" * 10_000, b"1"),
    "numbers in the place of words": _rows(FRACTION, b"1e999999", b"NaN"),
    "JSON that is none": _rows(JSON, b"{", b"["),
    "JSON nested 100,000 deep": _rows(JSON, b"[" * 100_000, b"["),
    "times that never come": _rows(TIME, b"infinity", b"0001-01-01 BC"),
    "bytes that are none": _rows(BYTES, b"\\xzz", b"y"),
    "identifiers that are none": _rows(UUID, b"x", b"y"),
    "addresses that are none": _rows(ADDRESS, b"x", b"y"),
    "lists that are none": _rows(ARRAY, b"{x", b"y"),
    "no UTF-8": _rows(TEXT, b"\xff", b"\xfe"),
    "a console's words for its numbers": answers(
        columns(*[TEXT] * 7, names=CONSOLE), row(b"shop", b"many", b"shop", b"h", b"never", b"", b"1"), DONE, READY
    ),
    "a console's columns without anything": answers(
        columns(*[TEXT] * 7, names=CONSOLE), row(b"shop", None, None, None, None, None, None), DONE, READY
    ),
    "an encoding that does not exist": answers(
        (b"S", b"client_encoding\0KOI8_X\0"), *[columns(TEXT), row(b"x")], READY
    ),
    "an error without a word": answers((b"E", b"\0"), READY),
    "an error without a message": answers(refusal(b"SERROR", b"C42P01"), READY),
    "an error with an empty message": answers(refusal(b"SERROR", b"C42P01", b"M"), READY),
    "an error in hostile words": answers(refusal(b"SERROR", b"C42P01", b"M" + HOSTILE[:-1].encode()), READY),
    "an error with a hostile code": answers(refusal(b"SERROR", b"C\x1b[31m", b"Mno"), READY),
    "a request for a COPY": answers((b"G", b"\0\0\0")),
    "a COPY": answers((b"H", b"\0\0\0"), (b"d", b"x")),
    "a COPY both ways": answers((b"W", b"\0\0\0")),
    "a second login": answers((b"R", struct.pack("!i", 3)), READY),
    "a row of negative length": answers(columns(TEXT, TEXT), (b"D", struct.pack("!hi", 2, -7)), READY),
    "a row that nobody described": answers(row(b"x"), READY),
    "a message that does not exist": answers((b"~", b"x"), READY),
    "three results for one": answers(*[columns(TEXT, TEXT), row(b"x", b"y"), DONE] * 3, READY),
    "a transaction that nobody began": answers(
        (b"C", b"SET\0"), (b"Z", b"T"), goodbye=(refusal(b"SERROR", b"C42P01", b"M" + HOSTILE[:-1].encode()), READY)
    ),
}
