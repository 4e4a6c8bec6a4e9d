"""`bootheal doctor`: why a machine, a namespace or a workload is not well. It changes nothing."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bootheal.adapters.archive import hidden
from bootheal.adapters.kube.scenes import KINDS
from bootheal.adapters.scope import Scope
from bootheal.cli.arguments.options import CONFIG
from bootheal.cli.looking.scene import examined
from bootheal.cli.paths import is_seen
from bootheal.cli.printing import show
from bootheal.cli.streams import warn
from bootheal.cli.this_cluster import cluster_of, find_cluster
from bootheal.cli.wiring import open_world
from bootheal.config import Configuration, load, spelling
from bootheal.config.sections.cluster import Cluster
from bootheal.config.shapes import kubernetes
from bootheal.config.source import suggestion
from bootheal.diagnosis import Diagnosis
from bootheal.diagnosis.known import catalogue, listed
from bootheal.diagnosis.words import as_json, lines
from bootheal.errors import BoothealError, MissingError, UsageError
from bootheal.model import Ref
from bootheal.model.quoted import quoted, visible
from bootheal.ports import World

# Between two looks: what is gone by then was in passing.
LOOK_AGAIN_SECONDS = 1.0

# What people call kinds, as for kubectl; a configuration has no use for these but the first.
_KINDS = {
    **spelling.KINDS,
    "po": "pod",
    "pods": "pod",
    "svc": "service",
    "services": "service",
    "pvc": "persistentvolumeclaim",
    "persistentvolumeclaims": "persistentvolumeclaim",
    "claim": "persistentvolumeclaim",
    "no": "node",
    "nodes": "node",
    "ns": "namespace",
    "namespaces": "namespace",
    "cj": "cronjob",
    "cronjobs": "cronjob",
    "jobs": "job",
}


def main(options: argparse.Namespace) -> int:
    """Look, tell, and return 0 where all is well, 1 where something is not, 3 where data is at risk."""
    if options.list:
        if options.json:
            print(json.dumps(catalogue(), indent=2))
        else:
            print(*listed(), sep="\n")
        return 0
    wanted = tuple(dict.fromkeys(map(parsed, options.about)))
    cluster, configuration, _ = chosen(options)
    with Scope(warn) as scope:
        world = open_world(cluster, scope)
        found = twice(world, scope, namespaces_of(wanted), configuration).of(wanted)
        absent = absences(wanted, world) if found.present else {}
        found = replace(found, missing=tuple(absent))
        if options.json or found.found or len(absent) < max(1, len(wanted)):  # else it would seem that all is well
            tell(found, world, as_data=options.json)
    for error in absent.values():
        print(visible(f"bootheal: {error}"), f"  {error.hint}", sep="\n", file=sys.stderr)
    return found.exit_code


def twice(
    world: World, scope: Scope, namespaces: Sequence[str], configuration: Configuration | None = None
) -> Diagnosis:
    """Look, and once more where something is found: evidence holds for two looks."""
    _, first = examined(world, scope, namespaces, configuration)
    if not first.found:
        return first
    time.sleep(LOOK_AGAIN_SECONDS)
    return first.again(examined(world, scope, namespaces, configuration)[1])


def absences(wanted: Iterable[Ref], world: World) -> dict[Ref, MissingError]:
    """Return what of these is not there, and what is said of that: of the others all can be told."""
    absent: dict[Ref, MissingError] = {}
    for ref in wanted:
        try:
            there(ref, world)
        except MissingError as error:
            absent[ref] = error
    return absent


def there(ref: Ref, world: World) -> None:
    """Raise MissingError for an object that there is not: nothing is wrong with it, and yet it is not well."""
    try:
        world.scenes.find(ref)
    except MissingError as error:
        where = f"--namespace {ref.namespace} " if ref.namespace else ""
        raise MissingError(str(error), hint=f"kubectl {where}get {ref.kind}s shows which there are") from None
    except BoothealError:
        return  # what may not be looked at is told as such


def tell(found: Diagnosis, world: World, *, as_data: bool) -> None:
    """Print it without any secret that was read on the way."""
    if as_data:
        print(json.dumps(hidden(as_json(found), world.told), indent=2))
    else:
        show(map(world.told, lines(found)))


def chosen(options: argparse.Namespace) -> tuple[Cluster, Configuration | None, Path | None]:
    """Return the cluster, the configuration and its file, where there are any; else what is on this machine."""
    config: Path | None = options.config
    found_by_hand = options.kubeconfig or options.name or options.context
    if config or (is_seen(CONFIG) and not found_by_hand):
        path = config or CONFIG
        configuration = load(path)
        return configuration.file.cluster, configuration, path
    section, _ = find_cluster(options.kubeconfig, options.context, options.name)
    return cluster_of(section), None, None


def namespaces_of(wanted: Iterable[Ref]) -> tuple[str, ...]:
    """Return the namespaces to look in for what is meant; a node is in none."""
    return tuple(
        dict.fromkeys(ref.name if ref.kind == "namespace" else ref.namespace for ref in wanted if ref.kind != "node")
    )


def parsed(text: str) -> Ref:
    """Return what is meant by NAMESPACE, KIND/NAMESPACE/NAME or, of a node or namespace, KIND/NAME."""
    kind, *rest = text.split("/")
    kind = _KINDS.get(kind.lower(), kind.lower()) if rest else kind
    match rest:
        case [] if kind:
            return Ref("namespace", "", _of(kubernetes.label, kind))
        case ["", *_] | [*_, ""]:
            pass
        case [name] if kind in ("node", "namespace"):
            return Ref(kind, "", _of(kubernetes.subdomain, name))
        case [namespace, name] if kind in KINDS:
            return Ref(kind, _of(kubernetes.label, namespace), _of(kubernetes.subdomain, name))
        case [_, _] if kind not in KINDS:
            near = suggestion(kind, KINDS)
            raise UsageError(f"cannot look at a '{quoted(kind)}'{near}", hint=f"it knows {', '.join(KINDS)}")
    hint = "say a namespace, such as shop, or an object, such as deployment/shop/web"
    raise UsageError(f"cannot tell what is meant by '{quoted(text)}'", hint=hint)


def _of(shape: Callable[[str], str], name: str) -> str:
    """Return a name as it is; what nothing in Kubernetes can be called is told before anything is asked."""
    try:
        return shape(name)
    except ValueError as error:
        raise UsageError(f"cannot look for '{quoted(name)}': {error}") from None
