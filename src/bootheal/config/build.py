"""A valid file -> steps; and the second look at it: do the names refer to something?"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bootheal.config import database as databases
from bootheal.config import dependency, schema
from bootheal.config import hook as hooks
from bootheal.config import probe as probes
from bootheal.config.login import login, whole_file
from bootheal.config.source import Source, parse, suggestion, validate
from bootheal.engine.plan import CycleError, Plan, arrange, order
from bootheal.errors import ConfigurationError, Problem, UsageError
from bootheal.model import Ref
from bootheal.pgbouncer.credential import Credential
from bootheal.pgbouncer.knowledge import harms
from bootheal.pgbouncer.observation import Pooler
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.platform import dns, gate
from bootheal.platform.components import Allowed
from bootheal.platform.dns import Dns
from bootheal.platform.gate import Gate
from bootheal.platform.node_hosts import NodeHosts
from bootheal.platform.registry import NAME as REGISTRY
from bootheal.platform.registry import Registry
from bootheal.platform.scheduling import Scheduling
from bootheal.pods.cleanup import Cleanup
from bootheal.pods.image_pulls import Images
from bootheal.postgres import disk
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.disk import Disk
from bootheal.postgres.primary import Database
from bootheal.step import Step
from bootheal.workloads.restore import Restore
from bootheal.workloads.workload import WorkloadStep

# What this host calls itself.
LOOPBACK = {"localhost", "127.0.0.1"}


@dataclass(frozen=True)
class Configuration:
    """What a file says: the plan, and how to run it. `warnings` are for the owner to weigh."""

    file: schema.File
    plan: Plan
    warnings: tuple[str, ...] = field(default=())


_READABLE = "the service reads it as the user bootheal: chmod 644, since it holds no secret"
_ANOTHER = "--config names another; config/bootheal.yaml is a sample"


def load(path: Path) -> Configuration:
    """Read a configuration; ConfigurationError holds every problem at once."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        way_out = _READABLE if isinstance(error, PermissionError) else _ANOTHER
        text = f"cannot be read: {reason} ({way_out})"
        raise ConfigurationError(str(path), [Problem(1, 1, "the file", text)]) from None
    source = parse(str(path), text)
    file = validate(source, schema.File)
    _check_names(source)
    if file is None:
        source.stop_on_problems()
        raise AssertionError("validation failed without a problem")
    _check_sense(source, file)
    source.stop_on_problems()
    return Configuration(file, arrange(_steps(file)), tuple(_warnings(source, file)))


def accept_data(configuration: Configuration, names: Iterable[str], at: float) -> Configuration:
    """Take note that the owner accepts the data of these databases as it is; UsageError where there is no such one."""
    steps = dict(configuration.plan.steps)
    for name in names:
        step = steps.get(f"{databases.PREFIX}{name}")
        if not isinstance(step, DatabaseStep):
            near = suggestion(name, configuration.file.databases)
            raise UsageError(f"cannot accept the data of {name!r}: the configuration has no such database{near}")
        steps[step.name] = replace(step, accept=at)
    return replace(configuration, plan=Plan(steps))


# --- names ----------------------------------------------------------------------------------------


def _check_names(source: Source) -> None:
    """Check references on the plain data, so that they are reported together with the schema's problems."""
    databases, poolers, workloads = (_section(source, name) for name in ("databases", "poolers", "workloads"))
    for name, pooler in poolers.items():
        wanted = pooler.get("database")
        if isinstance(wanted, str) and wanted not in databases:
            text = f"cannot be {wanted!r}: no such database{suggestion(wanted, databases)}"
            source.complain(("poolers", name, "database"), text)
    gates = {f"{dependency.PREFIX}{name}": section for name, section in _section(source, "gates").items()}
    known = {gate.NAME, *(f"database/{n}" for n in databases), *(f"pooler/{n}" for n in poolers), *workloads, *gates}
    steps = [*workloads, *gates]
    _check_circles(source, {name: _known_after(source, _place(name), known) for name in steps})
    for name in _section(source, "hooks"):
        _known_after(source, ("hooks", name), known)


