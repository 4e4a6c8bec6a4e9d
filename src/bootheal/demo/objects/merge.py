"""JSON merge patch (RFC 7386) and the part of the strategic merge patch that built-in kinds need. Pure functions."""

from __future__ import annotations

import copy
from typing import Any

_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "port"),
    "conditions": ("type",),
    "addresses": ("type",),
    "ownerReferences": ("uid",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
}
"""The lists that merge element by element, and the field that tells elements apart. Every other list is replaced."""

_SETS = frozenset({"finalizers"})
_DIRECTIVES = ("$setElementOrder/", "$retainKeys", "$deleteFromPrimitiveList/", "$patch")


def merge_patch(target: Any, patch: Any) -> Any:
    """The result of an RFC 7386 patch; neither argument is changed."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def strategic_merge(target: Any, patch: Any) -> Any:
    """As `merge_patch`, but lists whose elements have a name are merged by it; neither argument is changed."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return copy.deepcopy({key: value for key, value in patch.items() if key != "$patch"})
    result = dict(target) if isinstance(target, dict) else {}
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            result[field] = [item for item in result.get(field, []) if item not in value]
        elif key.startswith(_DIRECTIVES):
            continue
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, list):
            result[key] = _merge_list(key, result.get(key) or [], value)
        else:
            result[key] = strategic_merge(result.get(key), value)
    return result


def _merge_list(field: str, old: list[Any], new: list[Any]) -> list[Any]:
    if field in _SETS:
        return [*old, *(item for item in new if item not in old)]
    key = next((key for key in _KEYS.get(field, ()) if all(isinstance(item, dict) and key in item for item in new)), "")
    if not key or any(item.get("$patch") == "replace" for item in new):
        return copy.deepcopy([item for item in new if not isinstance(item, dict) or "$patch" not in item])
    result = list(old)
    for item in new:
        at = next((i for i, known in enumerate(result) if known.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            result = [known for known in result if known.get(key) != item[key]]
        elif at is None:
            result.append(copy.deepcopy(item))
        else:
            result[at] = strategic_merge(result[at], item)
    return result
