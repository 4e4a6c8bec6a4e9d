"""The little programs that run in the demo's containers: a web application over PostgreSQL, and one that sleeps.

They run in a forked child that may have lost the right to read this Python's files, so that everything they
import must have been imported before (`warm_up`). Settings come as a mapping in memory, never as arguments.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import socketserver
import sys
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

import psycopg

Settings: TypeAlias = Mapping[str, str]

_SECONDS = 2
_UPSTREAM_SECONDS = 3


def warm_up() -> None:
    """Make psycopg and the standard library import whatever they import on first use."""
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect("host=127.0.0.1 port=1 user=nobody", connect_timeout=_SECONDS)
    with contextlib.suppress(OSError):
        http.client.HTTPConnection("127.0.0.1", 1, timeout=1).request("GET", "/")


def web(settings: Settings) -> int:
    """Serve /health; before that, unless it only stands in front of another, log in to the database or exit 1."""
    if not settings.get("UPSTREAM"):
        try:
            _select_one(settings)
        except psycopg.Error as error:
            sys.stderr.write(f"django.db.utils.OperationalError: {_first_line(error)}\n")
            return 1
    server = ThreadingHTTPServer((settings["POD_IP"], int(settings["PORT"])), _handler(settings))
    server.daemon_threads = True
    sys.stderr.write(f"listening on {settings['PORT']}\n")
    server.serve_forever()
    return 0


def sleep(_: Settings) -> int:
    """Do nothing, for ever."""
    while True:
        time.sleep(3600)


def done(_: Settings) -> int:
    """Have nothing to do."""
    sys.stderr.write("nothing to migrate\n")
    return 0


def server(settings: Settings) -> int:
    """Greet whoever comes, and answer whatever is said; both are given in hexadecimal."""
    says, answers = (bytes.fromhex(settings.get(name, "")) for name in ("SAYS", "ANSWERS"))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.request.sendall(says)
                while self.request.recv(4096):
                    self.request.sendall(answers)

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    listening = socketserver.ThreadingTCPServer((settings["POD_IP"], int(settings["PORT"])), Handler)
    listening.daemon_threads = True
    listening.serve_forever()
    return 0


def worker(settings: Settings) -> int:
    """Connect to every address that a variable names, or exit 1; then stay."""
    for name, value in sorted(settings.items()):
        for host, port in re.findall(r"(?:^|//)([\d.]+):(\d+)", value):
            try:
                socket.create_connection((host, int(port)), _SECONDS).close()
            except OSError as error:
                sys.stderr.write(f"cannot reach {name} at {host}:{port}: {_first_line(error)}\n")
                return 1
    sys.stderr.write("working\n")
    return sleep(settings)


PROGRAMS: Mapping[str, Callable[[Settings], int]] = {
    "web": web,
    "sleep": sleep,
    "done": done,
    "server": server,
    "worker": worker,
}


def _handler(settings: Settings) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = _health(settings) if self.path.startswith("/health") else (HTTPStatus.OK, "hello")
            body = f"{text}\n".encode()
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: probes come every second."""

    return Handler


def _health(settings: Settings) -> tuple[HTTPStatus, str]:
    if settings.get("UPSTREAM"):
        return _upstream(settings["UPSTREAM"])
    try:
        _select_one(settings)
    except psycopg.Error as error:
        return HTTPStatus.SERVICE_UNAVAILABLE, _first_line(error)
    return HTTPStatus.OK, "ok"


def _select_one(settings: Settings) -> None:
    with psycopg.connect(
        host=settings["DATABASE_HOST"],
        port=settings["DATABASE_PORT"],
        dbname=settings["DATABASE_NAME"],
        user=settings["DATABASE_USER"],
        password=settings["DATABASE_PASSWORD"],
        sslmode="disable",
        connect_timeout=_SECONDS,
        prepare_threshold=None,
        autocommit=True,
    ) as connection:
        connection.execute("SELECT 1")


def _upstream(address: str) -> tuple[HTTPStatus, str]:
    connection = http.client.HTTPConnection(address, timeout=_UPSTREAM_SECONDS)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return HTTPStatus.BAD_GATEWAY, f"upstream: {_first_line(error)}"
    finally:
        connection.close()
    if status != HTTPStatus.OK:
        return HTTPStatus.BAD_GATEWAY, f"upstream answered {status}"
    return HTTPStatus.OK, "ok"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
