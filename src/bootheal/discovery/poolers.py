"""The PgBouncers of a cluster, and which database each leads to. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bootheal.discovery import addresses, credentials, environment, images
from bootheal.discovery.databases import service_for
from bootheal.discovery.environment import Setting
from bootheal.discovery.files import by_key
from bootheal.discovery.findings import FoundDatabase, FoundLogin
from bootheal.discovery.operators import CNPG, CRUNCHY, ZALANDO
from bootheal.discovery.places import Places
from bootheal.model import Ref, Service
from bootheal.model.inventory import Address, Box, Controller, Inventory, Mounted, Source

CNPG_POOLER = "cnpg.io/poolerName"

# The files in which PgBouncer finds passwords, by the end of their keys.
_AUTH_FILES = ("userlist.txt", "users.txt")
_CRUNCHY_USER, _CRUNCHY_KEY = "_crunchypgbouncer", "pgbouncer-password"


@dataclass(frozen=True, slots=True)
class Bouncer:
    """A Deployment of PgBouncer: its container, what that is told, its Service, and the port of its pods."""

    controller: Controller
    box: Box
    told: Mapping[str, Setting]
    service: Service | None
    port: int

    @property
    def certified(self) -> bool:
        """Whether it logs in to PostgreSQL by a certificate, as CloudNativePG's does."""
        return CNPG_POOLER in self.controller.pod_labels


def bouncers(places: Places) -> tuple[Bouncer, ...]:
    """Return each PgBouncer that is a workload of its own; one beside an application is that application's."""
    return tuple(_bouncers(places))


def _bouncers(places: Places) -> Iterator[Bouncer]:
    for controller in places.inventory.controllers:
        box = next((box for box in controller.boxes if images.is_pooler(box)), None)
        if box is None or controller.ref.kind != "deployment":
            continue
        others = [other for other in controller.boxes if other is not box and images.may_be_an_application(other)]
        if any(not _watches(other) for other in others):
            continue
        told = environment.settings(box, controller.ref.namespace, places.inventory)
        port = _port(box, told)
        yield Bouncer(controller, box, told, service_for(controller, box, port, places), port)


def _watches(box: Box) -> bool:
    name = images.parse(box.image).name
    return images.is_pooler(box) or any(
        word in f"{name} {box.name}" for word in ("exporter", "metrics", "reload", "config")
    )


def _port(box: Box, told: Mapping[str, Setting]) -> int:
    numbers = {number: name for name, number in box.ports}
    names = ("LISTEN_PORT", "PGBOUNCER_PORT", "PGBOUNCER_LISTEN_PORT", "CONNECTION_POOLER_PORT", "PORT")
    said = next(filter(None, (addresses.port_number(told[name].value) for name in names if name in told)), 0)
    if said and (not numbers or said in numbers):
        return said
    usual = images.pooler_port(box)
    if usual in numbers or not numbers:
        return usual
    named = (
        number for number, name in numbers.items() if any(word in name for word in ("pgb", "pool", "postgres", "sql"))
    )
    return next(named, min(numbers))


def database_of(
    bouncer: Bouncer, found: Sequence[FoundDatabase], leads: Mapping[Ref, str], places: Places
) -> tuple[str, str, Setting | None]:
    """Return the name of the database that a pooler leads to, by what that is known, and the variable that says so.

    `leads`: the database that each Service leads to, by name.
    """
    namespace = bouncer.controller.ref.namespace
    if cluster := _stated(bouncer, places):
        for each in found:
            if each.namespace == namespace and cluster == each.cluster:
                return each.name, f"it belongs to cluster {cluster}", None
    for name, setting in sorted(bouncer.told.items(), key=lambda item: (_rank(item[0]), item[0])):
        for address in setting.addresses:
            place = places.find(address, namespace)
            if place and place.service.ref in leads:
                return leads[place.service.ref], f"{setting.told} is {address}", bouncer.told[name]
    read = [(addresses.in_text(text), told) for text, told in files(bouncer, places)]
    for found_there, told in (*read, *_hidden_files(bouncer, places)):
        for address in found_there:
            place = places.find(address, namespace)
            if place and place.service.ref in leads:
                return leads[place.service.ref], f"{told} names {address}", None
    return "", "", None


def _hidden_files(bouncer: Bouncer, places: Places) -> Iterator[tuple[tuple[Address, ...], str]]:
    """Yield what addresses its files have that are kept in Secrets, and by what that is known."""
    for mounted, key in secret_keys(bouncer, places):
        name = mounted.source.name
        facts = places.inventory.secrets.get(Ref("secret", bouncer.controller.ref.namespace, name))
        if facts and key in facts.addresses:
            yield facts.addresses[key], f"key {key} of secret/{name}"


def _rank(name: str) -> int:
    return 0 if name.upper().endswith(("HOST", "URL", "HOSTNAME", "DSN")) else 1


