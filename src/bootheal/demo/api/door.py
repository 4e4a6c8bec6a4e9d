"""The API server's port: it can be shut, and opened again on the same number, and it can misbehave before TLS."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import Callable

from bootheal.demo.api.faults import Faults
from bootheal.demo.sockets import Listener, end_by_reset
from bootheal.errors import DemoError

HOST = "127.0.0.1"
_PORTS = range(16000, 30000)
"""Below the ports that clients get by themselves: a client that asks while we are off must not take ours."""


class Door:
    """Accepts connections and hands them to HTTP, unless the faults in force say otherwise."""

    def __init__(self, faults: Faults, tls: ssl.SSLContext) -> None:
        self._faults = faults
        self._tls = tls
        self._port = 0
        self._listener: Listener | None = None

    def choose_port(self) -> int:
        """Find a free port and return it; it is kept for the life of the door."""
        for port in random.sample(_PORTS, 100):
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, port))
                self._port = port
                return port
        raise DemoError(f"cannot find a free port on {HOST} for the demo's API server")

    def open(self, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        """Listen."""

        async def serve(connection: socket.socket) -> None:
            await self._serve(connection, protocol)

        self._listener = Listener(HOST, self._port, serve)

    async def close(self) -> None:
        """Refuse from now on; connections that were never handed over end with a reset."""
        if self._listener is not None:
            await self._listener.cut()
            self._listener = None

    async def _serve(self, connection: socket.socket, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        loop = asyncio.get_running_loop()
        match self._faults.door:
            case "":
                ours = socket.socket(fileno=connection.detach())
                with contextlib.suppress(OSError):
                    await loop.connect_accepted_socket(protocol, ours, ssl=self._tls, ssl_handshake_timeout=10)
            case "reset":
                end_by_reset(connection)
            case "eof":
                # Take the client's first words, so that closing sends an end and not a reset.
                with contextlib.suppress(OSError, TimeoutError):
                    async with asyncio.timeout(5):
                        await loop.sock_recv(connection, 65536)
            case "silence":
                await asyncio.Event().wait()
