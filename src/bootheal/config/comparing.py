"""What is in a cluster and not in the file, and the other way round. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bootheal.cluster.selectors import spelled
from bootheal.config import names
from bootheal.config.discovered import ignored
from bootheal.config.file import File
from bootheal.discovery import discover, order
from bootheal.discovery.findings import Findings, Found, FoundDatabase, FoundHook, FoundServer, FoundWorkload
from bootheal.discovery.places import Places
from bootheal.model import Ref
from bootheal.model.inventory import Inventory

Key = tuple[str, ...]


def not_in_file(found: Findings, file: File, inventory: Inventory) -> Iterator[str]:
    """Say what was found that the file does not name, by what it is, whatever the file calls it."""
    yield from (each.name for each in _missing(found, file, inventory))


def unlisted(inventory: Inventory, file: File) -> Iterator[str]:
    """Say which workloads, databases, poolers and servers are where the file heals something, and it does not name.

    Not those that its `discover` finds at each pass, nor those whose annotation leaves them out.
    """
    ours, by_itself = {*file.healed_namespaces()}, {*file.discover.namespaces} if file.discover else set[str]()
    kept = tuple(each for each in inventory.controllers if not ignored(each))
    for each in _missing(discover(replace(inventory, controllers=kept)), file, inventory):
        found_anyway = isinstance(each.found, FoundWorkload) and each.found.namespace in by_itself
        if not isinstance(each.found, FoundHook) and each.found.namespace in ours and not found_anyway:
            yield each.name


@dataclass(frozen=True, slots=True)
class _Named:
    """Something that was found: how it is told, by which entry the file would name it, and of which workloads it is."""

    name: str
    found: Found
    key: Key
    made: tuple[Ref, ...] = ()


def _missing(found: Findings, file: File, inventory: Inventory) -> Iterator[_Named]:
    """Yield what the file names by no entry: a server may stand there as a workload, a pooler as a dependency."""
    known, covered = set(_of_file(file)), _covered(file, inventory)
    for each in _of_findings(found):
        # One that could not be logged in to is a database in the file of who has completed it.
        either = {each.key, ("database", *each.key[1:])} if isinstance(each.found, FoundServer) else {each.key}
        if not (either & known or covered.intersection(each.made)):
            yield each


def _covered(file: File, inventory: Inventory) -> frozenset[Ref]:
    """Return the workloads that the file is about, by whatever it names them."""
    places, found = Places(inventory), [Ref(*name.split("/")) for name in file.workloads]
    for database in file.databases.values():
        found += _behind(places, database.namespace, database.service, database.selector)
    for dependency in file.dependencies.values():
        found += _behind(places, dependency.namespace or "", dependency.service, dependency.selector)
    found += [Ref("deployment", namespace, name) for _, namespace, name in _poolers(file)]
    return frozenset(found)


def _behind(places: Places, namespace: str, name: str | None, selector: Mapping[str, str]) -> Iterator[Ref]:
    if name and (service := places.service(namespace, name)):
        yield from (each.ref for each in places.behind(service))
    if selector:
        yield from order.behind(selector, namespace, places.inventory.controllers)


def not_in_cluster(file: File, inventory: Inventory) -> Iterator[str]:
    """Say what the file names that is not there."""
    services = {each.ref for each in inventory.services}
    workloads = {each.ref for each in inventory.controllers}
    for name, database in file.databases.items():
        if database.service and Ref("service", database.namespace, database.service) not in services:
            yield f"{names.DATABASE}{name}: service/{database.namespace}/{database.service}"
    for name, pooler in file.poolers.items():
        namespace = file.namespace_of(pooler)
        for ref in (Ref("deployment", namespace, pooler.deployment), Ref("service", namespace, pooler.service)):
            if ref not in workloads | services:
                yield f"{names.POOLER}{name}: {ref}"
    for name, dependency in file.dependencies.items():
        if dependency.service and Ref("service", dependency.namespace or "", dependency.service) not in services:
            yield f"{names.DEPENDENCY}{name}: service/{dependency.namespace}/{dependency.service}"
    yield from (name for name in file.workloads if Ref(*name.split("/")) not in workloads)
    customs = {str(each.ref) for each in inventory.customs}
    for name, hook in file.hooks.items():
        if (
            hook.reconcile
            and hook.reconcile.startswith(("kustomization/", "helmrelease/"))
            and hook.reconcile not in customs
        ):
            yield f"{names.HOOK}{name}: {hook.reconcile}"


def _of_findings(found: Findings) -> Iterator[_Named]:
    for database in found.databases:
        told = f"{names.DATABASE}{database.name} ({database.told})"
        yield _Named(told, database, ("database", *_place(database)), database.made)
    for pooler in found.poolers:
        key = ("pooler", pooler.namespace, pooler.deployment.name)
        yield _Named(f"{names.POOLER}{pooler.name} ({pooler.told})", pooler, key, (pooler.deployment,))
    for server in found.servers:
        told = f"{names.DEPENDENCY}{server.name} ({server.told})"
        yield _Named(told, server, ("dependency", *_place(server)), server.made)
    for workload in found.workloads:
        yield _Named(workload.name, workload, ("workload", workload.name), (workload.ref,))
    for hook in found.hooks:
        yield _Named(f"{names.HOOK}{hook.name} ({hook.reconcile})", hook, ("hook", hook.reconcile))


def _place(found: FoundDatabase | FoundServer) -> Key:
    return (found.namespace, found.service or spelled(found.selector))


def _of_file(file: File) -> Iterator[Key]:
    for database in file.databases.values():
        yield "database", database.namespace, database.service or spelled(database.selector)
    yield from _poolers(file)
    for dependency in file.dependencies.values():
        yield "dependency", dependency.namespace or "", dependency.service or spelled(dependency.selector)
    for name in file.workloads:
        yield "workload", name
    for hook in file.hooks.values():
        yield "hook", hook.reconcile or ""


def _poolers(file: File) -> Iterator[Key]:
    for pooler in file.poolers.values():
        yield "pooler", file.namespace_of(pooler), pooler.deployment
