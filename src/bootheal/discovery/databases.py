"""The PostgreSQLs of a cluster: of operators, of charts, and plain ones. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bootheal.discovery import credentials, environment, images, operators, postgres, waits
from bootheal.discovery.findings import FoundDatabase
from bootheal.discovery.places import Places, leads_to
from bootheal.discovery.postgres import Server
from bootheal.model import Ref, Service
from bootheal.model.inventory import Address, Box, Controller
from bootheal.probes import Exec

_NAMES = ("POSTGRES_DB", "POSTGRESQL_DATABASE", "POSTGRES_DATABASE", "POSTGRESQL_DB")

# By what images are told that they follow another server, and which; and by which word that they lead all the same.
_FOLLOWED = (
    "POSTGRESQL_MASTER_HOST", "POSTGRES_MASTER_HOST", "POSTGRESQL_PRIMARY_HOST", "POSTGRES_PRIMARY_HOST",
    "POSTGRES_MASTER_SERVICE_HOST", "PRIMARY_HOST", "MASTER_HOST", "PG_MASTER_HOST", "PG_PRIMARY_HOST",
    "REPLICATE_FROM", "REPLICATION_HOST",
)  # fmt: skip
# What a server's own probe says of its database, though others have the name from a Secret.
_ASKED_FOR = re.compile(
    r"\b(?:pg_isready|psql)\b[^|;&\n]{0,200}?\s(?:-d|--dbname)[\s=]*[\"']?(?:dbname=)?(?P<name>\w[\w.-]*)(?=[\"'\s]|$)"
)
_COPIES = "pg_basebackup"
_STOLON = "STKEEPER_CLUSTER_NAME"
_MODES, _LEADS = ("POSTGRESQL_REPLICATION_MODE", "POSTGRES_REPLICATION_MODE", "PG_MODE"), ("master", "primary")


def databases(places: Places) -> tuple[FoundDatabase, ...]:
    """Return each database once, however many workloads it consists of; its name is not yet the only one."""
    every = postgres.servers(places)
    found = [*operators.cnpg(places), *operators.crunchy(places, every), *operators.zalando(places, every)]
    taken = {ref for database in found for ref in database.made}
    said = {each.controller.ref: primary for each in every if (primary := _follows(each, places))}
    known = {*taken, *(each.controller.ref for each in every)}
    follows = {ref: leader for ref in said if (leader := _leader(ref, said)) in known}
    rest = [each for each in every if each.controller.ref not in {*taken, *follows} and not _is_standby(each, every)]
    unknown = {ref: leader for ref in said if (leader := _leader(ref, said)) and leader not in known}
    lost = {ref for ref, leader in unknown.items() if _has_its_port(leader, places)}
    found += [_plain(each, places, every, lost=each.controller.ref in lost) for each in rest]
    return tuple(
        sorted((_with_standbys(each, follows) for each in found), key=lambda each: (each.name, each.namespace))
    )


def _plain(server: Server, places: Places, every: tuple[Server, ...], *, lost: bool) -> FoundDatabase:
    """Return it; `lost`: what it follows opens PostgreSQL's port, but is not known to be one."""
    controller, box = server.controller, server.box
    port = server.port
    service = service_for(controller, box, port, places)
    admin = postgres.admin_of(server)
    told = [name for name in _NAMES if name in server.told]
    dbname, by = credentials.most(credentials.name_in(server.told[name]) for name in told), next(iter(told), "")
    if told and not dbname:  # only a Secret has it; but it may be asked for
        dbname, by = _asked_for(box), "the readinessProbe"
    follows = _follows_outside(server, places, anywhere=lost)
    notes = () if admin else (postgres.why_none(server),)
    shares = [each for each in every if each is not server and _is_standby(each, every) and _same(each, server)]
    return FoundDatabase(
        name=service.ref.name if service else controller.ref.name,
        cluster=server.told[_STOLON].value if _STOLON in server.told else "",
        namespace=controller.ref.namespace,
        told=f"{controller.ref} has image {box.image}",
        service=service.ref.name if service else "",
        selector={} if service else controller.pod_labels,
        port=_declared(service, port, box),
        dbname=dbname,
        dbname_told=f"{by} of {controller.ref}",
        admin=admin,
        client=postgres.own_client(server, admin),
        notes=notes,
        made=(controller.ref, *(each.controller.ref for each in shares)),
        follows=follows,
        probe=None
        if admin and not follows
        else Exec(("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)), box.name),
    )


def _asked_for(box: Box) -> str:
    """Return the database that its own readinessProbe asks for, "" where it names none."""
    found = _ASKED_FOR.search(" ".join(box.question.command)) if box.question else None
    return found["name"] if found else ""


def _with_standbys(database: FoundDatabase, follows: Mapping[Ref, Ref]) -> FoundDatabase:
    """Add the workloads that say that they follow it: they take no writes, and are no database of their own."""
    own = frozenset(database.made)
    standbys = sorted(ref for ref, primary in follows.items() if primary in own and ref not in own)
    return replace(database, made=(*database.made, *standbys))


def _followed(server: Server, places: Places) -> Iterator[tuple[str, Address]]:
    """Yield whom a server is told to follow, or copies, each by what tells so; nobody where it is told to lead."""
    if next((server.told[name].value for name in _MODES if name in server.told), "") in _LEADS:
        return
    namespace = server.controller.ref.namespace
    for box in (*server.controller.init, server.box):
        known = environment.settings(box, namespace, places.inventory)
        words = [environment.filled(word, known, namespace, places.inventory) for word in box.words]
        for waited in waits.waited_for(box, words):
            if waited.told == _COPIES and waited.address:
                yield _COPIES, waited.address
    for name in _FOLLOWED:
        if name in server.told:
            yield from ((name, address) for address in server.told[name].addresses)


def _follows_outside(server: Server, places: Places, *, anywhere: bool) -> str:
    """Return what tells a server to follow one that is not in this cluster, or `anywhere`; "" where nothing does."""
    for name, address in _followed(server, places):
        parts = address.host.split(".")  # a name of this cluster whose Service is not there is no server elsewhere
        outside = len(parts) > 1 and "svc" not in parts
        if anywhere or (outside and places.find(address, server.controller.ref.namespace) is None):
            return f"{name} of {server.controller.ref} is {address}"
    return ""


def _follows(server: Server, places: Places) -> Ref | None:
    """Return the workload whose PostgreSQL a server is told to follow, None where that is not another one here."""
    for _, address in _followed(server, places):
        place = places.find(address, server.controller.ref.namespace)
        behind = places.behind(place.service) if place else ()
        if behind and server.controller not in behind:
            return behind[0].ref
    return None


def _has_its_port(ref: Ref, places: Places) -> bool:
    """Whether Services lead to PostgreSQL's port of a workload."""
    return any(images.USUAL_POSTGRES in places.opened(each) for each in places.inventory.controllers if each.ref == ref)


def _leader(ref: Ref, said: Mapping[Ref, Ref]) -> Ref | None:
    """Return whom a server follows in the end, None where those that follow one another are a circle."""
    passed = set[Ref]()
    while ref in said and ref not in passed:
        passed.add(ref)
        ref = said[ref]
    return None if ref in passed else ref


def _is_standby(server: Server, every: tuple[Server, ...]) -> bool:
    """Bitnami's read replicas, which are no database of their own."""
    labels = server.controller.pod_labels
    part = labels.get("app.kubernetes.io/component") or labels.get("role")
    replica = part in ("read", "replica", "secondary", "standby", "slave")
    return replica and any(_same(each, server) and each is not server for each in every)


def _same(one: Server, other: Server) -> bool:
    keys = ("app.kubernetes.io/instance", "app.kubernetes.io/name", "release", "app")
    mine, its = one.controller.pod_labels, other.controller.pod_labels
    namespace = one.controller.ref.namespace == other.controller.ref.namespace
    return namespace and any(key in mine for key in keys) and all(mine.get(key) == its.get(key) for key in keys)


def service_for(controller: Controller, box: Box, port: int, places: Places) -> Service | None:
    """Return the Service in front of a port of a workload: one that leads nowhere else, if there is one.

    Of several one with an address of its own.
    """
    found = [each for each in places.in_front(controller) if leads_to(each, port, (box, *controller.boxes))]
    alone = (each for each in found if len(places.behind(each)) == 1)
    return next(alone, found[0] if found else None)


def _declared(service: Service | None, port: int, box: Box) -> int:
    """Return the port to write: 0 where the Service's first one leads there, as it is taken anyway."""
    first = leads_to(service, port, [box]) if service else 0
    usual = service.ports[0][0] == first if service and service.ports else port == images.USUAL_POSTGRES
    return 0 if usual else port