def _stated(bouncer: Bouncer, places: Places) -> str:
    """Return the cluster that an operator's label or object names."""
    ref, labels = bouncer.controller.ref, bouncer.controller.pod_labels
    if pooler := labels.get(CNPG_POOLER):
        for each in places.inventory.customs:
            cluster = each.spec.get("cluster") if each.ref == Ref("pooler", ref.namespace, pooler) else None
            if isinstance(cluster, Mapping) and isinstance(cluster.get("name"), str):
                return str(cluster["name"])
        return labels.get(CNPG, "")
    return labels.get(CRUNCHY) or labels.get(ZALANDO) or ""


def files(bouncer: Bouncer, places: Places) -> Iterator[tuple[str, str]]:
    """Yield the text of each of its files that can be read, and by what it is known."""
    for mounted, key in _keys(bouncer, places):
        source = mounted.source
        if source.kind == "configmap":
            held = places.inventory.config_maps.get(Ref("configmap", bouncer.controller.ref.namespace, source.name), {})
            yield held.get(key, ""), f"key {key} of configmap/{source.name}"


def _keys(bouncer: Bouncer, places: Places) -> Iterator[tuple[Mounted, str]]:
    """Yield each key that it has as a file, with where that is mounted; then those that an init container copies."""
    namespace, inventory = bouncer.controller.ref.namespace, places.inventory
    for mounted in (mounted for box in (bouncer.box, *bouncer.controller.init) for mounted in box.mounts):
        source = mounted.source
        ref = Ref(source.kind, namespace, source.name)
        secret = inventory.secrets.get(ref)
        held = inventory.config_maps.get(ref, ()) if source.kind == "configmap" else secret.keys if secret else ()
        yield from ((mounted, key) for key in ([source.key] if source.key else sorted(held)))


def credential_of(
    bouncer: Bouncer, setting: Setting | None, clients: Sequence[FoundLogin], places: Places
) -> FoundLogin | None:
    """Return the pooler's own login to PostgreSQL; where several are told, one that no client of it uses."""
    if bouncer.certified:
        return None
    namespace = bouncer.controller.ref.namespace
    for source in _secrets(bouncer):
        facts = places.inventory.secrets.get(Ref("secret", namespace, source.name))
        if facts and _CRUNCHY_KEY in facts.keys:
            told = f"key {_CRUNCHY_KEY} of secret/{source.name}, which it mounts"
            return FoundLogin(source.name, told, "", _CRUNCHY_KEY, "", _CRUNCHY_USER)
    otherwise = "postgres" if images.parse(bouncer.box.image).owner in ("bitnami", "bitnamilegacy", "edoburu") else ""
    if setting and (found := credentials.of_url(setting)):
        return found
    every = credentials.pairs(bouncer.told, bouncer.box)
    prefix = credentials.prefix_of(setting.name) if setting else "PG"
    alike = [pair for pair in every if pair.prefix.strip("_.") == prefix]
    if alike and (found := credentials.of_pair(alike[0], otherwise)):
        return found
    known = {client.place for client in clients}
    logins = {login.place: login for pair in every if (login := credentials.of_pair(pair, otherwise))}
    own = [login for place, login in sorted(logins.items()) if place not in known] or list(logins.values())
    return own[0] if len(own) == 1 else None


def own_login(deployment: Ref, inventory: Inventory) -> FoundLogin | None:
    """Return what a PgBouncer is told to log in to PostgreSQL with, wherever that leads; None where it is not clear."""
    places = Places(by_key(inventory))
    for bouncer in bouncers(places):
        if bouncer.controller.ref == deployment:
            urls = (setting for _, setting in sorted(bouncer.told.items()) if credentials.of_url(setting))
            return credential_of(bouncer, next(urls, None), (), places)
    return None


def _secrets(bouncer: Bouncer) -> list[Source]:
    return [mounted.source for mounted in bouncer.box.mounts if mounted.source.kind == "secret"]


def secret_keys(bouncer: Bouncer, places: Places) -> Iterator[tuple[Mounted, str]]:
    """Yield each key of a Secret among them."""
    return ((mounted, key) for mounted, key in _keys(bouncer, places) if mounted.source.kind == "secret")


def list_of(bouncer: Bouncer, places: Places) -> str:
    """Return where its list of passwords comes from, wherever that is: "" where it has none, or none is known."""
    for mounted, key in _keys(bouncer, places):
        if _lists(key):
            return f"key {key} of {mounted.source.kind}/{mounted.source.name}"
    writes = (box for box in bouncer.controller.init if any(file in word for word in box.words for file in _AUTH_FILES))
    return next((f"container {box.name}, which writes it" for box in writes), "")


def _lists(key: str) -> bool:
    return key.endswith(_AUTH_FILES)


def auth_file_of(bouncer: Bouncer, places: Places) -> tuple[tuple[str, str], str] | None:
    """Return the Secret and key that its auth_file comes from, and the file's path ("": not known).

    Not what an init container copies: that stays as it was then.
    """
    for mounted, key in secret_keys(bouncer, places):
        if _lists(key) and mounted in bouncer.box.mounts:
            source = mounted.source
            return (source.name, key), mounted.path if source.key else f"{mounted.path.rstrip('/')}/{key}"
    for setting in bouncer.told.values():
        if setting.secret and _lists(setting.secret.key):
            return (setting.secret.name, setting.secret.key), ""
    return None
