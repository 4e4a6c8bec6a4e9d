"""An inventory from manifests, as the API server would have given them."""

import base64
from typing import Any

from bootheal.adapters.kube import declared, objects, service_objects
from bootheal.adapters.kube.inventory import CUSTOMS, referred, secret_facts
from bootheal.model.inventory import Inventory
from support.documents import documents

CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")


def inventory(text: str) -> Inventory:
    """Read manifests, several in one text."""
    found = documents(text)
    controllers = tuple(
        declared.controller(each["kind"].lower(), each) for each in found if each["kind"] in CONTROLLERS
    )
    services = tuple(service_objects.service(each) for each in _of(found, "Service"))
    wanted = set(referred(controllers))
    names = frozenset(each.ref.name for each in services)
    secrets = {objects.ref("secret", each): secret_facts(encoded(each), names) for each in _of(found, "Secret")}
    config_maps = {objects.ref("configmap", each): each.get("data") or {} for each in _of(found, "ConfigMap")}
    kinds = {kind for kind, _, _ in CUSTOMS}
    return Inventory(
        controllers=controllers,
        services=services,
        customs=tuple(declared.custom(each["kind"].lower(), each) for each in found if each["kind"].lower() in kinds),
        secrets={ref: facts for ref, facts in secrets.items() if ref in wanted},
        config_maps={ref: data for ref, data in config_maps.items() if ref in wanted},
    )


def _of(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in found if each["kind"] == kind]


def encoded(secret: dict[str, Any]) -> dict[str, Any]:
    """Return a Secret as the API has it: what is said in `stringData` encoded in `data`."""
    plain = secret.get("stringData") or {}
    return secret | {"data": {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}}
