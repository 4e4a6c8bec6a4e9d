"""Listening, and ending TCP connections rudely, as machines that lose their power do."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Coroutine

from bootheal.demo.tasks import end

_NO_LINGER = struct.pack("ii", 1, 0)


def end_by_reset(connection: socket.socket) -> None:
    """Whoever closes the connection from now on resets it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


def cut_off(transport: asyncio.BaseTransport | None, *, reset: bool) -> None:
    """End a connection without TLS or HTTP saying goodbye, by a TCP reset or by a plain end."""
    if isinstance(transport, asyncio.WriteTransport) and not transport.is_closing():
        found: socket.socket | None = transport.get_extra_info("socket")
        if reset and found is not None:
            end_by_reset(found)
        transport.abort()


class Listener:
    """A listening port. Each connection gets a task, and is closed when that ends, unless it was detached."""

    def __init__(self, address: str, port: int, serve: Callable[[socket.socket], Coroutine[None, None, None]]) -> None:
        self._serve = serve
        self._serving: dict[asyncio.Task[None], socket.socket] = {}
        self._loop = asyncio.get_running_loop()
        self._socket = socket.create_server((address, port), backlog=100)
        self._socket.setblocking(False)  # noqa: FBT003  (it takes no keyword)
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:  # it went as fast as it came
            return
        connection.setblocking(False)  # noqa: FBT003  (it takes no keyword)
        task = self._loop.create_task(self._serve(connection))
        self._serving[task] = connection
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._serving.pop(task).close()

    def refuse(self) -> None:
        """Take no more connections; those that are open stay."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    @property
    def busy(self) -> bool:
        """Whether a connection is open."""
        return bool(self._serving)

    async def cut(self) -> None:
        """Refuse, and reset every connection."""
        self.refuse()
        for connection in self._serving.values():
            end_by_reset(connection)
        await end(self._serving)
