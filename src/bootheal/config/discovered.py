"""Findings -> the steps of workloads that the file does not list, by its `discover` and their own annotations. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bootheal.config import names
from bootheal.config.configuration import FOUND, Configuration
from bootheal.config.document import read
from bootheal.config.file import File
from bootheal.config.nodes import UnreadableError
from bootheal.config.sections.workloads import Workload
from bootheal.config.shapes import kubernetes
from bootheal.config.source import Source
from bootheal.config.spelling import canonical
from bootheal.config.validation import validate
from bootheal.discovery import discover
from bootheal.discovery.findings import Edge, Findings, Known
from bootheal.engine.plan import CycleError, Plan, arrange
from bootheal.errors import ConfigurationError
from bootheal.model import Ref
from bootheal.model.inventory import Controller, Inventory
from bootheal.model.quoted import quoted
from bootheal.workloads import restore

PREFIX = "bootheal/"
IGNORE = f"{PREFIX}ignore"
LONGEST_NAME = 80


def ignored(controller: Controller) -> bool:
    """Whether a workload's own annotation leaves it out."""
    return controller.annotations.get(IGNORE, "").strip().lower() == "true"


def completed(configuration: Configuration, inventory: Inventory) -> tuple[Configuration, tuple[str, ...]]:
    """Return the configuration with what is found, and what is wrong with annotations, each with its object.

    A workload whose annotations cannot be used is taken without them. Nothing else changes.
    """
    wanted, file = configuration.file.discover, configuration.file
    if wanted is None:
        return configuration, ()
    there = {each.ref.namespace for each in inventory.controllers}
    wrong = [f"discover finds no workload in namespace {name}" for name in wanted.namespaces if name not in there]
    found = discover(inventory)
    called = _names(found, file) if wanted.order == "inferred" else {}
    controllers = {str(each.ref): each for each in inventory.controllers}
    added: dict[str, Workload] = {}
    for each in _workloads(found):
        own = controllers[each.name]
        labels = {**own.pod_labels, **own.labels}
        here = own.ref.namespace in wanted.namespaces and wanted.selector.items() <= labels.items()
        if here and not ignored(own) and each.name not in _declared(file) and _may_be_listed(each.name, wrong):
            added[each.name] = _workload(each, own.annotations, called, wrong)
    known = {*configuration.plan.steps, *added}
    added = {name: _existing(name, each, known, wrong) for name, each in added.items()}
    full = file.model_copy(update={"workloads": {**file.workloads, **added}})
    try:
        plan = arrange(full.steps())
    except CycleError as error:
        return configuration, (*wrong, f"cannot take what was found: {error}")
    # What is listed is as it was, also where it has been told more, such as which data its owner accepts.
    before = {name: step for name, step in configuration.plan.steps.items() if name != restore.NAME}
    plan = Plan({name: before.get(name, step) for name, step in plan.steps.items()})
    places = {**configuration.places, **dict.fromkeys(added, FOUND)}
    return replace(configuration, file=full, plan=plan, places=places), tuple(wrong)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A workload that may be taken. A database is waited for, and never restarted."""

    name: str
    edges: tuple[Edge, ...] = ()
    restarted: bool = True


def _workloads(found: Findings) -> Iterator[_Candidate]:
    """Yield every workload that was found, whatever it serves."""
    for database in found.databases:
        yield from (_Candidate(str(ref), restarted=False) for ref in database.made)
    for pooler in found.poolers:
        yield _Candidate(str(pooler.deployment), (Edge(f"{names.DATABASE}{pooler.database}", ""),))
    for server in found.servers:
        yield from (_Candidate(str(ref), server.edges, restarted=not server.is_postgres) for ref in server.made)
    yield from (_Candidate(each.name, each.edges) for each in found.workloads)


def _may_be_listed(name: str, wrong: list[str]) -> bool:
    """Whether the file could name it as well, as it could all that Kubernetes itself has let in."""
    try:
        kubernetes.workload(name)
    except ValueError as error:
        wrong.append(f"cannot take {quoted(name, LONGEST_NAME)}: {error}")
        return False
    return True


def _declared(file: File) -> set[str]:
    """Name the workloads that the file knows, also as poolers."""
    poolers = {f"deployment/{file.namespace_of(each)}/{each.deployment}" for each in file.poolers.values()}
    return poolers | set(file.workloads)


def _names(found: Findings, file: File) -> Mapping[str, tuple[str, ...]]:
    """Return what the file calls each step of the findings; where it has none, the workloads that it consists of."""
    places = _places(file)

    def called(service: str, made: Iterable[Ref], namespace: str) -> tuple[str, ...]:
        own = places.get(Ref("service", namespace, service))
        return (own,) if own else tuple(places.get(ref, str(ref)) for ref in made)

    known: dict[str, tuple[str, ...]] = {each.name: (each.name,) for each in found.workloads}
    for database in found.databases:
        known[f"{names.DATABASE}{database.name}"] = called(database.service, database.made, database.namespace)
    for pooler in found.poolers:
        known[f"{names.POOLER}{pooler.name}"] = called(pooler.service, (pooler.deployment,), pooler.namespace)
    for server in found.servers:
        known[f"{names.DEPENDENCY}{server.name}"] = called(server.service, server.made, server.namespace)
    return known


def _places(file: File) -> Mapping[Ref, str]:
    """Return the step that each Service and pooler of the file belongs to, whatever it may be taken for."""
    places: dict[Ref, str] = {}
    for name, dependency in file.dependencies.items():
        places[Ref("service", dependency.namespace or "", dependency.service or "")] = f"{names.DEPENDENCY}{name}"
    for name, database in file.databases.items():
        places[Ref("service", database.namespace, database.service or "")] = f"{names.DATABASE}{name}"
    for name, pooler in file.poolers.items():
        namespace = file.namespace_of(pooler)
        places[Ref("deployment", namespace, pooler.deployment)] = f"{names.POOLER}{name}"
        places[Ref("service", namespace, pooler.service)] = f"{names.POOLER}{name}"
    return {ref: step for ref, step in places.items() if ref.name}


def _workload(
    found: _Candidate, annotations: Mapping[str, str], called: Mapping[str, tuple[str, ...]], wrong: list[str]
) -> Workload:
    """Make the workload as its annotations have it; without them, after what its manifest names."""
    sure = [edge.to for edge in found.edges if edge.known is not Known.GUESSED]
    inferred = [step for to in sure for step in called.get(to, ())]
    data: dict[str, Any] = {}
    try:
        source = _annotated(found, annotations)
        data = source.data
        workload = validate(source, Workload)
        for place, section in workload.tree() if workload else ():
            for where, text in section.problems(place):
                source.complain(where, text)
        source.stop_on_problems()
    except ConfigurationError as error:
        wrong += [f"{found.name}: {PREFIX}{each.path}: {each.text}" for each in error.problems]
        workload = None
    after = [canonical(step) for step in workload.after] if workload and "after" in data else inferred
    own = {} if found.restarted else {"restart": "never"}
    return (workload or Workload()).model_copy(update={"after": list(dict.fromkeys(after)), **own})


def _annotated(found: _Candidate, annotations: Mapping[str, str]) -> Source:
    """Read annotations as the file's keys; ConfigurationError where one is no YAML."""
    source = Source(found.name, read("{}"))
    for name, text in sorted(annotations.items()):
        key = name.removeprefix(PREFIX)
        if not name.startswith(PREFIX) or name == IGNORE:
            continue
        try:
            value = read(text).data
        except UnreadableError as error:
            source.complain((key,), f"cannot be read as YAML: {error}")
            continue
        if key == "after" and isinstance(value, str):
            value = [word.strip() for word in value.split(",")]  # a list in one line, as annotations are
        source.data[key] = value
    return source


def _existing(name: str, workload: Workload, known: set[str], wrong: list[str]) -> Workload:
    """Leave out what the workload cannot come after: itself, and what there is no step of."""
    missing = [step for step in workload.after if step not in known]
    wrong += [f"{name}: {PREFIX}after: cannot be '{step}': no such step" for step in missing]
    return workload.model_copy(update={"after": [step for step in workload.after if step in known and step != name]})
