"""One look at all that the next boot begins from: the cluster, its databases and poolers, this machine, bootheal."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bootheal.adapters import history
from bootheal.adapters.machine.k3s import asked_themselves
from bootheal.adapters.machine.read import ROOT, credential, machine_facts, mode
from bootheal.adapters.scope import Scope
from bootheal.adapters.systemctl import Commands, Unit
from bootheal.adapters.together import together
from bootheal.adapters.upgrades import upgrades
from bootheal.cli.checking.allowed import wanted
from bootheal.cli.looking.scene import look
from bootheal.cli.streams import warn
from bootheal.cli.wiring import kubeconfig_file, open_inventory
from bootheal.config import Configuration
from bootheal.errors import BoothealError, MissingError
from bootheal.history.boots import habits, recoveries
from bootheal.model import Answer, Ref
from bootheal.model.machine import MachineFacts
from bootheal.model.prospect import Prospect
from bootheal.model.scene import Scene
from bootheal.pgbouncer.credential import Credential
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.ports import World
from bootheal.postgres.database import DatabaseStep
from bootheal.preflight import Forecast, Seen, databases, forecast, poolers
from bootheal.preflight.databases import DatabaseFacts
from bootheal.preflight.own import OwnFacts
from bootheal.preflight.places import on_node
from bootheal.preflight.registries import needed
from bootheal.preflight.waits import WaitFacts

# Nobody waits for it as for the doctor: what is not looked at would be half a comfort.
PATIENCE = 4.0
SERVERS_SECONDS = 30.0
REGISTRY_SECONDS, REGISTRIES_SECONDS = 2.0, 4.0

OURS = "bootheal.service"
HEALED, HEALED_BY = "bootheal-healed.target", "bootheal-healed.service"
K3S = "k3s"


def foreseen(configuration: Configuration, world: World, scope: Scope) -> Forecast:
    """Look at everything that is to be had, and judge it."""
    return forecast(seen(configuration, world, scope))


def seen(configuration: Configuration, world: World, scope: Scope) -> Seen:
    """Look; what could not be had is a gap."""
    namespaces = configuration.file.namespaces()
    scene = look(world, scope, namespaces, PATIENCE)
    questions: dict[tuple[str, str], Callable[[], Any]] = {
        ("prospect", "what pods declare"): partial(world.prospects.prospect, namespaces),
        ("own", "this host"): partial(_own, configuration),
        ("rights", "what bootheal may do"): lambda: tuple(_refused(configuration, world)),
        ("machine", "this machine"): partial(_machine, configuration),
        ("waits", "who waits for whom"): partial(_waits, configuration, namespaces),
        **_servers(configuration, world),
    }
    answers = together(scope, questions, SERVERS_SECONDS)
    failed = {name: answer for (_, name), answer in answers.items() if isinstance(answer, BoothealError)}
    missing = {name: answer for name, answer in failed.items() if "/" in name and isinstance(answer, MissingError)}
    good = [(kind, answer) for (kind, _), answer in answers.items() if not isinstance(answer, BoothealError)]

    def of(kind: str, otherwise: Any) -> Any:
        return next((answer for each, answer in good if each == kind), otherwise)

    prospect: Prospect = of("prospect", Prospect())
    doors = _doors(configuration, world, needed(scene, prospect))
    return Seen(
        scene=scene,
        prospect=replace(prospect, silent=_silent(world, scope, doors)),
        databases=tuple(
            _with_mode(configuration, scene, prospect, answer) for kind, answer in good if kind == "database"
        ),
        poolers=tuple(answer for kind, answer in good if kind == "pooler"),
        own=replace(of("own", OwnFacts()), refused=of("rights", ())),
        machine=of("machine", MachineFacts()),
        waits=of("waits", WaitFacts()),
        missing=tuple((name, str(error)) for name, error in missing.items()),
        gaps=tuple(f"{name}: {error}" for name, error in failed.items() if name not in missing),
    )


def _with_mode(
    configuration: Configuration, scene: Scene, prospect: Prospect, database: DatabaseFacts
) -> DatabaseFacts:
    """Add who may come at a database's files, where they are in a directory of this machine that we can see."""
    pod = database.pod
    if pod is None or configuration.file.cluster.kind != K3S or not _is_this_machine(configuration):
        return database
    return replace(database, mode=mode(on_node(database.directory, pod, scene, prospect)))


def _servers(configuration: Configuration, world: World) -> dict[tuple[str, str], Callable[[], Any]]:
    steps = configuration.plan.steps.values()
    keepers: Mapping[Ref, Credential] = {each.login.secret: each for each in steps if isinstance(each, Credential)}
    questions: dict[tuple[str, str], Callable[[], Any]] = {}
    for step in steps:
        if isinstance(step, DatabaseStep):
            questions["database", step.name] = partial(databases.look, world, step)
        elif isinstance(step, PoolerStep):
            questions["pooler", step.name] = partial(poolers.look, world, step, keepers)
    return questions


