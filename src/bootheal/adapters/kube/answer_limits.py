"""What one question to the API server may cost: one deadline over all of the answer, and so many bytes.

A socket's timeout is for one call, and an answer takes many: who sends a byte each half second, or `100 Continue` for
ever, would be listened to for ever. So the sockets themselves know until when, and how much, this thread listens.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from bootheal.adapters.bounded import OverlongError

MEBIBYTE = 1 << 20

# Of a page of 500 pods, each may have 64 KiB. An object in etcd has 1.5 MiB at most.
MOST_BYTES = 32 * MEBIBYTE
LONGEST_LINE_BYTES = 8 * MEBIBYTE


class _Asked(threading.local):
    until: float | None = None
    left: int = 0


_ASKED = _Asked()


@contextmanager
def within(seconds: float, most: int = MOST_BYTES + MEBIBYTE) -> Iterator[None]:
    """Listen for so long, and to so much, on whatever connection this thread uses meanwhile.

    TimeoutError and OverlongError come from the socket then, and are what the client makes of them.
    """
    before = _ASKED.until, _ASKED.left
    _ASKED.until, _ASKED.left = time.monotonic() + seconds, most
    try:
        yield
    finally:
        _ASKED.until, _ASKED.left = before


def heard() -> None:
    """Allow as much again: what came so far made sense."""
    _ASKED.left = MOST_BYTES


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each line when it is whole, and what comes after the last of them. OverlongError where one has no end.

    Whoever sends may cut it as finely as he likes: each piece is looked at, and copied, once.
    """
    begun = bytearray()
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for line in whole:
            yield bytes(begun) + line if begun else line
            begun.clear()
        begun += rest
        if len(begun) > LONGEST_LINE_BYTES:
            raise OverlongError("its answer has no end")
    if begun:
        yield bytes(begun)


class BoundedSocket:
    """Goes before a class of sockets."""

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        """Receive, as long as that is allowed."""
        self._wait_no_longer()
        count: int = super().recv_into(*arguments, **options)  # type: ignore[misc]
        _ASKED.left -= count
        return count

    def recv(self, *arguments: Any, **options: Any) -> bytes:
        """Receive, likewise."""
        self._wait_no_longer()
        data: bytes = super().recv(*arguments, **options)  # type: ignore[misc]
        _ASKED.left -= len(data)
        return data

    def send(self, *arguments: Any, **options: Any) -> int:
        """Send, as long as that is allowed."""
        self._wait_no_longer()
        count: int = super().send(*arguments, **options)  # type: ignore[misc]
        return count

    def _wait_no_longer(self) -> None:
        if _ASKED.until is None:
            return
        if (left := _ASKED.until - time.monotonic()) <= 0:
            raise TimeoutError("timed out")
        if _ASKED.left <= 0:
            raise OverlongError("its answer has no end")
        self.settimeout(left)  # type: ignore[attr-defined]
