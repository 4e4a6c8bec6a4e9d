"""An API server that lies: each behaviour is a script for one connection, as in `malicious_http`.

Most answer with what would be right, but for one thing.
"""

import gzip
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from support.malicious_http import FLOOD, HOSTILE, Behaviour, Peer

Json = Any

WORDS = HOSTILE.decode()
VALUE = "Y2FuYXJ5LXBhc3N3b3Jk"

META = {
    "name": "web",
    "namespace": "shop",
    "uid": "u-1",
    "resourceVersion": "7",
    "creationTimestamp": "2026-11-01T00:00:00Z",
}
OBJECT: Json = {
    "kind": "Thing",
    "metadata": META | {"labels": {"app": "web"}, "annotations": {"status": '{"role": "master", "state": "running"}'}},
    "data": {"username": VALUE, "password": VALUE, "key": VALUE},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}},
        "ports": [{"port": 80, "targetPort": "http"}],
        "containers": [{"name": "web", "ports": [{"name": "http", "containerPort": 80}]}],
        "volumeName": "v",
        "accessModes": ["ReadWriteOnce"],
        "leaseDurationSeconds": 40,
        "renewTime": "2026-11-01T00:00:00.000000Z",
    },
    "status": {
        "phase": "Running",
        "podIP": "10.42.0.7",
        "podIPs": [{"ip": "10.42.0.7"}],
        "observedGeneration": 1,
        "replicas": 1,
        "nodeInfo": {"bootID": "b"},
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-01T00:00:00Z"}],
        "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "r", "message": "m"}}, "ready": True}],
        "allowed": True,
    },
}

Change = Callable[[Json], Json]


def right(path: str) -> Json:
    """Return what an honest server would say."""
    item = deepcopy(OBJECT)
    path = path.partition("?")[0]
    if path.endswith(("/web", "selfsubjectaccessreviews")):
        return item
    return {"kind": "List", "metadata": {"resourceVersion": "7"}, "items": [item]}


def sends(data: bytes, *headers: str, status: str = "200 OK") -> Behaviour:
    """Answer each request with these bytes."""

    def play(peer: Peer) -> None:
        while True:
            peer.request()
            peer.heard.clear()
            length = f"Content-Length: {len(data)}"
            peer.head(status, "Content-Type: application/json", *(headers or (length,)))
            peer.send(data)
            if headers:
                return

    return play


def says(change: Change, status: str = "200 OK") -> Behaviour:
    """Answer each request with what would be right, changed."""

    def play(peer: Peer) -> None:
        while True:
            path = peer.request()
            peer.heard.clear()
            data = json.dumps(change(right(path))).encode()
            peer.head(status, "Content-Type: application/json", f"Content-Length: {len(data)}")
            peer.send(data)

    return play


def each(change: Change) -> Change:
    """Change the object, or each one of a list."""

    def changed(said: Json) -> Json:
        if "items" in said:
            return said | {"items": [change(item) for item in said["items"]]}
        return change(said)

    return changed


def puts(value: Json, *path: str) -> Behaviour:
    """Put a value where another one belongs, in each object."""

    def put(item: Json) -> Json:
        at = item
        for name in path[:-1]:
            at = at[name]
        at[path[-1]] = value
        return item

    return says(each(put))


def _every(item: Json, make: Callable[[str], str]) -> Json:
    """Change each text but those by which the object is known."""
    match item:
        case dict():
            return {
                key: value if key in ("metadata", "state", "kind", "data") else _every(value, make)
                for key, value in item.items()
            }
        case list():
            return [_every(value, make) for value in item]
        case str():
            return make(item)
        case _:
            return item


def goes_on(first: bytes, then: bytes, *headers: str) -> Behaviour:
    """Send this again and again."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.head("200 OK", *headers)
        peer.send(first)
        peer.for_ever(then)

    return play


def floods(data: bytes) -> Behaviour:
    """Answer with this, again and again."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.for_ever(data)

    return play


