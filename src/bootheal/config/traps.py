"""What is allowed in a file and yet seldom meant: for its owner to weigh, told by `bootheal check`. Pure."""

from collections.abc import Iterator

from bootheal.config import names
from bootheal.config.file import File
from bootheal.config.section import Finding
from bootheal.model.inventory import Inventory
from bootheal.probes import LONG_TIMEOUT_SECONDS, TIMEOUT_SECONDS


def traps(file: File) -> Iterator[Finding]:
    """Yield what can be told by the file alone, each with its place."""
    yield from _uncleaned(file)
    yield from _impatient(file)


def remarks(file: File) -> Iterator[Finding]:
    """Yield what could be more, and is no mistake: what `bootheal init` writes has nothing but these."""
    yield from _unawaited(file)
    for name, database in file.databases.items():
        path = ("databases", name)
        if not database.checks:
            yield path, "has no checks: that its data is gone would not be noticed"
        if not database.backup:
            yield path, "has no backup: nothing can be named to whom its data is missing"


def _uncleaned(file: File) -> Iterator[Finding]:
    if not file.cleanup.namespaces:
        return  # all of them, or deliberately none
    cleaned = set(file.cleanup.namespaces)
    for name in file.workloads:
        namespace = name.split("/")[1]
        if namespace not in cleaned:
            cleaned.add(namespace)
            text = (
                f"is in namespace {namespace}, which cleanup.namespaces does not name: what a reboot kills stays there"
            )
            yield ("workloads", name), text


def _impatient(file: File) -> Iterator[Finding]:
    for name, workload in file.workloads.items():
        kind, namespace, _ = name.split("/")
        patience = workload.under(file.defaults.of(namespace), kind).patience
        if (needed := _needed(workload.probe, workload.soak)) >= patience:
            yield ("workloads", name, "patience"), _short(patience, needed)
    for name, dependency in file.dependencies.items():
        if (needed := _needed(dependency.probe, None)) >= dependency.patience:
            yield ("dependencies", name, "patience"), _short(dependency.patience, needed)


def _needed(probe: object, soak: float | None) -> float:
    slow = probe is not None and (getattr(probe, "exec", None) or getattr(probe, "url", None))
    return (LONG_TIMEOUT_SECONDS if slow else TIMEOUT_SECONDS) + (soak or 0.0)


def _short(patience: float, needed: float) -> str:
    return f"is {patience:g} s, and its probe alone may take {needed:g} s: it would be given up before it could answer"


def _unawaited(file: File) -> Iterator[Finding]:
    awaited = {step for each in file.workloads.values() for step in each.after}
    awaited |= {step for each in file.dependencies.values() for step in each.after}
    awaited |= {step for hook in file.hooks.values() for step in hook.after}
    if file.discover and file.discover.order == "inferred":
        return  # what is found may come after it
    for name in file.dependencies:
        if f"{names.DEPENDENCY}{name}" not in awaited:
            yield ("dependencies", name), "is waited for by nobody: name it in the `after` of who needs it"


def in_cluster(file: File, inventory: Inventory) -> Iterator[Finding]:
    """Yield what only the cluster's own manifests tell of it."""
    if file.registry:
        registries = tuple(f"{each}/" for each in file.registry.names())
        for controller in inventory.controllers:
            name = str(controller.ref)
            for box in (*controller.init, *controller.boxes):
                if name in file.workloads and box.pull_always and box.image.startswith(registries):
                    policy = "imagePullPolicy: Always"
                    text = f"pulls {box.image} at each start ({policy}): without the registry it does not start"
                    yield ("workloads", name), text
