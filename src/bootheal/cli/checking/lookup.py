"""What `check` looks up of what a step names, besides what the step itself would look at: does it all exist?"""

import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from bootheal.adapters.bounded import NAMES
from bootheal.cli.checking.diagnostic import Diagnostic
from bootheal.config import Configuration, names
from bootheal.config.nearby import near, near_key
from bootheal.config.rights import parts
from bootheal.dependencies import flux
from bootheal.dependencies.dependency import Dependency
from bootheal.dependencies.hook import Reconcile
from bootheal.discovery.poolers import own_login
from bootheal.errors import BoothealError, MissingError, PermanentError
from bootheal.model import WORKLOADS, Login, Ref
from bootheal.model.inventory import Inventory
from bootheal.model.quoted import quoted
from bootheal.pgbouncer.observation import PoolerObservation
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.ports import World
from bootheal.postgres.database import DatabaseStep
from bootheal.probes import Url
from bootheal.step import Observation, Step

RESOLVED_WITHIN_SECONDS = 5.0

Around = Callable[[], Inventory]
"""What is in the cluster, read when it is first asked for. What could not be read is a gap."""


def named(step: Step[Any], world: World, place: str, around: Around) -> Iterator[Diagnostic]:
    """Look up each Secret, workload, Service, object of Flux and host that the step names."""
    for part in dict.fromkeys(each for each in parts(step) if isinstance(each, Login | Ref | Reconcile | Url)):
        try:
            yield from _part(part, step.name, world, place, around)
        except MissingError as error:
            yield Diagnostic("problem", step.name, place, str(error), _hint(part, error, around()))
        except PermanentError as error:
            yield Diagnostic("problem", step.name, place, str(error), error.hint)
        except BoothealError:
            continue  # the step's own look says so
    for ref in _services(step):
        try:
            world.cluster.service(ref.namespace, ref.name)
        except MissingError as error:
            yield Diagnostic("problem", step.name, place, str(error), _hint(ref, error, around()))
        except BoothealError:
            continue


def _part(
    part: Login | Ref | Reconcile | Url, step: str, world: World, place: str, around: Around
) -> Iterator[Diagnostic]:
    match part:
        case Login(secret=secret):
            taken = world.secrets.credentials(part).keys
            if not (part.user_key or part.password_key or part.url_key) and set(taken) - {"username", "password"}:
                yield Diagnostic("note", step, place, f"of {secret} it takes {' and '.join(taken)}")
        case Ref(kind=kind) if kind in WORKLOADS:
            world.cluster.workload(part)
        case Reconcile(what):
            yield from _flux(what, step, place, around())
        case Url(url=url, address="") if host := urlsplit(url).hostname:
            yield from _host(host, step, place)
        case _:
            pass


def _flux(what: Ref, step: str, place: str, inventory: Inventory) -> Iterator[Diagnostic]:
    if what in {each.ref for each in inventory.customs}:
        return
    _, plural = flux.RESOURCES[what.kind]
    if gap := next((each for each in inventory.gaps if plural in each or not inventory.controllers), ""):
        yield Diagnostic("note", step, place, f"could not be looked up: {gap}")
        return
    yield Diagnostic(
        "problem", step, place, f"cannot find {what}", near(what, inventory) or "is it an object of Flux here?"
    )


def _host(host: str, step: str, place: str) -> Iterator[Diagnostic]:
    """Ask this host's resolver, as whoever opens the front door here would."""
    try:
        NAMES.find(host, 0, RESOLVED_WITHIN_SECONDS)
    except OSError as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else str(error)
        hint = "where only others can resolve it, say where it leads to: address: 192.0.2.1"
        yield Diagnostic("problem", step, place, f"cannot find host {quoted(host, 100)}: {reason}", hint)


def _services(step: Step[Any]) -> Iterator[Ref]:
    match step:
        case DatabaseStep(database=database) if database.service:
            yield Ref("service", database.namespace, database.service)
        case PoolerStep(pooler=pooler):
            yield Ref("service", pooler.deployment.namespace, pooler.service)
        case Dependency(namespace=namespace, service=service) if service:
            yield Ref("service", namespace, service)
        case _:
            pass


def _hint(part: Login | Ref | Reconcile | Url, error: BoothealError, inventory: Inventory) -> str:
    match part:
        case Login(secret=secret):
            alike = near(secret, inventory) or near_key(part, inventory)
        case Ref():
            alike = near(part, inventory)
        case _:
            alike = ""
    return alike or error.hint


def wrong_roles(
    configuration: Configuration, world: World, around: Around, seen: Mapping[str, Observation]
) -> Iterator[Diagnostic]:
    """Warn of poolers that log in to PostgreSQL as somebody else than the file says.

    Known by what was `seen` of them on their consoles, by name of the step, else by their Deployments.
    """
    for name, pooler in configuration.file.poolers.items():
        if pooler.credential is None:
            continue
        namespace = configuration.file.namespace_of(pooler)
        ours = _user(pooler.credential.build(namespace), world)
        deployment = Ref("deployment", namespace, pooler.deployment)
        forced = _forced(seen.get(f"{names.POOLER}{name}"))
        theirs, told, hint = forced or _declared(deployment, world, around())
        if ours and theirs and ours != theirs:
            others = f"{deployment} logs in as {quoted(theirs, 60)} ({told})"
            text = f"its credential is of role {quoted(ours, 60)}, and {others}"
            place = configuration.place(("poolers", name, "credential"))
            yield Diagnostic("warning", f"{names.POOLER}{name}", place, text, hint)


def _forced(seen: Observation | None) -> tuple[str, str, str] | None:
    """Return the role that a pooler's console names, by what that is known, and what to do; None without one."""
    if isinstance(seen, PoolerObservation):
        for pod in seen.pods:
            if pod.console and (role := pod.console.forced_user):
                return role, f"the console of {pod.ref} says so", f"name the Secret of role {quoted(role, 60)}"
    return None


def _declared(deployment: Ref, world: World, inventory: Inventory) -> tuple[str, str, str]:
    """Return likewise what the Deployment is told to log in with, "" where that is not clear."""
    if (found := own_login(deployment, inventory)) is None:
        return "", "", ""
    secret = Ref("secret", deployment.namespace, found.secret)
    login = Login(secret, found.user_key, found.password_key, found.user, found.url_key)
    hint = f"credential: {{secret: {found.secret}}} would be the one whose password matters"
    return _user(login, world), quoted(found.told, 160), hint


def _user(login: Login, world: World) -> str:
    try:
        return world.secrets.credentials(login).user
    except BoothealError:
        return ""  # told where it is looked up