def _known_after(source: Source, path: tuple[str, str], known: Collection[str]) -> list[str]:
    """Return the steps that something comes after; complain of those that do not exist."""
    section, name = path
    after = _section(source, section)[name].get("after")
    found = []
    for index, wanted in enumerate(after if isinstance(after, list) else ()):
        if not isinstance(wanted, str):
            continue  # the schema says so
        if wanted in known:
            found.append(wanted)
        else:
            source.complain((*path, "after", index), f"cannot be {wanted!r}: no such step{suggestion(wanted, known)}")
    return found


def _place(step: str) -> tuple[str, str]:
    """Say where in the file a gate or a workload is."""
    is_gate = step.startswith(dependency.PREFIX)
    return ("gates", step.removeprefix(dependency.PREFIX)) if is_gate else ("workloads", step)


def _section(source: Source, name: str) -> Mapping[str, Mapping[str, Any]]:
    section = source.data.get(name)
    if not isinstance(section, dict):
        return {}
    return {str(key): value if isinstance(value, dict) else {} for key, value in section.items()}


def _check_circles(source: Source, edges: Mapping[str, list[str]]) -> None:
    try:
        order(edges)
    except CycleError as error:
        source.complain((*_place(error.names[0]), "after"), f"{error}")


def _check_sense(source: Source, file: schema.File) -> None:
    if (file.cluster.kind == "k3d") != (file.cluster.name is not None):
        source.complain(("cluster", "name"), "a k3d cluster has a name, and only a k3d cluster: see `k3d cluster list`")
    if file.registry and file.registry.start == "when-down" and not file.registry.container:
        source.complain(("registry", "start"), "cannot be when-down without a container to start")
    for name, database in file.databases.items():
        databases.check(source, ("databases", name), database)
        if database.mount and file.cluster.kind != "k3s":
            source.complain(("databases", name, "mount"), "cannot be looked at: only on k3s are the disks on this host")
    for name, section in file.gates.items():
        dependency.check(source, ("gates", name), section)
    for name, workload in file.workloads.items():
        if workload.strategy == "scale" and name.startswith("daemonset/"):
            source.complain(("workloads", name, "strategy"), "cannot be 'scale': a DaemonSet has no replicas")
        if workload.probe:
            probes.check(source, ("workloads", name, "probe"), workload.probe)
    for name, hook in file.hooks.items():
        hooks.check(source, ("hooks", name), hook)


def _warnings(source: Source, file: schema.File) -> Iterator[str]:
    for name, pooler in file.poolers.items():
        for key, why in harms(pooler.settings):
            path = ("poolers", name, "settings", key)
            line, column = source.place(path)
            yield f"{source.name}:{line}:{column}: {'.'.join(path)}: {why}"


# --- steps ----------------------------------------------------------------------------------------


def _steps(file: schema.File) -> Iterator[Step[Any]]:
    yield Gate(allowed=_allowed(file.cluster))
    if file.cluster.kind == "k3d":
        yield NodeHosts(after=(gate.NAME,), restore=file.cluster.node_hosts == "restore")
    if file.cluster.kind == "k3d" or file.cluster.uncordon:
        yield Scheduling(after=(gate.NAME,), uncordon=file.cluster.uncordon)
    if file.registry:
        yield from _registry(file.registry, _namespaces(file))
    yield Dns(after=(gate.NAME,))
    if file.cleanup:
        cleanup = file.cleanup
        yield Cleanup(
            after=(gate.NAME,),
            namespaces=tuple(cleanup.namespaces),
            grace=cleanup.grace,
            cap=cleanup.cap,
            reasons=frozenset(cleanup.reasons),
            force_after=cleanup.force_after,
            log_lines=cleanup.log_lines,
        )
    places = {name: databases.build(name, section) for name, section in file.databases.items()}
    yield from _databases(file, places)
    for name, pooler in file.poolers.items():
        yield from _pooler(name, pooler, places[pooler.database])
    for name, other in file.gates.items():
        yield dependency.step(name, other)
    yield from _workloads(file)
    for name, hook in file.hooks.items():
        yield hooks.step(name, hook)


def _workloads(file: schema.File) -> Iterator[Step[Any]]:
    if scaled := tuple(Ref(*name.split("/")) for name, each in file.workloads.items() if each.strategy == "scale"):
        yield Restore(after=(gate.NAME,), workloads=scaled)
    for name, workload in file.workloads.items():
        yield _workload(name, workload)


