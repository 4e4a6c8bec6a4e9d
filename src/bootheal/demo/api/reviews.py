"""Questions after one's own rights: one right, or all that hold in a namespace."""

from __future__ import annotations

from collections.abc import Iterable

from bootheal.demo.api.accounts import Accounts, Asked
from bootheal.demo.api.calls import parsed
from bootheal.demo.api.faults import Faults
from bootheal.demo.objects.answers import ApiError, bad_request
from bootheal.demo.objects.kinds import Object

_EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}


def review(kind: str, body: bytes, user: str, accounts: Accounts, faults: Faults) -> Object:
    """Answer one of them; `kind` is its plural."""
    said = parsed(body)
    if not isinstance(said, dict):
        raise ApiError(415, "UnsupportedMediaType", "the demo cluster speaks JSON only")
    spec = said.get("spec") or {}
    match kind:
        case "selfsubjectaccessreviews":
            return said | {
                "status": {"allowed": _allowed(spec.get("resourceAttributes") or {}, user, accounts, faults)}
            }
        case "selfsubjectrulesreviews":
            if not spec.get("namespace"):
                raise bad_request("no namespace on request")
            return said | {"status": _rules(spec["namespace"], user, accounts, faults)}
        case _:
            raise ApiError(404, "NotFound", "the server could not find the requested resource")


def _allowed(asked: Object, user: str, accounts: Accounts, faults: Faults) -> bool:
    resource = "/".join(filter(None, (asked.get("resource", ""), asked.get("subresource", ""))))
    verb, group, namespace, name = (asked.get(key, "") for key in ("verb", "group", "namespace", "name"))
    denied = faults.denied(verb, resource, namespace)
    return not denied and accounts.allows(user, Asked(verb, group, resource, namespace, name))


def _rules(namespace: str, user: str, accounts: Accounts, faults: Faults) -> Object:
    """What is denied cannot be told by rules: then, as with an authorizer that cannot list, they are incomplete."""
    rules = list(accounts.rules(user, namespace)) if accounts.bound(user) else [_EVERYTHING]
    if faults.denials:
        return {"resourceRules": [], "nonResourceRules": [], "incomplete": True}
    return {
        "resourceRules": [_rule(each) for each in _with(rules, "resources")],
        "nonResourceRules": [_rule(each) for each in _with(rules, "nonResourceURLs")],
        "incomplete": False,
    }


def _with(rules: Iterable[Object], key: str) -> Iterable[Object]:
    return (each for each in rules if each.get(key))


def _rule(rule: Object) -> Object:
    return {key: list(value) for key, value in rule.items() if value}
