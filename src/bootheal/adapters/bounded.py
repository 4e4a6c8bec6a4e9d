"""A conversation that ends: looking up, connecting, TLS and each byte share one deadline, and only so much is heard.

A socket's timeout is for one call, and http.client makes many: who sends a byte each second is listened to for ever.
"""

import errno
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Self

Address = tuple[Any, ...]
Found = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, Address]]
Lookup = Callable[[str, int], Found]

PORTS = range(1, 1 << 16)


class OverlongError(OSError):
    """Somebody says more than what was asked for can need."""


class Line:
    """A connected socket until `deadline` (monotonic): TimeoutError past it, OverlongError past about `most` bytes.

    http.client takes it for a socket. Leaving its context hangs up.
    """

    def __init__(self, sock: socket.socket, deadline: float, most: int) -> None:
        self._sock, self._deadline, self._left = sock, deadline, most
        self.ended = False  # the other side has hung up

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def encrypt(self, context: ssl.SSLContext, name: str) -> None:
        """Begin TLS with whoever is `name`."""
        self._wait_no_longer()
        self._sock = context.wrap_socket(self._sock, server_hostname=name)

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._wait_no_longer()
        self._sock.sendall(data)

    def recv(self, size: int) -> bytes:
        """Return what comes next, `size` bytes at most; b"" at the end."""
        buffer = bytearray(size)
        return bytes(buffer[: self.recv_into(buffer)])

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """Put what comes next into the buffer, and return how much it is."""
        if self._left <= 0:
            raise OverlongError("its answer has no end")
        self._wait_no_longer()
        count = self._sock.recv_into(buffer)
        self._left -= count
        self.ended = not count
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what is heard as a stream. Closing it does not hang up."""
        return io.BufferedReader(_Heard(self))

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def _wait_no_longer(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)


class _Heard(io.RawIOBase):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.recv_into(buffer)


class Names:
    """Finds the addresses of a name, and waits no longer than it is told.

    getaddrinfo takes no timeout; resolv.conf gives it one, of minutes where several servers are silent. So it runs on a
    thread that is left to itself. Whoever asks for the same meanwhile waits for the same answer: there are never more
    threads than names.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, int], Future[Found]] = {}

    def find(self, host: str, port: int, seconds: float) -> Found:
        """Return what `host` stands for; gaierror (EAI_AGAIN) where that takes longer, or where it can be no name."""
        try:
            return _literal(host, port) or self._begin(host, port).result(max(0.0, seconds))
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, "no answer of a resolver in time") from None
        except ValueError:  # `mail..example.org`; a NUL
            raise socket.gaierror(socket.EAI_NONAME, "it can be no name") from None

    def _begin(self, host: str, port: int) -> Future[Found]:
        with self._lock:
            if pending := self._pending.get((host, port)):
                return pending
            begun = Future[Found]()
            # Of no scope: a lookup cannot be cut, and ends when the resolver gives up.
            thread = threading.Thread(  # noqa: TID251
                target=self._run, args=(host, port, begun), name=f"lookup of {host}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                raise OSError(errno.EAGAIN, "no thread is left to look its name up") from None
            self._pending[host, port] = begun
            return begun

    def _run(self, host: str, port: int, begun: Future[Found]) -> None:
        try:
            found = self._lookup(host, port)
        except Exception as error:  # noqa: BLE001 - it is theirs who wait
            self._end(host, port)
            begun.set_exception(error)
        else:
            self._end(host, port)
            begun.set_result(found)

    def _end(self, host: str, port: int) -> None:
        """Have whoever asks from now on ask anew: what was found is of now."""
        with self._lock:
            del self._pending[host, port]


def _literal(host: str, port: int) -> Found:
    """Return the address that `host` is, if it is one: nobody is asked."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return []


def _resolve(host: str, port: int) -> Found:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


NAMES = Names(_resolve)


def connect(host: str, port: int, seconds: float, names: Names = NAMES) -> socket.socket:
    """Return a socket connected to the first address that answers; of the time each has its share.

    OSError as for the last of them, gaierror where there is none.
    """
    if port not in PORTS:
        raise OSError(errno.EADDRNOTAVAIL, f"there is no port {port}")
    deadline = time.monotonic() + seconds
    found = names.find(host, port, seconds)
    failure = OSError(errno.EADDRNOTAVAIL, "it has no address")
    for number, (family, kind, protocol, _, address) in enumerate(found):
        if (left := deadline - time.monotonic()) <= 0:
            raise TimeoutError
        try:
            return _connected(socket.socket(family, kind, protocol), address, left / (len(found) - number))
        except OSError as error:
            failure = error
    raise failure


def _connected(sock: socket.socket, address: Address, seconds: float) -> socket.socket:
    try:
        sock.settimeout(seconds)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