def _databases(file: schema.File, places: Mapping[str, Database]) -> Iterator[Step[Any]]:
    """Make the databases' steps; their volumes are on this host on k3s, and there their disks come first."""
    here = file.cluster.kind == "k3s"
    for name, section in file.databases.items():
        if here and not section.host:
            where = section.mount or ""
            yield Disk(name=f"{disk.PREFIX}{name}", after=(gate.NAME,), database=places[name], mount=where)
        yield databases.step(section, places[name], on_this_host=here)


def _registry(registry: schema.Registry, namespaces: tuple[str, ...]) -> Iterator[Step[Any]]:
    yield Registry(
        url=registry.url,
        container=registry.container or "",
        start=registry.start == "when-down",
        patience=registry.patience,
    )
    if namespaces:
        names = tuple(registry.images) or _image_names(registry)
        yield Images(after=(gate.NAME, REGISTRY), namespaces=namespaces, registries=names)


def _image_names(registry: schema.Registry) -> tuple[str, ...]:
    """Name the registry as images may, where nobody says how they do."""
    address = urlsplit(registry.url)
    hosts = {address.hostname, registry.container}
    if address.hostname in LOOPBACK:
        hosts |= LOOPBACK
    return tuple(sorted(f"{host}:{address.port}" if address.port else host for host in hosts if host))


def _namespaces(file: schema.File) -> tuple[str, ...]:
    """Return every namespace that the file is about."""
    found = set(file.cleanup.namespaces if file.cleanup else ())
    found |= {database.namespace for database in file.databases.values()}
    found |= {pooler.namespace for pooler in file.poolers.values() if pooler.namespace}
    return tuple(sorted(found | {name.split("/")[1] for name in file.workloads}))


def _allowed(cluster: schema.Cluster) -> Allowed:
    if cluster.kind == "k3d":
        start = {"cluster", "server", "agent", "loadbalancer"} if cluster.start == "when-stopped" else ()
        return Allowed(start=frozenset(start), restart=frozenset({"loadbalancer"}))
    return Allowed(restart=frozenset({"k3s"} if cluster.restart_k3s == "once-per-boot" else ()))


def _pooler(name: str, pooler: schema.Pooler, database: Database) -> Iterator[Step[Any]]:
    namespace = pooler.namespace or database.namespace
    auth_file = whole_file(pooler.auth_file, namespace) if pooler.auth_file else None
    yield Credential(
        name=f"credential/{name}",
        after=(f"database/{database.name}",),
        patience=pooler.patience,
        database=database,
        login=login(pooler.credential, namespace),
        reset=pooler.credential.reset,
        auth_file=auth_file,
    )
    if auth_file:
        yield Credential(
            name=f"credential/{name}/client",
            after=(f"database/{database.name}",),
            patience=pooler.patience,
            database=database,
            login=login(pooler.client, namespace),
            reset="never" if pooler.credential.reset == "never" else "if-wrong",
            auth_file=auth_file,
            verifier_only=True,
        )
    settings_in = pooler.settings_in
    yield PoolerStep(
        name=f"pooler/{name}",
        after=(f"credential/{name}", *((f"credential/{name}/client",) if auth_file else ()), dns.NAME),
        patience=pooler.patience,
        pooler=Pooler(
            deployment=Ref("deployment", namespace, pooler.deployment),
            service=pooler.service,
            dbname=pooler.dbname or database.dbname,
            database=database,
            credential=login(pooler.credential, namespace),
            console=login(pooler.console or pooler.credential, namespace),
            client=login(pooler.client, namespace),
            port=pooler.port or 0,
            settings=pooler.settings,
            settings_in=(Ref("configmap", namespace, settings_in.configmap), settings_in.key) if settings_in else None,
            settings_path=(settings_in or schema.SettingsIn(configmap="none")).path,
            auth_file=auth_file,
            auth_path=pooler.auth_file.path if pooler.auth_file else "",
        ),
    )


def _workload(name: str, workload: schema.Workload) -> WorkloadStep:
    ref = Ref(*name.split("/"))
    return WorkloadStep(
        name=name,
        # What serves in kube-system is what cluster DNS may be waiting for.
        after=(*workload.after, gate.NAME if ref.namespace == dns.SERVICE.namespace else dns.NAME),
        patience=workload.patience,
        workload=ref,
        restart=workload.restart,
        strategy=workload.strategy,
        soak=workload.soak,
        probe=probes.build(workload.probe, ref.namespace) if workload.probe else None,
    )
