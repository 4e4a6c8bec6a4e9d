"""A name server of a few lines: it knows every name, or none."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import pytest

HEADER = struct.Struct("!2s5H")
KNOWN, UNKNOWN = 0x8580, 0x8583
TYPE_A = 1


class NameServer:
    """Answers every question with `address()` while it `knows`, else with NXDOMAIN; skips without port 53."""

    def __init__(self, address: Callable[[], str], host: str = "127.0.0.153") -> None:
        self.host, self.address, self.knows = host, address, True
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.2)  # or else nobody would notice that it is closed
        try:
            self._socket.bind((host, 53))
        except PermissionError:
            self._socket.close()
            pytest.skip("only root may listen on port 53, and PgBouncer asks no other")

    def __enter__(self) -> Self:
        threading.Thread(target=self._answer, name="name server", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def _answer(self) -> None:
        while self._socket.fileno() >= 0:
            try:
                query, peer = self._socket.recvfrom(512)
            except TimeoutError:
                continue
            except OSError:
                return
            end = query.index(0, HEADER.size) + 5
            (kind,) = struct.unpack("!H", query[end - 4 : end - 2])
            record = b""
            if self.knows and kind == TYPE_A:
                record = struct.pack("!HHHIH4s", 0xC00C, TYPE_A, 1, 5, 4, socket.inet_aton(self.address()))
            flags = KNOWN if self.knows else UNKNOWN
            header = HEADER.pack(query[:2], flags, 1, int(bool(record)), 0, 0)
            with suppress(OSError):  # closed meanwhile
                self._socket.sendto(header + query[HEADER.size : end] + record, peer)
