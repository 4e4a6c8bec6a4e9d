"""A container's environment: what its spec says, and where the Services are. Pure, over the store."""

from __future__ import annotations

import re

from bootheal.demo.objects.kinds import CONFIG_MAP, SECRET, SERVICE, Object
from bootheal.demo.objects.store import Store
from bootheal.demo.values import decoded

_REFERENCE = re.compile(r"\$\((\w+)\)")


class MissingError(Exception):
    """The spec names a Secret, a ConfigMap or a key that is not there; in the kubelet's words."""


def environment(store: Store, pod: Object, container: Object, address: str) -> dict[str, str]:
    """Every variable of a container, with `$(NAME)` replaced; MissingError where something it names is missing."""
    namespace = pod["metadata"]["namespace"]
    found = {"POD_IP": address, "HOSTNAME": pod["metadata"]["name"]} | _services(store, namespace)
    for entry in container.get("env", []):
        value = entry.get("value", "")
        if "valueFrom" in entry:
            value = _referred(store, namespace, entry["valueFrom"])
        found[entry["name"]] = _REFERENCE.sub(lambda match: found.get(match[1], match[0]), value)
    return found


def _services(store: Store, namespace: str) -> dict[str, str]:
    found = {}
    for service in store.all(SERVICE, namespace):
        if service["spec"]["clusterIP"] == "None":
            continue
        prefix = service["metadata"]["name"].upper().replace("-", "_")
        found[f"{prefix}_SERVICE_HOST"] = service["spec"]["clusterIP"]
        found[f"{prefix}_SERVICE_PORT"] = str(service["spec"]["ports"][0]["port"])
    return found


def _referred(store: Store, namespace: str, source: Object) -> str:
    kind, reference = (
        (SECRET, source.get("secretKeyRef"))
        if "secretKeyRef" in source
        else (
            CONFIG_MAP,
            source.get("configMapKeyRef"),
        )
    )
    if reference is None:
        raise MissingError("the demo cluster knows only secretKeyRef and configMapKeyRef")
    item = store.find(kind, namespace, reference["name"])
    if item is None:
        raise MissingError(f'{kind.name.lower()} "{reference["name"]}" not found')
    data = item.get("data") or {}
    if reference["key"] not in data:
        raise MissingError(f"couldn't find key {reference['key']} in {kind.name} {namespace}/{reference['name']}")
    return decoded(data[reference["key"]]) if kind is SECRET else str(data[reference["key"]])
