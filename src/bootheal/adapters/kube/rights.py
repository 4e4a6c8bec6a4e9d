"""What we may do: asked for a namespace at once (SelfSubjectRulesReview), and one by one where that does not tell.

Both are POSTs that change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bootheal.adapters.kube.api import REVIEWS, Api
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.ttl_cache import TtlCache
from bootheal.errors import BoothealError
from bootheal.model import Right

# The parts of a PolicyRule that are about objects.
PARTS = ("verbs", "apiGroups", "resources", "resourceNames")

# Whoever asks for one right asks for others; and what was given meanwhile is known soon.
BELIEVED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in one namespace; not `complete` where an authorizer of the server cannot list what it allows."""

    given: tuple[Mapping[str, Any], ...]
    complete: bool

    def allow(self, right: Right, name: str) -> bool:
        """Whether one of them gives the right, for any object or for `name`."""
        _, slash, below = right.resource.partition("/")
        resources = {right.resource, "*"} | ({f"*/{below}"} if slash else set())
        return any(
            {right.verb, "*"} & {*rule["verbs"]}
            and {right.group, "*"} & {*(rule.get("apiGroups") or ())}
            and resources & {*(rule.get("resources") or ())}
            and (not rule.get("resourceNames") or name in rule["resourceNames"])
            for rule in self.given
        )


class Rights:
    """What the API server says of our rights, of each namespace for a few seconds."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known = TtlCache[Rules](lambda _: BELIEVED_SECONDS)

    def may(self, right: Right, name: str = "") -> bool:
        """Whether we have a right, for any object or for `name`; in no namespace stands for: in each of them."""
        if right.namespace:
            known = self._rules(right.namespace)
            allowed = known.allow(right, name)
            if allowed or known.complete:
                return allowed
        return may(self._api, right, name)

    def _rules(self, namespace: str) -> Rules:
        def ask() -> Rules:
            try:
                return rules(self._api, namespace)
            except BoothealError:  # not every server lists them; whether it answers at all shows what comes next
                return Rules((), complete=False)

        return self._known.get(namespace, ask)


def rules(api: Api, namespace: str) -> Rules:
    """Ask for all that we may do in a namespace."""
    about = f"our rights in namespace {namespace}"
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    raw = api.write("POST", f"{REVIEWS}v1/selfsubjectrulesreviews", body, about=about)
    with understood(about):
        status = raw["status"]
        given = tuple({part: _words(rule.get(part)) for part in PARTS} for rule in status.get("resourceRules") or ())
        return Rules(given, complete=not status.get("incomplete") and not status.get("evaluationError"))


def _words(said: Any) -> tuple[str, ...]:
    """Return a list of words. TypeError where it is none: a word alone is not the list of its letters."""
    if not isinstance(said or [], list) or not all(isinstance(word, str) for word in said or ()):
        raise TypeError(type(said).__name__)
    return tuple(said or ())


def may(api: Api, right: Right, name: str = "") -> bool:
    """Ask for one right, of any object or of `name`; in no namespace stands for: in each of them."""
    resource, _, subresource = right.resource.partition("/")
    attributes = {"verb": right.verb, "resource": resource, "group": right.group, "namespace": right.namespace}
    attributes |= {"name": name} if name else {}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes | ({"subresource": subresource} if subresource else {})},
    }
    raw = api.write("POST", f"{REVIEWS}v1/selfsubjectaccessreviews", body, about=f"the right to {right}")
    with understood(f"the right to {right}"):
        return raw.get("status", {}).get("allowed") is True
