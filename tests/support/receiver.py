"""Who is told of a boot, over real HTTPS: a monitor like healthchecks, a server like ntfy; well, and ill."""

import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from support.certificates import Authority

TOKEN = "canary-token-4f1c9e"
PATHS = {
    "healthchecks": f"/ping/{TOKEN}",
    "ntfy": "/topic",
    "gotify": f"/message?token={TOKEN}",
    "uptime-kuma": f"/api/push/{TOKEN}?status=up&msg=OK&ping=",
    "webhook": f"/hook/{TOKEN}",
}
PING = re.compile(rf"/ping/{TOKEN}(?:/(start|fail|log|\d{{1,3}}))?")
RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Receiver:
    """What arrived, in order. `ill` is what it does to the next requests instead: a status, "slow" or "redirect"."""

    port: int
    ca: Path
    pings: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    pushes: list[dict[str, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    ill: list[int | str] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def url(self, path: str, login: str = "") -> str:
        return f"https://{login}localhost:{self.port}{path}"

    def forget(self) -> None:
        """Be well, and have heard nothing, as at first."""
        for kept in (self.pings, self.bodies, self.messages, self.pushes, self.requests, self.headers, self.ill):
            kept.clear()

    def wait_for(self, count: int, seconds: float = 30.0) -> None:
        """Wait until so many requests were answered well."""
        with self.arrived:
            done = self.arrived.wait_for(
                lambda: len(self.pings) + len(self.messages) + len(self.pushes) >= count, seconds
            )
        assert done, f"only {self.requests} arrived"


def configuration(directory: Path, receiver: Receiver, *kinds: str, **more: Any) -> Path:
    """Write a configuration with a target of each kind, and the files with their URLs."""
    targets = {}
    for kind in kinds:
        (directory / f"{kind}.url").write_text(f"{receiver.url(PATHS[kind])}\n")
        (directory / f"{kind}.url").chmod(0o600)
        targets[kind] = {"kind": kind, "url_file": f"{directory}/{kind}.url", "ca": str(receiver.ca)} | more
    (directory / "boot_id").write_text("m1")
    file = {"cluster": {"boot_id_file": f"{directory}/boot_id"}, "state_directory": str(directory), "notify": targets}
    path = directory / "bootheal.yaml"
    path.write_text(yaml.safe_dump(file))
    return path


@contextmanager
def receiving(directory: Path, port: int = 0) -> Iterator[Receiver]:
    """A receiver on localhost, whose certificate is signed by the authority in `ca`."""
    authority = Authority("receivers")
    certificate, key = authority.certify("localhost", "127.0.0.1", directory)
    ca = directory / "authority.pem"
    ca.write_text(authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(server.server_port, ca)
    _Handler.receivers[server.server_port] = receiver
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    receivers: dict[int, Receiver] = {}  # noqa: RUF012 - by port, since a handler is made anew for each request
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        receiver = self.receivers[self.server.server_port]  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        receiver.requests.append(f"{self.command} {self.path}")
        receiver.headers.append(dict(self.headers))
        if receiver.ill:
            self._be_ill(receiver.ill.pop(0))
            return
        with receiver.arrived:
            status = _taken(receiver, self.command, self.path, body)
            receiver.arrived.notify_all()
        self._answer(status)

    def _be_ill(self, how: int | str) -> None:
        if how == "slow":
            time.sleep(2.0)
            self._answer(503)
        elif how == "redirect":
            self._answer(302, Location="https://elsewhere.example/")
        else:
            self._answer(int(how))

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": "2"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"ok")


def _taken(receiver: Receiver, method: str, target: str, body: str) -> int:
    """As strict as those that it stands for."""
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if found := PING.fullmatch(parts.path):
        if not RUN_ID.fullmatch(query.get("rid", "")):
            return 400
        receiver.pings.append((found[1] or "success", query["rid"]))
        receiver.bodies.append(body)
        return 200
    if parts.path == f"/api/push/{TOKEN}":
        if method != "GET" or query.get("status") not in ("up", "down"):
            return 400
        receiver.pushes.append(query)
        return 200
    status = _refusal(method, parts.path, query, body) or 200
    if status == 200:
        receiver.messages.append(json.loads(body))
    return status


def _refusal(method: str, path: str, query: dict[str, str], body: str) -> int:
    """Return what a message is refused with, 0 for one that is taken."""
    if method != "POST" or path not in ("/", "/message", f"/hook/{TOKEN}"):
        return 404
    said = json.loads(body)
    if path == "/" and not (
        said.keys() <= {"topic", "title", "message", "priority", "tags"}
        and re.fullmatch(r"[-_A-Za-z0-9]{1,64}", said["topic"])
        and said["priority"] in range(1, 6)
    ):
        return 400
    return 401 if path == "/message" and query.get("token") != TOKEN else 0
