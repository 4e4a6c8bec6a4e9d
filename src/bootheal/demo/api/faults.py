"""What goes wrong on purpose between a client and the API server, and the record of what clients asked.

Set from any thread: rules are values in tuples that are replaced, never changed in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Cut = Literal["", "reset", "eof", "silence"]
"""How a connection is lost: a TCP reset, an end without a TLS goodbye, or no answer ever."""

Loss = Literal["", "reset", "eof", "silence", "truncated", "drip"]
"""How a request loses its answer: with its connection, or it ends too soon, or comes byte by byte without an end."""


@dataclass(slots=True)
class Request:
    """One request as the server saw it; `status` is 0 until it is answered, and stays 0 if never. No headers."""

    time: float
    method: str
    path: str
    query: Mapping[str, str]
    user_agent: str
    body: Any = None
    status: int = 0
    user: str = ""
    """Who asked, "" where that is not known."""

    @property
    def writes(self) -> bool:
        """Whether it changes an object; asking about one's own rights and streams to pods do not."""
        asks = self.path.endswith(("/selfsubjectaccessreviews", "/selfsubjectrulesreviews", "/selfsubjectreviews"))
        return self.method != "GET" and not asks and not self.path.endswith(("/exec", "/portforward"))


@dataclass(frozen=True, slots=True)
class Fault:
    """For requests whose method, path and query match: wait `delay` seconds, then answer `status` or cut them off.

    With neither a status nor a cut, the request is only delayed. `times` is how often; None is until cleared.
    `after`: what was asked for is done before, and only the answer is lost.
    """

    path: str = ""
    method: str = ""
    query: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    cut: Loss = ""
    delay: float = 0.0
    times: int | None = None
    after: bool = False

    def meets(self, method: str, path: str, query: str) -> bool:
        """Whether the request is one of those meant."""
        meant = re.search(self.path, path) and re.fullmatch(self.method or ".*", method)
        return bool(meant and re.search(self.query, query))


@dataclass(frozen=True, slots=True)
class Denial:
    """Rights that nobody has; an empty field means all of them."""

    verb: str = ""
    resource: str = ""
    namespace: str = ""

    def meets(self, verb: str, resource: str, namespace: str) -> bool:
        """Whether a request falls under it; `resource` is the plural, with `/subresource` where there is one."""
        return all(
            not mine or mine == asked
            for mine, asked in ((self.verb, verb), (self.resource, resource), (self.namespace, namespace))
        )


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self.rules: tuple[Fault, ...] = ()
        self.denials: tuple[Denial, ...] = ()
        self.readyz = 200
        """What `/readyz` answers: 200, 500 or 503."""
        self.door: Cut = ""
        """What happens to every new connection before it can say anything."""
        self.unavailable_images: frozenset[str] = frozenset()
        """Images whose registry refuses connections; they matter where the pull policy is Always."""
        self.lost_images: frozenset[str] = frozenset()
        """Images that the node has no more, nor their registry, where that answers."""
        self.used: list[Fault] = []
        """Each use of a rule, in order."""

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force, before the earlier ones."""
        self.rules = (fault, *self.rules)
        return fault

    def deny(self, verb: str = "", resource: str = "", namespace: str = "") -> Denial:
        """Answer 403 to these requests, and False to questions about these rights."""
        denial = Denial(verb, resource, namespace)
        self.denials = (*self.denials, denial)
        return denial

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.rules, self.denials, self.readyz, self.door = (), (), 200, ""
        self.unavailable_images, self.lost_images = frozenset(), frozenset()

    def take(self, method: str, path: str, query: str) -> Fault | None:
        """The rule for this request, counted as used once more."""
        for rule in self.rules:
            if rule.meets(method, path, query):
                self.used.append(rule)
                if rule.times is not None and sum(other is rule for other in self.used) >= rule.times:
                    self.rules = tuple(other for other in self.rules if other is not rule)
                return rule
        return None

    def denied(self, verb: str, resource: str, namespace: str) -> bool:
        """Whether nobody has this right; `resource` is the plural, with `/subresource` where there is one."""
        return any(denial.meets(verb, resource, namespace) for denial in self.denials)
