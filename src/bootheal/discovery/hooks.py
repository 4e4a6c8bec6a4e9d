"""Flux' objects as hooks: asked to be brought up to date once what they have made serves. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from bootheal.discovery.findings import Edge, FoundHook
from bootheal.model import Ref
from bootheal.model.inventory import Controller, Inventory

# By kind: the prefix of the labels on what was made, and the controller that makes it.
_FLUX = {
    "kustomization": ("kustomize.toolkit.fluxcd.io", "kustomize-controller"),
    "helmrelease": ("helm.toolkit.fluxcd.io", "helm-controller"),
}

# Often one of each is called alike, in one namespace: the Kustomization that brings the HelmRelease.
_OTHER = {"kustomization": "helmrelease", "helmrelease": "kustomization"}


def hooks(inventory: Inventory, controllers: Sequence[Controller], listed: Iterable[str]) -> Iterator[FoundHook]:
    """Return a hook for each object of Flux that is not suspended; `listed` are the steps that it may come after."""
    known, there = frozenset(listed), frozenset(each.ref for each in inventory.customs)
    for custom in inventory.customs:
        if custom.ref.kind not in _FLUX or custom.spec.get("suspend"):
            continue
        prefix, runner = _FLUX[custom.ref.kind]
        labels = {f"{prefix}/name": custom.ref.name, f"{prefix}/namespace": custom.ref.namespace}
        theirs = [str(each.ref) for each in controllers if labels.items() <= each.labels.items()]
        told, after = "it made this", [name for name in theirs if name in known]
        if not after:
            told, after = "this reconciles it", [name for name in sorted(known) if name.endswith(f"/{runner}")]
        edges = tuple(Edge(name, told) for name in after) or (Edge("gate", "nothing that it made is listed"),)
        alike = Ref(_OTHER[custom.ref.kind], custom.ref.namespace, custom.ref.name)
        name = f"flux-{custom.ref.kind}-{custom.ref.name}" if alike in there else f"flux-{custom.ref.name}"
        yield FoundHook(
            name=name, namespace=custom.ref.namespace, told=str(custom.ref), edges=edges, reconcile=str(custom.ref)
        )
