"""What is bound to a node: its pods, and the claims whose volumes lie there. By plain GETs, for a node that is away."""

from collections.abc import Callable, Iterator
from typing import Any

from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.objects import Raw, ref
from bootheal.adapters.kube.typed import checked
from bootheal.errors import PermanentError
from bootheal.model import Ref

Get = Callable[..., Any]

CORE = "/api/v1"
HOSTNAME = "kubernetes.io/hostname"


def bound(get: Get, node: str) -> tuple[Ref, ...]:
    """Return pods, then claims."""
    with understood(f"what is bound to node {node}"):
        return checked(_bound(get, node))


def _bound(get: Get, node: str) -> tuple[Ref, ...]:
    pods = _items(get, f"{CORE}/pods", [("fieldSelector", f"spec.nodeName={node}")], "the pods of all namespaces")
    volumes = _items(get, f"{CORE}/persistentvolumes", [], "persistentvolumes")
    return (*(ref("pod", raw) for raw in pods), *(claim for raw in volumes for claim in _claims(raw, node)))


def _claims(volume: Raw, node: str) -> Iterator[Ref]:
    """Yield the claim of a volume that only this node can mount: local-path's name one node each."""
    spec = volume.get("spec") or {}
    required = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    needs = [need for term in required for need in term.get("matchExpressions") or () if need.get("key") == HOSTNAME]
    claim = spec.get("claimRef") or {}
    if claim.get("name") and any(need.get("values") == [node] for need in needs):
        yield Ref("persistentvolumeclaim", claim.get("namespace", ""), claim["name"])


def _items(get: Get, path: str, query: list[tuple[str, str]], about: str) -> list[Raw]:
    try:
        items: list[Raw] = get(path, query, about=about).get("items") or []
    except PermanentError:
        return []
    return items
