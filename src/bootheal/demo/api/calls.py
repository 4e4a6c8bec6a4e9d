"""What a request asks for, taken apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bootheal.demo.objects.kinds import BY_RESOURCE, NAMESPACE, Kind
from bootheal.demo.objects.selectors import Predicate, field_selector, label_selector


@dataclass(frozen=True, slots=True)
class Call:
    """What a request asks for."""

    kind: Kind
    namespace: str
    name: str
    subresource: str
    method: str
    query: Mapping[str, str]
    beyond: str = ""
    """What follows `proxy`: a path on the node."""

    @property
    def watching(self) -> bool:
        """Whether it asks for changes rather than objects."""
        return self.query.get("watch", "") in {"1", "true", "True"}

    @property
    def resource(self) -> str:
        """As access rules name it: `pods`, `pods/exec`."""
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural

    @property
    def verb(self) -> str:
        """As access rules name it."""
        one = {"GET": "get", "DELETE": "delete", "PUT": "update", "PATCH": "patch"}
        one |= {"POST": "create"} if self.subresource else {}
        many = {"GET": "watch" if self.watching else "list", "DELETE": "deletecollection", "POST": "create"}
        return (one if self.name else many).get(self.method, self.method.lower())

    def selected(self) -> Predicate:
        """Whether an object is one of those asked for."""
        labels = label_selector(self.query.get("labelSelector", ""))
        fields = field_selector(self.kind, self.query.get("fieldSelector", ""))
        return lambda item: (
            (not self.namespace or item["metadata"].get("namespace") == self.namespace)
            and labels(item)
            and fields(item)
        )


def call_of(request: web.Request) -> Call | None:
    """What a path asks for: /api/v1/… or /apis/GROUP/VERSION/…, then [namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE]]."""
    match request.path.strip("/").split("/"):
        case ["api", version, *rest]:
            group = ""
        case ["apis", group, version, *rest]:
            pass
        case _:
            return None
    match rest:
        case ["namespaces", namespace, plural, *below] if plural not in NAMESPACE.subresources:
            pass
        case [plural, *below]:
            namespace = ""
        case _:
            return None
    name, subresource, *beyond = (*below, "", "")
    kind = BY_RESOURCE.get((group, version, plural))
    further = "/".join(filter(None, beyond))
    if kind is None or (subresource and subresource not in kind.subresources) or (further and subresource != "proxy"):
        return None
    return Call(kind, namespace, name, subresource, request.method, request.query, further)


def parsed(body: bytes) -> Any:
    """A JSON body, or None."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def wants_table(request: web.Request) -> bool:
    """Whether it is kubectl, asking for rows to print."""
    return "as=Table" in request.headers.get("Accept", "")
