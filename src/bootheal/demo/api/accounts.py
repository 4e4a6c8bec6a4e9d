"""Who a token belongs to, and what its rules allow: ServiceAccounts, TokenRequests, Roles and their bindings."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bootheal.demo.objects.answers import invalid
from bootheal.demo.objects.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    Object,
)
from bootheal.demo.objects.store import Store
from bootheal.demo.objects.times import stamp

SHORTEST_SECONDS = 600
"""What the real server takes for the shortest life of a token."""

_PREFIX = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to do; `resource` is the plural, with `/subresource` where there is one."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    namespace: str
    name: str
    uid: str
    expires: float


class Accounts:
    """The ServiceAccounts of a store; whoever is none of them may do everything."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tokens: dict[str, _Token] = {}

    def issue(self, account: Object, request: Object) -> Object:
        """Answer a TokenRequest with a new token of the account."""
        metadata, spec = account["metadata"], request.get("spec") or {}
        seconds = spec.get("expirationSeconds", 3600)
        if seconds < SHORTEST_SECONDS:
            why = f"spec.expirationSeconds: Invalid value: {seconds}: may not specify a duration less than 10 minutes"
            raise invalid(SERVICE_ACCOUNT, metadata["name"], why)
        token, expires = secrets.token_urlsafe(24), time.time() + seconds
        self._tokens[token] = _Token(metadata["namespace"], metadata["name"], metadata["uid"], expires)
        until = stamp(datetime.fromtimestamp(expires, UTC))
        return request | {"status": {"token": token, "expirationTimestamp": until}}

    def expire(self) -> None:
        """Let the time of every token be over."""
        self._tokens.clear()

    def user(self, token: str) -> str:
        """Name whose token it is; "" where it is nobody's, or no longer, or its account is another one now."""
        found = self._tokens.get(token)
        if found is None or found.expires < time.time():
            return ""
        account = self._store.find(SERVICE_ACCOUNT, found.namespace, found.name)
        same = account is not None and account["metadata"]["uid"] == found.uid
        return f"{_PREFIX}{found.namespace}:{found.name}" if same else ""

    def bound(self, user: str) -> bool:
        """Whether rules say what this user may do."""
        return user.startswith(_PREFIX)

    def rules(self, user: str, namespace: str) -> Iterator[Object]:
        """Yield the rules that hold for a user in a namespace; "": in all of them."""
        for binding in self._store.all(CLUSTER_ROLE_BINDING):
            yield from self._of(binding, user, "")
        for binding in self._store.all(ROLE_BINDING, namespace) if namespace else ():
            yield from self._of(binding, user, namespace)

    def _of(self, binding: Object, user: str, namespace: str) -> Iterable[Object]:
        subjects = {f"{_PREFIX}{each.get('namespace')}:{each['name']}" for each in binding.get("subjects") or ()}
        kind = ROLE if binding["roleRef"]["kind"] == "Role" else CLUSTER_ROLE
        role = self._store.find(kind, namespace, binding["roleRef"]["name"]) if user in subjects else None
        return (role or {}).get("rules") or ()

    def allows(self, user: str, asked: Asked) -> bool:
        """Whether a user may do something."""
        return not self.bound(user) or any(
            _meets(rule, "verbs", asked.verb)
            and _meets(rule, "apiGroups", asked.group)
            and _meets(rule, "resources", asked.resource)
            and (not rule.get("resourceNames") or asked.name in rule["resourceNames"])
            for rule in self.rules(user, asked.namespace)
        )

    def allows_path(self, user: str, verb: str, path: str) -> bool:
        """Whether a user may ask for what is no object."""
        return not self.bound(user) or any(
            _meets(rule, "verbs", verb) and path in (rule.get("nonResourceURLs") or ()) for rule in self.rules(user, "")
        )


def _meets(rule: Object, key: str, what: str) -> bool:
    said = rule.get(key) or ()
    return what in said or "*" in said
