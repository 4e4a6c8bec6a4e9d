"""Raw JSON -> the same without what may hold a secret: for a file that is handed on."""

from typing import Any

from bootheal.adapters.kube.lists import APPS, BATCH, CORE
from bootheal.adapters.kube.objects import Raw

# Of which kinds an object is shown, and where it stands. Secrets and ConfigMaps are not among them.
PATHS = {
    "pod": (CORE, "pods"),
    "node": (CORE, "nodes"),
    "service": (CORE, "services"),
    "persistentvolumeclaim": (CORE, "persistentvolumeclaims"),
    "namespace": (CORE, "namespaces"),
    "deployment": (APPS, "deployments"),
    "statefulset": (APPS, "statefulsets"),
    "daemonset": (APPS, "daemonsets"),
    "job": (BATCH, "jobs"),
    "cronjob": (BATCH, "cronjobs"),
}

_METADATA = ("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")
_ALSO = ("labels", "ownerReferences", "finalizers")

# Keys at any depth under which people put secrets.
_UNSHOWN = frozenset({"value", "command", "args", "annotations", "httpHeaders", "managedFields", "data", "stringData"})
LEFT_OUT = "objects: values of variables, commands, arguments, annotations and headers, which may hold secrets"


def shown(raw: Raw) -> Raw:
    """Return an object's names, spec and status, as far as they can be shown."""
    metadata = raw.get("metadata") or {}
    return {
        "metadata": {key: metadata[key] for key in (*_METADATA, *_ALSO) if key in metadata},
        "spec": _without(raw.get("spec") or {}),
        "status": _without(raw.get("status") or {}),
    }


def _without(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without(each) for key, each in data.items() if key not in _UNSHOWN}
    if isinstance(data, list):
        return [_without(each) for each in data]
    return data
