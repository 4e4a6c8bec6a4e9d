"""A port-forward as a plain socket, over a WebSocket of `exec`.

The official client has one, too; but it reads from the node whether or not anybody reads from it, puts together
whatever it is told, and waits for the rest of a message, and for an end, as long as bytes come.
"""

import selectors
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from socket import socket, socketpair
from typing import Any, TypeVar

import websocket

from bootheal.adapters.kube.access import Access
from bootheal.adapters.kube.answer_limits import MEBIBYTE, within
from bootheal.adapters.kube.exec import connect
from bootheal.adapters.scope import Scope

Result = TypeVar("Result")

DATA, ERROR = 0, 1

# Nodes send 32 KiB at a time.
LONGEST_MESSAGE_BYTES = MEBIBYTE
CHUNK = 1 << 16


class _Forward:
    """Carries the bytes on one thread; when it ends, however it ends, both ends are closed.

    A message, from either side, has its time, and its length. What is not read here is not read from the node either.
    """

    def __init__(self, connection: Any, near: socket, port: int, seconds: float) -> None:
        self._connection, self._near, self._seconds = connection, near, seconds
        self._greeting, self._greeted = port.to_bytes(2, "little"), set[int]()
        self.why = ""  # what the node has said of its end

    def carry(self) -> None:
        """Carry them until one side ends, or says what is no port-forward."""
        try:
            with self._near, suppress(OSError, ValueError, websocket.WebSocketException):
                self._carry()
        finally:
            self._connection.shutdown()

    def _carry(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._near, selectors.EVENT_READ)
            selector.register(self._connection.sock, selectors.EVENT_READ)
            open_ = True
            while open_:
                waiting = self._decrypted()
                ready = {key.fileobj for key, _ in selector.select(0 if waiting else None)}
                if self._near in ready:
                    open_ = self._send(self._near.recv(CHUNK))
                if open_ and (waiting or self._connection.sock in ready):
                    open_ = self._receive()

    def _decrypted(self) -> bool:
        """Whether something waits above the socket, where no selector sees it."""
        pending = getattr(self._connection.sock, "pending", None)
        return bool(pending and pending())

    def _send(self, data: bytes) -> bool:
        """Send it to the node, or a farewell where our half is closed; return whether there is more to come."""
        with within(self._seconds):
            if data:
                self._connection.send_binary(bytes([DATA]) + data)
            else:
                self._connection.send_close()
        return bool(data)

    def _receive(self) -> bool:
        """Take one message; return whether there is more to come."""
        with within(self._seconds, LONGEST_MESSAGE_BYTES):
            kind, message = self._connection.recv_data(control_frame=True)
        if kind in (websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG):
            return True
        if kind != websocket.ABNF.OPCODE_BINARY or not message or message[0] not in (DATA, ERROR):
            return False
        channel, data = message[0], message[1:]
        if channel not in self._greeted:
            self._greeted.add(channel)
            return bool(data == self._greeting)
        if channel == ERROR:
            self.why = data.decode(errors="replace")
            return False
        self._near.sendall(data)
        return True


class _Half(socket):
    """Our half of a socketpair. Where the node could not reach the port, it says that, and not merely that it ended."""

    def __init__(self, forward: _Forward, half: socket) -> None:
        super().__init__(fileno=half.detach())
        self._forward = forward

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive; the end of the stream may have a reason."""
        with self._explained():
            data = super().recv(size, flags)
        return data or self._ended(data)

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """Receive, likewise."""
        with self._explained():
            count = super().recv_into(buffer, size, flags)
        return count or self._ended(count)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send, likewise."""
        with self._explained():
            super().sendall(data, flags)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Give an end that came while something was on its way (a broken pipe, a reset) the node's reason."""
        try:
            yield
        except (BrokenPipeError, ConnectionResetError):
            self._ended(None)
            raise

    def _ended(self, result: Result) -> Result:
        if why := self._forward.why:
            raise ConnectionRefusedError if "refused" in why else ConnectionError("the node cannot reach the port")
        return result


def open_forward(
    access: Access, scope: Scope, url: str, headers: dict[str, str], port: int, *, timeout: float
) -> socket:
    """Connect and return our half of a socketpair. OSError with the reason where it is refused.

    A port where nobody listens shows at the first use: the kubelet tells only after the stream is open. `timeout` is
    for opening it, and for each message that has begun.
    """
    with ExitStack() as opened:
        connection = connect(access, scope, url, headers, timeout)
        opened.callback(connection.shutdown)
        half, near = socketpair()
        opened.enter_context(half)
        opened.enter_context(near)
        forward = _Forward(connection, near, port, timeout)
        scope.start(forward.carry, f"port-forward to {port}")
        opened.pop_all()
    return _Half(forward, half)