def drips(data: bytes, *, before: bytes = b"") -> Behaviour:
    """Send byte by byte."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(before)
        peer.drip(data)

    return play


def watches(*events: Json | bytes, then: bytes = b"") -> Behaviour:
    """List honestly; to a watch say this, and then the same for ever."""

    def play(peer: Peer) -> None:
        while True:
            path = peer.request()
            peer.heard.clear()
            if "watch=true" not in path:
                data = json.dumps(right(path)).encode()
                peer.head("200 OK", f"Content-Length: {len(data)}")
                peer.send(data)
                continue
            peer.head("200 OK", "Content-Type: application/json")
            for event in events:
                peer.send(event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n")
            if not then:
                return
            peer.for_ever(then)

    return play


def _event(kind: str = "MODIFIED", **changes: Json) -> Json:
    return {"type": kind, "object": OBJECT | {"metadata": META | {"resourceVersion": "8"} | changes}}


def _nested(depth: int) -> bytes:
    return b'{"items": ' + b"[" * depth + b"]" * depth + b"}"


def _redirects(where: str) -> Behaviour:
    def play(peer: Peer) -> None:
        peer.request()
        peer.head("307 Temporary Redirect", f"Location: {where.format(port=peer.port, elsewhere=peer.elsewhere)}")

    return play


_HUGE = b'{"kind": "List", "items": [' + b'{"metadata": {"name": "x", "namespace": "shop"}},' * 1000

# To none of these is anything believed.
LIES: dict[str, Behaviour] = {
    "a list": sends(b"[]"),
    "a word": sends(b'"web"'),
    "a number": sends(b"7"),
    "null": sends(b"null"),
    "nothing": sends(b""),
    "a page of HTML": sends(b"<html>Log in</html>"),
    "half of it": sends(json.dumps(OBJECT).encode()[:200]),
    "no UTF-8": sends(b'{"items": "\xff\xfe"}'),
    "UTF-16": sends(json.dumps(OBJECT).encode("utf-16")[:-4]),
    "JSON nested 2,000 deep": sends(_nested(2_000)),
    "JSON nested 100,000 deep": sends(_nested(100_000)),
    "a number of 10,000 digits": sends(b'{"items": [' + b"9" * 10_000 + b"]}"),
    "items that are a word": says(lambda said: {"metadata": {}, "items": "web"} if "items" in said else []),
    "items that are numbers": says(lambda said: {"items": [1, 2]} if "items" in said else {"metadata": 7}),
    "an object without metadata": says(each(lambda item: item | {"metadata": None})),
    "metadata that is a list": says(each(lambda item: item | {"metadata": []})),
    "a redirect to elsewhere": _redirects("http://127.0.0.2:{elsewhere}/"),
    "a redirect to another port": _redirects("http://127.0.0.1:{elsewhere}/"),
    "a redirect to itself": _redirects("http://127.0.0.1:{port}/x"),
    "a redirect to a bracket": _redirects("http://[::1/"),
    "a redirect with the right body": says(lambda said: said, "302 Found"),
    "an encoding nobody asked for": sends(gzip.compress(json.dumps(right("/x")).encode()), "Content-Encoding: gzip"),
    "a bomb": sends(gzip.compress(gzip.compress(b"0" * (64 << 20))), "Content-Encoding: gzip, gzip"),
    "a list without end": goes_on(_HUGE, b" " * FLOOD, "Content-Type: application/json"),
    "chunks without end": goes_on(b"", b"4\r\n    \r\n", "Transfer-Encoding: chunked"),
    "the size of a chunk without end": goes_on(b"", b"0" * FLOOD, "Transfer-Encoding: chunked"),
    "a length that is not kept": sends(b"{}", "Content-Length: 1000000000000"),
    "a length that is none": sends(b"{}", "Content-Length: x"),
    "100 Continue for ever": goes_on(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 Continue for ever, at first": floods(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers that drip": drips(b"X-Y: z\r\n" * 1000, before=b"HTTP/1.1 200 OK\r\n"),
    "a body that drips": drips(b" " * 1000, before=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    "headers without end": floods(b"X: y\r\n"),
    "a status in hostile words": sends(b"", status=f"500 {WORDS.splitlines()[0]}"),
    "a status of 999": sends(b"{}", status="999 Beyond"),
    "a refusal in hostile words": says(lambda _said: {"kind": "Status", "message": WORDS}, "403 Forbidden"),
    "a Retry-After of 5,000 digits": sends(b"{}", f"Retry-After: {'9' * 5_000}", status="503 Service Unavailable"),
    "a Retry-After of a year": sends(b"{}", "Retry-After: 31536000", status="503 Service Unavailable"),
    "silence": Peer.listen,
    "an end": lambda peer: (peer.request(), None)[1],
    "noise": lambda peer: peer.send(bytes(range(256)) * 64),
}

# Who asks for one object gets another one.
STRANGERS: dict[str, Behaviour] = {
    "another object": puts("another", "metadata", "name"),
    "an object of another namespace": puts("kube-system", "metadata", "namespace"),
    "a name that is a number": puts(7, "metadata", "name"),
    "a name that is an object": puts({"a": 1}, "metadata", "name"),
}

# Wrong in a part that not every question is about.
ODDITIES: dict[str, Behaviour] = {
    "labels that are a list": puts(["a"], "metadata", "labels"),
    "labels that are numbers": puts({"app": 7}, "metadata", "labels"),
    "annotations that are a word": puts("x", "metadata", "annotations"),
    "a UID that is an object": puts({}, "metadata", "uid"),
    "a version that is a number": puts(7, "metadata", "resourceVersion"),
    "a time that is none": puts("yesterday", "metadata", "creationTimestamp"),
    "a time of the year 0": puts("0000-00-00T00:00:00Z", "metadata", "creationTimestamp"),
    "a time far away": puts("9999-12-31T23:59:59-23:59", "metadata", "creationTimestamp"),
    "a time that is a number": puts(7, "metadata", "creationTimestamp"),
    "a spec that is a word": puts("x", "spec"),
    "a status that is a list": puts([], "status"),
    "a status that is null": puts(None, "status"),
    "conditions that are words": puts(["Ready"], "status", "conditions"),
    "containers that are numbers": puts([1], "status", "containerStatuses"),
    "a state that is empty": puts([{"name": "web", "state": {}}], "status", "containerStatuses"),
    "replicas without end": puts(10**40, "spec", "replicas"),
    "replicas that are true": puts(True, "spec", "replicas"),  # noqa: FBT003
    "ports that are objects": puts([{"port": {}}], "spec", "ports"),
    "a port that is a word": puts([{"port": "eighty"}], "spec", "ports"),
    "a selector that is a list": puts([["app", "web"]], "spec", "selector"),
    "a duration that is not": puts("NaN", "spec", "leaseDurationSeconds"),
    "a duration without end": puts(1e308, "spec", "leaseDurationSeconds"),
    "a claim to another path": puts("../../secrets/web", "spec", "volumeName"),
    "data that is a list": puts([VALUE], "data"),
    "data that is no base64": puts({"username": "%", "password": "%"}, "data"),
    "a password that is a number": puts({"username": VALUE, "password": 7}, "data"),
    "hostile words in every text": says(each(lambda item: _every(item, lambda _text: WORDS))),
    "very long texts": says(each(lambda item: _every(item, lambda text: text * 5_000))),
    "halves of characters in every text": says(each(lambda item: _every(item, lambda _text: "\ud800"))),
    "each object twice": says(lambda said: said | {"items": said.get("items", []) * 2}),
    "a page that goes on in itself": says(
        lambda said: said | {"metadata": {"continue": 7}} if "items" in said else said
    ),
}

# What a watch may say that has begun with an honest list.
WATCHES: dict[str, Behaviour] = {
    "a line without end": watches(then=b" " * FLOOD),
    "a line nested 2,000 deep": watches(b'{"type": "MODIFIED", "object": ' + b"[" * 2_000 + b"]" * 2_000 + b"}\n"),
    "a line that is a number": watches(7),
    "a line that is no JSON": watches(b"<html>\n"),
    "an unknown kind of change": watches(_event("EXPLODED")),
    "a change that is a list": watches({"type": "MODIFIED", "object": []}),
    "a change without a version": watches(_event(resourceVersion=None)),
    "a version that is a number": watches(_event(resourceVersion=8)),
    "a UID that is a list": watches(_event(uid=[])),
    "another namespace's object": watches(_event(namespace="kube-system")),
    "an older change": watches(_event(resourceVersion="3")),
    "an error that is none": watches({"type": "ERROR", "object": {"code": "410"}}),
    "an error in hostile words": watches({"type": "ERROR", "object": {"message": WORDS}}),
    "an end at once": watches(),
    "bookmarks for ever": watches(then=json.dumps(_event("BOOKMARK")).encode() + b"\n"),
    "the same change for ever": watches(then=json.dumps(_event()).encode() + b"\n"),
}

ALL = LIES | STRANGERS | ODDITIES | WATCHES
assert len(ALL) >= 40
