"""What is in a cluster and not in the file, and the other way round. Pure."""

from collections.abc import Iterator, Mapping

from bootheal.config import names
from bootheal.config.file import File
from bootheal.discovery.findings import Findings, FoundDatabase, FoundServer
from bootheal.model import Ref
from bootheal.model.inventory import Inventory

Key = tuple[str, ...]


def not_in_file(found: Findings, file: File) -> Iterator[str]:
    """Say what was found that the file does not name, by what it is, whatever the file calls it."""
    known = set(_of_file(file))
    for name, key in _of_findings(found):
        if key not in known and not (key[0] == "dependency" and ("database", *key[1:]) in known):
            yield name


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


def _of_findings(found: Findings) -> Iterator[tuple[str, Key]]:
    for database in found.databases:
        yield f"{names.DATABASE}{database.name} ({database.told})", ("database", *_place(database))
    for pooler in found.poolers:
        key = ("pooler", pooler.namespace, pooler.deployment.name)
        yield f"{names.POOLER}{pooler.name} ({pooler.told})", key
    for server in found.servers:
        yield f"{names.DEPENDENCY}{server.name} ({server.told})", ("dependency", *_place(server))
    for workload in found.workloads:
        yield workload.name, ("workload", workload.name)
    for hook in found.hooks:
        yield f"{names.HOOK}{hook.name} ({hook.reconcile})", ("hook", hook.reconcile)


def _place(found: FoundDatabase | FoundServer) -> Key:
    return (found.namespace, found.service or _labels(found.selector))


def _labels(selector: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def _of_file(file: File) -> Iterator[Key]:
    for database in file.databases.values():
        yield "database", database.namespace, database.service or _labels(database.selector)
    for pooler in file.poolers.values():
        yield "pooler", file.namespace_of(pooler), pooler.deployment
    for dependency in file.dependencies.values():
        yield "dependency", dependency.namespace or "", dependency.service or _labels(dependency.selector)
    for name in file.workloads:
        yield "workload", name
    for hook in file.hooks.values():
        yield "hook", hook.reconcile or ""
