"""An API server over manifests: it answers from what is given, and refuses what it is told to."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from support.documents import documents
from support.inventory import encoded

Json = dict[str, Any]

_PLURALS = {"ingress": "ingresses", "gitrepository": "gitrepositories", "endpoints": "endpoints"}
_LIST = re.compile(r"(?P<base>/apis?/(?:[^/]+/)?v\w+)(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)")
_REVIEW = "selfsubjectaccessreviews"


@dataclass
class Served:
    """The server: its `objects` by path, what it refuses (patterns of "VERB path"), and what it was asked."""

    kubeconfig: Path
    objects: dict[str, Json] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    applied: list[tuple[str, Json]] = field(default_factory=list)
    over: Event = field(default_factory=Event)
    stranger: bool = False
    """Whether whoever asks is not known."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """When a Lease was renewed: just now."""

    def apply(self, text: str) -> None:
        """Take manifests, several in one text, as `kubectl apply` does."""
        for each in documents(text):
            place = path_of(each)
            self.objects[place] = encoded(each) if each["kind"] == "Secret" else each
            self.applied.append((place, self.objects[place]))

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        """Return a status and what it says."""
        self.asked.append(f"{method} {path}")
        if self.stranger:
            return 401, {"kind": "Status", "code": 401}
        if any(re.search(pattern, f"{method} {path}") for pattern in self.refused):
            return 403, {"kind": "Status", "code": 403}
        if path == "/readyz":
            return 200, "ok"
        if path in self.objects:
            return 200, self.alive(self.objects[path])
        if group := re.fullmatch(r"/apis/([^/]+)", path):
            served = [each for each in self.objects if each.startswith(f"{path}/")]
            version = served[0].split("/")[3] if served else ""
            return (
                (200, {"preferredVersion": {"groupVersion": f"{group[1]}/{version}", "version": version}})
                if served
                else _missing()
            )
        return self._list(path)

    def review(self, attributes: Mapping[str, Any]) -> bool:
        """Whether a right is given: what would be refused is not."""
        name, group = str(attributes.get("name") or ""), str(attributes.get("group") or "")
        base = f"/apis/{group}/v1" if group else "/api/v1"
        where = f"/namespaces/{attributes['namespace']}" if attributes.get("namespace") else ""
        method = {"patch": "PATCH", "delete": "DELETE", "create": "POST"}.get(str(attributes["verb"]), "GET")
        below = f"/{attributes['subresource']}" if attributes.get("subresource") else ""
        path = f"{base}{where}/{attributes['resource']}" + (f"/{name}" if name else "") + below
        return not any(re.search(pattern, f"{method} {path}") for pattern in self.refused)

    def _list(self, path: str) -> tuple[int, Any]:
        if not _LIST.fullmatch(path):
            return _missing()
        items = [self.alive(each) for place, each in sorted(self.objects.items()) if one_of(path, place)]
        return 200, {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": items}

    def alive(self, found: Json) -> Json:
        """Return an object; a Lease is renewed by whoever holds it, but where it says when it last was."""
        if found["kind"] != "Lease":
            return found
        return found | {"spec": {"renewTime": f"{self.now():%Y-%m-%dT%H:%M:%S.%fZ}"} | found["spec"]}


def one_of(path: str, place: str) -> bool:
    """Whether the object at `place` is in the list at `path`, of one namespace or of all."""
    one = _LIST.fullmatch(path)
    if not one:
        return False
    namespace = one["namespace"] or "[^/]+"
    return bool(re.fullmatch(rf"{re.escape(one['base'])}(?:/namespaces/{namespace})?/{one['plural']}/[^/]+", place))


def path_of(manifest: Json) -> str:
    """Return where the API has an object."""
    version, kind, metadata = manifest["apiVersion"], manifest["kind"].lower(), manifest["metadata"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    where = f"/namespaces/{metadata['namespace']}" if metadata.get("namespace") else ""
    return f"{base}{where}/{_PLURALS.get(kind, f'{kind}s')}/{metadata['name']}"


class _Handler(BaseHTTPRequestHandler):
    """Answers for `it`, which each server has its own subclass for."""

    it: Served

    def do_GET(self) -> None:
        if "watch=" in self.path:
            self._watch(self.path.partition("?")[0])
            return
        self._say(*self.it.answer("GET", self.path.partition("?")[0]))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.partition("?")[0].endswith(_REVIEW):
            allowed = self.it.review(body["spec"].get("resourceAttributes") or {})
            self._say(201, body | {"status": {"allowed": allowed}})
        else:
            self._say(405, {"kind": "Status", "code": 405})

    def _watch(self, path: str) -> None:
        """Tell what is applied from now on, as a server does that never ends a watch."""
        self.send_response(200)
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):  # who has seen enough goes
            self._tell(path)

    def _tell(self, path: str) -> None:
        told = len(self.it.applied)
        while not self.it.over.wait(0.1):
            new, told = self.it.applied[told:], len(self.it.applied)
            beating = [(place, each) for place, each in self.it.objects.items() if each["kind"] == "Lease"]
            for place, each in (*new, *beating):
                if one_of(path, place):
                    said = {"type": "MODIFIED", "object": self.it.alive(each)}
                    self.wfile.write(json.dumps(said).encode() + b"\n")

    def _say(self, status: int, what: Any) -> None:
        body = (what if isinstance(what, str) else json.dumps(what)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(what, str) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Nobody reads it."""


@contextmanager
def serving(directory: Path, manifests: str = "") -> Iterator[Served]:
    """Serve manifests on loopback."""
    it = Served(directory / "kubeconfig")
    it.apply(manifests)

    handler = type("Handler", (_Handler,), {"it": it})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        it.kubeconfig.write_text(
            f"""
current-context: a
clusters: [{{name: c, cluster: {{server: "http://127.0.0.1:{server.server_address[1]}"}}}}]
users: [{{name: u, user: {{token: canary-token}}}}]
contexts: [{{name: a, context: {{cluster: c, user: u}}}}]
"""
        )
        yield it
        it.over.set()
        server.shutdown()
        thread.join()


def _missing() -> tuple[int, Json]:
    return 404, {"kind": "Status", "code": 404}
