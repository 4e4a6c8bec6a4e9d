"""What the API server says of itself: versions, groups, resources. Enough for kubectl to find its way."""

from __future__ import annotations

import functools

from bootheal.demo.objects.kinds import KINDS, Kind, Object

VERSION: Object = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.5+k3s1",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2025-09-15T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_REVIEWS = ("authorization.k8s.io", "v1")
_REVIEWED = {
    "selfsubjectaccessreviews": "SelfSubjectAccessReview",
    "selfsubjectrulesreviews": "SelfSubjectRulesReview",
}


@functools.cache
def documents() -> dict[str, Object]:
    """The discovery documents, by path."""
    groups = dict(sorted({(kind.group, kind.version) for kind in KINDS if kind.group} | {_REVIEWS}))
    documents: dict[str, Object] = {
        "/version": VERSION,
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/api/v1": _resources("", "v1"),
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*name) for name in groups.items()]},
    }
    for group, version in groups.items():
        documents[f"/apis/{group}"] = {"kind": "APIGroup", "apiVersion": "v1"} | _group(group, version)
        documents[f"/apis/{group}/{version}"] = _resources(group, version)
    return documents


def _group(group: str, version: str) -> Object:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _resources(group: str, version: str) -> Object:
    resources = [entry for kind in KINDS if (kind.group, kind.version) == (group, version) for entry in _entries(kind)]
    if (group, version) == _REVIEWS:
        review = {"singularName": "", "namespaced": False, "verbs": ["create"]}
        resources = [review | {"name": name, "kind": kind} for name, kind in _REVIEWED.items()]
    named = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": named, "resources": resources}


def _entries(kind: Kind) -> list[Object]:
    entry = {
        "name": kind.plural,
        "singularName": kind.name.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": _VERBS,
        "shortNames": list(kind.short),
    }
    below = [
        {
            "name": f"{kind.plural}/{name}",
            "singularName": "",
            "namespaced": kind.namespaced,
            "verbs": ["get", "patch", "update"],
        }
        | ({"kind": "Scale", "group": "autoscaling", "version": "v1"} if name == "scale" else {"kind": kind.name})
        for name in kind.subresources
    ]
    return [entry, *below]
