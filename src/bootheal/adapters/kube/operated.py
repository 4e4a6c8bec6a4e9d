"""What operators and installers keep in the API beside their clusters, read where each of them has it."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from bootheal.adapters.kube import operators
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.lists import CORE
from bootheal.adapters.kube.objects import Raw
from bootheal.adapters.kube.typed import checked
from bootheal.dependencies import flux
from bootheal.errors import PermanentError
from bootheal.model import Leadership, Operated, Ref


def leadership(api: Api, namespace: str, scope: str) -> Leadership | None:
    """Read the Endpoints of Patroni's scope, and the ConfigMap that Zalando's operator uses since its version 2.

    A change from one to the other leaves the old object behind, with the lock of that day.
    """
    found = list[tuple[Leadership, Ref]]()
    for place, raw in _kept(api, Ref("endpoints", namespace, scope), Ref("configmap", namespace, f"{scope}-leader")):
        with understood(str(place)):
            if lock := operators.leadership(raw):
                found.append((checked(lock), place))
    found.sort(key=lambda pair: -pair[0].renewed)
    return replace(found[0][0], also="".join(str(place) for _, place in found[1:])) if found else None


def configured(api: Api, namespace: str, scope: str) -> Operated | None:
    """Read the Endpoints or the ConfigMap SCOPE-config; likewise, where both are there, those of the lock."""
    name = f"{scope}-config"
    for place, raw in _kept(api, Ref("endpoints", namespace, name), Ref("configmap", namespace, name)):
        with understood(str(place)):
            if found := operators.configured(raw):
                return checked(found)
    return None


def _kept(api: Api, *places: Ref) -> Iterator[tuple[Ref, Raw]]:
    """Yield what is at these places, as far as we may see it."""
    for place in places:
        plural = {"configmap": "configmaps"}.get(place.kind, place.kind)
        try:
            yield place, api.get(f"{CORE}/namespaces/{place.namespace}/{plural}/{place.name}", about=str(place))
        except PermanentError:
            continue


def primary_lease(api: Api, namespace: str, cluster: str) -> Leadership | None:
    """Read the Lease of the cluster's name; MissingError without one."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{cluster}"
    raw = api.get(path, about=f"lease/{namespace}/{cluster}")
    with understood(f"lease/{namespace}/{cluster}"):
        found = operators.primary_lease(raw)
        return found and checked(found)


def operated(api: Api, namespace: str, cluster: str) -> Operated | None:
    """Read the Cluster; None without CloudNativePG, or its right."""
    path = f"/apis/postgresql.cnpg.io/v1/namespaces/{namespace}/clusters/{cluster}"
    try:
        raw = api.get(path, about=f"cluster/{namespace}/{cluster}")
    except PermanentError:
        return None
    with understood(f"cluster/{namespace}/{cluster}"):
        return checked(operators.operated(raw))


def path_in_flux(api: Api, what: Ref) -> str:
    """Return where one of Flux's objects is, in the version of its kind that this cluster prefers."""
    group, plural = flux.RESOURCES[what.kind]
    served = api.get(f"/apis/{group}", about=f"{group}, which Flux serves")
    with understood(f"{group}, which Flux serves"):
        version = str(served["preferredVersion"]["version"])
    return f"/apis/{group}/{quote(version, safe='')}/namespaces/{what.namespace}/{plural}/{what.name}"


def suspended(api: Api, what: Ref) -> bool:
    """Read one of Flux's objects."""
    try:
        raw = api.get(path_in_flux(api, what), about=str(what))
    except PermanentError:
        return False
    with understood(str(what)):
        return bool((raw.get("spec") or {}).get("suspend"))
