"""A way to a server that can be cut as a network is: without a word, so that neither end hears of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 65536


class Relay:
    """Listens on loopback and carries bytes to a port there and back, but for while it is `cut`."""

    def __init__(self, port: int, address: str) -> None:
        self._to, self._whole, self._open = (address, port), threading.Event(), list[socket.socket]()
        self._lost = list[threading.Event]()
        self._whole.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Carry nothing from now on: who asks hears nothing, connected or not."""
        self._whole.clear()

    def restore(self) -> None:
        """Carry on, also with what has been waiting."""
        self._whole.set()

    def lose(self) -> None:
        """Serve who connects from now on, and never again who is connected: that way led to somebody who is gone."""
        self._whole.clear()
        self._lost.append(self._whole)
        self._whole = threading.Event()
        self._whole.set()

    def close(self) -> None:
        """End it."""
        for way in (self._whole, *self._lost):
            way.set()
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection(self._to)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other, self._whole), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, whole: threading.Event) -> None:
        with suppress(OSError):
            while data := one.recv(PIECE):
                whole.wait()
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


@contextmanager
def relay(port: int, address: str = "127.0.0.1") -> Iterator[Relay]:
    """Open one to a port, and close it in the end."""
    opened = Relay(port, address)
    try:
        yield opened
    finally:
        opened.close()
