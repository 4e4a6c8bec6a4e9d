"""One question to a DNS server, over TCP (RFC 1035), and whether it was answered. Not a resolver."""

import secrets
import socket
import struct

from bootheal.model import Answer

# A, IN; recursion desired.
QUESTION = struct.pack(">2H", 1, 1)
RECURSE = 0x0100
ANSWERED = 0x80
HEADER = 12
CODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}


def ask(sock: socket.socket, name: str) -> Answer:
    """Ask for the address of `name`. That there is none is an answer, too; OSError where nothing comes."""
    number = secrets.randbelow(1 << 16)
    labels = b"".join(bytes([len(label)]) + label for label in name.rstrip(".").encode("ascii").split(b"."))
    message = struct.pack(">6H", number, RECURSE, 1, 0, 0, 0) + labels + b"\0" + QUESTION
    sock.sendall(struct.pack(">H", len(message)) + message)
    (length,) = struct.unpack(">H", _read(sock, 2))
    answer = _read(sock, length)
    if len(answer) < HEADER or answer[:2] != message[:2] or not answer[2] & ANSWERED:
        return Answer(ok=False, spoke=False, text="what answers does not speak DNS")
    code = answer[3] & 0x0F
    if code in CODES:
        return Answer(ok=False, spoke=True, text=f"it answers {CODES[code]}")
    return Answer(ok=True, spoke=True)


def _read(sock: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = sock.recv(length - len(data))
        if not more:
            raise ConnectionError("connection closed")
        data += more
    return data
