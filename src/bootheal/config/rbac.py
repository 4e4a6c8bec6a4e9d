"""Rights -> the least ServiceAccount, Roles and bindings that give them, as YAML with the reason of each rule. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bootheal.config.draft import value
from bootheal.config.rights import Need

Rule = tuple[str, str, tuple[str, ...]]
"""API group, resource, and the names of the objects that it is for (none: any)."""

_HEAD = """\
# The least that bootheal must be allowed for this configuration; made by `bootheal rbac`: kubectl apply -f -
# Behind each rule the keys of the file that need it, (optional): without it bootheal knows less, and says so.
"""
_MOST_KEYS = 4


@dataclass(slots=True)
class _Reason:
    verbs: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    optional: bool = True


def manifests(needed: Mapping[str, Iterable[Need]], account: str, namespace: str) -> str:
    """Return the objects; `needed` holds for each key of the file what it needs."""
    every = [(key, need) for key, found in needed.items() for need in found]
    places = sorted({need.right.namespace for _, need in every if need.right.namespace})
    documents = [_HEAD + _object("v1", "ServiceAccount", account, namespace)]
    rules = list(_rules(every, ""))
    rules += ["- nonResourceURLs: [/readyz]  # cluster", "  verbs: [get]"]
    api = "rbac.authorization.k8s.io/v1"
    documents.append(_object(api, "ClusterRole", account) + _block("rules", rules))
    documents.append(_object(api, "ClusterRoleBinding", account) + _bound("ClusterRole", account, namespace))
    for place in places:
        documents.append(_object(api, "Role", account, place) + _block("rules", _rules(every, place)))
        documents.append(_object(api, "RoleBinding", account, place) + _bound("Role", account, namespace))
    return "---\n".join(documents)


def merged(every: Iterable[tuple[str, Need]], namespace: str) -> Mapping[Rule, _Reason]:
    """Return the rules of a namespace, in order: those for named objects apart from those for any."""
    found: dict[Rule, _Reason] = {}
    of_any = {
        (need.right.group, need.right.resource, need.right.verb)
        for _, need in every
        if need.right.namespace == namespace and not need.name
    }
    names: dict[tuple[str, str, str], set[str]] = {}
    for _, need in every:
        right = need.right
        if right.namespace == namespace and need.name and (right.group, right.resource, right.verb) not in of_any:
            names.setdefault((right.group, right.resource, right.verb), set()).add(need.name)
    for key, need in every:
        right = need.right
        if right.namespace != namespace:
            continue
        of = tuple(sorted(names.get((right.group, right.resource, right.verb), ())))
        reason = found.setdefault((right.group, right.resource, of), _Reason())
        reason.verbs.add(right.verb)
        reason.keys.add(key)
        reason.optional &= need.optional
    return dict(sorted(found.items()))


def _rules(every: list[tuple[str, Need]], namespace: str) -> Iterator[str]:
    for (group, resource, names), reason in merged(every, namespace).items():
        keys = sorted(reason.keys)
        told = ", ".join(keys[:_MOST_KEYS]) + (f" and {len(keys) - _MOST_KEYS} more" if len(keys) > _MOST_KEYS else "")
        optional = " (optional)" if reason.optional else ""
        yield f"- apiGroups: [{value(group)}]  # {told}{optional}"
        yield f"  resources: [{resource}]"
        if names:
            yield f"  resourceNames: [{', '.join(names)}]"
        yield f"  verbs: [{', '.join(sorted(reason.verbs))}]"


def _object(api: str, kind: str, name: str, namespace: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}{where}}}\n"


def _block(key: str, lines: Iterable[str]) -> str:
    return f"{key}:\n" + "".join(f"  {line}\n" for line in lines)


def _bound(role: str, account: str, namespace: str) -> str:
    return (
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {role}, name: {account}}}\n"
        f"subjects: [{{kind: ServiceAccount, name: {account}, namespace: {namespace}}}]\n"
    )


Grant = tuple[str, str, str, str, str]
"""Namespace ("": the whole cluster), API group, resource, verb, and the object's name ("": any)."""


def grants(objects: Iterable[Mapping[str, object]]) -> frozenset[Grant]:
    """Return what Roles and ClusterRoles allow, one by one."""
    found: set[Grant] = set()
    for each in objects:
        metadata, rules = each.get("metadata"), each.get("rules")
        namespace = (
            metadata.get("namespace", "") if isinstance(metadata, Mapping) and each.get("kind") == "Role" else ""
        )
        for rule in rules if isinstance(rules, list) else ():
            found |= {
                (namespace, group, resource, verb, name)
                for group in rule.get("apiGroups") or ()
                for resource in rule.get("resources") or ()
                for verb in rule.get("verbs") or ()
                for name in rule.get("resourceNames") or ("",)
            }
    return frozenset(found)


def told(grant: Grant) -> str:
    """Say what a grant allows."""
    namespace, group, resource, verb, name = grant
    what = f"{resource}.{group}" if group else resource
    return f"{verb} {what}{f' {name}' if name else ''}" + (f" in namespace {namespace}" if namespace else "")