def _doors(configuration: Configuration, world: World, registries: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return where to ask for each registry; one whose way is another than its name, or not ours to know, is left out.

    Who pulls images is on the node: only where that is this host does it find the same registry as we.
    """
    declared = configuration.file.registry
    known: dict[str, tuple[str, ...]] = dict.fromkeys(declared.names(), (declared.url,)) if declared else {}
    if world.direct:
        direct = asked_themselves(registries, ROOT)
        known = {each: (f"http://{each}", f"https://{each}") for each in direct} | known
    return {each: known[each] for each in registries if each in known}


def _silent(world: World, scope: Scope, doors: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return which registries do not answer, and why."""
    answers = together(scope, {name: partial(_answer, world, urls) for name, urls in doors.items()}, REGISTRIES_SECONDS)
    failed = {name: answer for name, answer in answers.items() if isinstance(answer, BoothealError) or not answer.spoke}
    return {name: answer.text if isinstance(answer, Answer) else str(answer) for name, answer in failed.items()}


def _answer(world: World, urls: tuple[str, ...]) -> Answer:
    """Ask for /v2/, as whoever pulls does; whatever it says, it is there."""
    first, *others = (partial(world.web.visit, f"{url.rstrip('/')}/v2/") for url in urls)
    answer = first(REGISTRY_SECONDS, insecure=True)
    for ask in others:
        answer = answer if answer.spoke else ask(REGISTRY_SECONDS, insecure=True)
    return answer


def _waits(configuration: Configuration, namespaces: tuple[str, ...]) -> WaitFacts:
    """Read who waits for whom."""
    from bootheal.discovery.waiting import waiting

    steps = configuration.plan.steps
    with Scope(warn) as scope:
        found = waiting(open_inventory(configuration.file.cluster, scope).inventory(namespaces))
    owned = {ref: ref_name for each in found for ref in (each.owner, each.on) if (ref_name := str(ref)) in steps}
    owned |= {step.pooler.deployment: name for name, step in steps.items() if isinstance(step, PoolerStep)}
    return WaitFacts(waits=found, steps=owned, after=configuration.plan.ancestors)


def _machine(configuration: Configuration) -> MachineFacts:
    """Read what this machine would boot with, where the cluster is on it."""
    cluster = configuration.file.cluster
    file = kubeconfig_file(cluster)
    if not _is_this_machine(configuration):
        return (
            MachineFacts(certificates=credential(file, cluster.context, []), at=time.time()) if file else MachineFacts()
        )
    return machine_facts(cluster.unit if cluster.kind == K3S else "", kubeconfig=file, context=cluster.context)


def _own(configuration: Configuration) -> OwnFacts:
    file = configuration.file
    kept = history.read(file.state_directory)
    return OwnFacts(
        units=tuple(_units(configuration)),
        habits=tuple(habits(kept)),
        recoveries=recoveries(kept),
        upgrades=_upgrades(configuration),
        state_directory=str(file.state_directory),
        state=_unwritable(configuration),
    )


def _upgrades(configuration: Configuration) -> tuple[str, ...]:
    """Return what this machine would boot in another version, where it is this machine that the cluster is on."""
    if not _is_this_machine(configuration):
        return ()
    return tuple(upgrades(*((K3S,) if configuration.file.cluster.kind == K3S else ("dockerd", "containerd"))))


def _is_this_machine(configuration: Configuration) -> bool:
    """Tell whether the cluster is on this machine, as far as that is ours to look at: k3s has a unit then."""
    cluster = configuration.file.cluster
    return cluster.kind == "k3d" or (cluster.kind == K3S and bool(cluster.unit))


def _units(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Yield the units beside the cluster's own that must start by themselves, as far as there are such units here."""
    cluster = configuration.file.cluster
    needed = {"k3s": (OURS,) if cluster.unit else (), "k3d": ("docker.service", OURS)}.get(cluster.kind, ())
    for name in needed:
        if word := Unit(name, Commands()).enabled():
            yield name, word
    if OURS in needed and (word := needed_word(Unit(HEALED, Commands()))):
        yield HEALED, word


def needed_word(target: Unit) -> str:
    """Return systemd's word on a target where somebody waits to be started with it; "" where nobody does.

    Who requires it, and is started by somebody else, starts it, unless it is masked.
    """
    word = target.enabled()
    asked = target.needed_by() if word.startswith("masked") else target.starts() - {HEALED_BY}
    return word if asked else ""


def _refused(configuration: Configuration, world: World) -> Iterator[str]:
    for need in wanted(configuration, world, optional=False):
        if not world.cluster.may(need.right, need.name):
            yield str(need)


def _unwritable(configuration: Configuration) -> str:
    """Say why we could not write there; whoever looks without being the service's user is told nothing."""
    directory = configuration.file.state_directory
    try:
        owner = directory.stat().st_uid
    except OSError:  # not there yet, or not for us to see
        return ""
    if os.geteuid() in (0, owner) and not os.access(directory, os.W_OK):
        return "it is not writable"
    return ""
