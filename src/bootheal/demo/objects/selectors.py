"""Label and field selectors, with the field names that the real API server accepts. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from bootheal.demo.objects.answers import bad_request
from bootheal.demo.objects.kinds import EVENT, JOB, NAMESPACE, NODE, POD, SECRET, SERVICE, Kind, Object

Predicate: TypeAlias = Callable[[Object], bool]

_FIELDS: dict[Kind, tuple[str, ...]] = {
    POD: (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    NODE: ("spec.unschedulable",),
    NAMESPACE: ("status.phase",),
    SECRET: ("type",),
    SERVICE: ("spec.clusterIP", "spec.type"),
    JOB: ("status.successful",),
    EVENT: (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
}

_SET = re.compile(r"^(?P<key>[^\s!=,()]+)\s+(?P<word>in|notin)\s+\((?P<values>[^)]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=,()]+)\s*(?P<word>==|=|!=)\s*(?P<values>[^\s!=,()]*)$")
_EXISTS = re.compile(r"^(?P<word>!?)\s*(?P<key>[^\s!=,()]+)$")
_COMMA = re.compile(r",(?![^()]*\))")


def label_selector(text: str) -> Predicate:
    """Equality and set-based requirements, all of which must hold; 400 where the text is not one."""
    requirements = [_requirement(part.strip(), text) for part in _COMMA.split(text) if part.strip()]
    return lambda item: all(holds(item["metadata"].get("labels") or {}) for holds in requirements)


def _requirement(part: str, whole: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.match(part) or _EQUAL.match(part):
        key, word = found["key"], found["word"]
        values = {value.strip() for value in found["values"].split(",")}
        if word in {"notin", "!="}:
            return lambda labels: labels.get(key) not in values
        return lambda labels: labels.get(key) in values
    if found := _EXISTS.match(part):
        key, absent = found["key"], bool(found["word"])
        return lambda labels: (key in labels) is not absent
    raise bad_request(f'unable to parse requirement: invalid label selector "{whole}"')


def matches(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """Whether a workload's `spec.selector` (matchLabels and matchExpressions) chooses these labels."""
    if not selector:
        return False
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(expression, labels) for expression in expressions
    )


def _expression(expression: Object, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def field_selector(kind: Kind, text: str) -> Predicate:
    """Comparisons of single fields; 400 for a field that the real server does not index for this kind."""
    requirements: list[Predicate] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = re.match(r"^(?P<field>[\w.]+)\s*(?P<word>==|=|!=)\s*(?P<value>.*)$", part)
        if not found:
            raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        if found["field"] not in ("metadata.name", "metadata.namespace", *_FIELDS.get(kind, ())):
            raise bad_request(
                f'Unable to find "{kind.api_version}, Resource={kind.plural}" that match label selector "", '
                f'field selector "{text}": field label not supported: {found["field"]}'
            )
        requirements.append(_comparison(found["field"], found["value"], equal=found["word"] != "!="))
    return lambda item: all(holds(item) for holds in requirements)


def _comparison(field: str, wanted: str, *, equal: bool) -> Predicate:
    def holds(item: Object) -> bool:
        value: object = item
        for step in field.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        text = str(value).lower() if isinstance(value, bool) else str(value or "")
        return (text == wanted) is equal

    return holds
