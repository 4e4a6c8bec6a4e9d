"""What can be asked of Flux: its kinds, each with its API group and the plural that the API knows it by.

An annotation with a new value makes a controller reconcile at once (Flux documentation, "Triggering a reconcile").
"""

from collections.abc import Mapping

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"

RESOURCES: Mapping[str, tuple[str, str]] = {
    "kustomization": ("kustomize.toolkit.fluxcd.io", "kustomizations"),
    "helmrelease": ("helm.toolkit.fluxcd.io", "helmreleases"),
    "gitrepository": ("source.toolkit.fluxcd.io", "gitrepositories"),
    "ocirepository": ("source.toolkit.fluxcd.io", "ocirepositories"),
    "helmrepository": ("source.toolkit.fluxcd.io", "helmrepositories"),
}
