"""One question to a DNS server, over TCP (RFC 1035), and whether it was answered. Not a resolver."""

import io
import secrets
import struct

from bootheal.adapters.bounded import Line
from bootheal.model import Answer

# A, IN; recursion desired.
QUESTION = struct.pack(">2H", 1, 1)
RECURSE = 0x0100
ANSWERED = 0x80
HEADER = 12
LONGEST_LABEL = 63
LONGEST_MESSAGE = (1 << 16) + 2

# No error, and a name that does not exist; the others are troubles of the server's.
GOOD = (0, 3)
CODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH"}


def ask(line: Line, name: str) -> Answer:
    """Ask for the address of `name`. That there is none is an answer, too; OSError where nothing comes.

    ValueError where it can be no name.
    """
    number = secrets.randbelow(1 << 16)
    message = struct.pack(">6H", number, RECURSE, 1, 0, 0, 0) + _labels(name) + b"\0" + QUESTION
    line.sendall(struct.pack(">H", len(message)) + message)
    stream = line.makefile("rb")
    (length,) = struct.unpack(">H", _read(stream, 2))
    answer = _read(stream, length)
    if len(answer) < HEADER or answer[:2] != message[:2] or not answer[2] & ANSWERED:
        return Answer(ok=False, spoke=False, text="what answers does not speak DNS")
    code = answer[3] & 0x0F
    if code not in GOOD:
        return Answer(ok=False, spoke=True, text=f"it answers {CODES.get(code, f'code {code}')}")
    return Answer(ok=True, spoke=True)


def _labels(name: str) -> bytes:
    labels = name.rstrip(".").encode("ascii").split(b".")
    if not all(0 < len(label) <= LONGEST_LABEL for label in labels):
        raise ValueError(f"{name!r} can be no name")
    return b"".join(bytes([len(label)]) + label for label in labels)


def _read(stream: io.BufferedReader, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise ConnectionError("connection closed")
    return data
