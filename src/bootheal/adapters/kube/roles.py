"""The Roles of an account, as they are in the cluster."""

from collections.abc import Iterable

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.objects import Raw
from bootheal.errors import MissingError

RBAC = "/apis/rbac.authorization.k8s.io/v1"


def roles(api: Api, name: str, namespaces: Iterable[str]) -> list[Raw]:
    """Return the ClusterRole and the Roles of this name, as far as they are there; DeniedError if we may not look."""
    found: list[Raw] = []
    places = [("ClusterRole", f"{RBAC}/clusterroles/{name}")]
    places += [("Role", f"{RBAC}/namespaces/{namespace}/roles/{name}") for namespace in namespaces]
    for kind, path in places:
        try:
            found.append({"kind": kind} | api.get(path, about=f"{kind} {name}"))
        except MissingError:
            continue
    return found
