"""The PostgreSQLs of a cluster: of operators, of charts, and plain ones. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bootheal.discovery import credentials, environment, images
from bootheal.discovery.environment import Setting
from bootheal.discovery.findings import FoundDatabase, FoundLogin
from bootheal.discovery.places import Places, leads_to
from bootheal.model import Ref, Service
from bootheal.model.inventory import Box, Controller
from bootheal.model.numbers import port as port_of
from bootheal.probes import Exec

CNPG, CRUNCHY, ZALANDO = "cnpg.io/cluster", "postgres-operator.crunchydata.com/cluster", "cluster-name"
CRUNCHY_DATA = "postgres-operator.crunchydata.com/data"
CNPG_ROLES = ("cnpg.io/instanceRole", "role")

SUPERUSER = "postgres"

# By what images and operators tell the server of its superuser: password, user (who is else `postgres`).
_ADMINS = (
    ("PATRONI_SUPERUSER_PASSWORD", ("PATRONI_SUPERUSER_USERNAME",)),
    ("PGPASSWORD_SUPERUSER", ("PGUSER_SUPERUSER",)),
    ("POSTGRES_POSTGRES_PASSWORD", ()),
    ("POSTGRESQL_POSTGRES_PASSWORD", ()),
    ("POSTGRESQL_ADMIN_PASSWORD", ()),
    ("POSTGRES_PASSWORD", ("POSTGRES_USER", "POSTGRES_USERNAME")),
    ("POSTGRESQL_PASSWORD", ("POSTGRESQL_USERNAME", "POSTGRESQL_USER")),
    ("PGPASSWORD", ("PGUSER",)),
)
_NAMES = ("POSTGRES_DB", "POSTGRESQL_DATABASE", "POSTGRES_DATABASE", "POSTGRESQL_DB")
_PLAIN = "its password stands in the manifest: put it in a Secret that the container refers to, then run init again"


@dataclass(frozen=True, slots=True)
class Server:
    """A workload that is, or holds, a PostgreSQL: the container, and what that is told."""

    controller: Controller
    box: Box
    told: Mapping[str, Setting]


def servers(places: Places) -> tuple[Server, ...]:
    """Return every workload with a PostgreSQL in it."""
    inventory = places.inventory
    return tuple(
        Server(each, box, environment.settings(box, each.ref.namespace, inventory))
        for each in inventory.controllers
        if each.ref.kind in ("statefulset", "deployment")
        for box in [next((box for box in each.boxes if images.is_postgres(box)), None)]
        if box
    )


def databases(places: Places) -> tuple[FoundDatabase, ...]:
    """Return each database once, however many workloads it consists of; its name is not yet the only one."""
    every = servers(places)
    found = [*_cnpg(places), *_crunchy(places, every), *_zalando(places, every)]
    taken = {ref for database in found for ref in database.made}
    rest = [each for each in every if each.controller.ref not in taken and not _is_standby(each, every)]
    found += [_plain(each, places, every) for each in rest]
    return tuple(sorted(found, key=lambda each: (each.name, each.namespace)))


# -- operators ---------------------------------------------------------------------------------------------------


def _cnpg(places: Places) -> Iterator[FoundDatabase]:
    """CloudNativePG makes pods itself: its Cluster, or the Service of the primary, tells of it."""
    stated = {
        (each.ref.namespace, each.ref.name): each.spec
        for each in places.inventory.customs
        if each.ref.kind == "cluster"
    }
    for service in places.inventory.services:
        cluster = service.selector.get(CNPG, "")
        leads = any(service.selector.get(role) == "primary" for role in CNPG_ROLES)
        if not cluster or not leads or service.ref.name != f"{cluster}-rw":
            continue
        spec = stated.get((service.ref.namespace, cluster), {})
        start = _mapping(_mapping(spec, "bootstrap"), "initdb") or _mapping(_mapping(spec, "bootstrap"), "recovery")
        admin = None
        if spec.get("enableSuperuserAccess"):
            name = _mapping(spec, "superuserSecret").get("name") or f"{cluster}-superuser"
            admin = FoundLogin(str(name), f"enableSuperuserAccess of cluster {cluster}", "username", "password")
        elif isinstance(name := _mapping(start, "secret").get("name"), str):
            admin = FoundLogin(name, f"bootstrap of cluster {cluster}", "username", "password")
        owner = _cnpg_owner(cluster, spec)
        yield FoundDatabase(
            name=cluster,
            cluster=cluster,
            namespace=service.ref.namespace,
            told=f"{service.ref} leads to the primary of CloudNativePG's cluster {cluster}",
            service=service.ref.name,
            dbname=_text(start, "database") or ("app" if spec else ""),
            dbname_told=f"cluster {cluster}",
            admin=admin,
            client=owner,
            notes=() if admin or owner else (f"no login is known: is there secret/{cluster}-app, for its `admin`?",),
        )


def _cnpg_owner(cluster: str, spec: Mapping[str, object]) -> FoundLogin | None:
    """Return the owner of the database that the operator makes, where no Secret is declared for it: then it makes one.

    Not where the data comes from elsewhere, with its logins.
    """
    bootstrap = _mapping(spec, "bootstrap")
    if (
        not spec
        or spec.get("replica")
        or not ({*bootstrap} <= {"initdb"})
        or _mapping(bootstrap, "initdb").get("secret")
    ):
        return None
    return FoundLogin(f"{cluster}-app", f"cluster {cluster} makes it for the database's owner", "username", "password")


def _crunchy(places: Places, every: tuple[Server, ...]) -> Iterator[FoundDatabase]:
    """One StatefulSet for each member; the Service NAME-primary leads to whoever leads."""
    for (namespace, cluster), members in _by_label(every, CRUNCHY).items():
        service = next(
            (found for name in (f"{cluster}-primary", f"{cluster}-ha") if (found := places.service(namespace, name))),
            None,
        )
        spec = next(
            (each.spec for each in places.inventory.customs if each.ref == Ref("postgrescluster", namespace, cluster)),
            {},
        )
        labels = members[0].controller.pod_labels
        users = [user for user in spec.get("users") or () if isinstance(user, Mapping)]
        names = [str(name) for user in users for name in user.get("databases") or ()]
        yield FoundDatabase(
            name=cluster,
            cluster=cluster,
            namespace=namespace,
            told=f"label {CRUNCHY}: {cluster}",
            service=service.ref.name if service else "",
            selector={key: labels[key] for key in (CRUNCHY, CRUNCHY_DATA) if key in labels} or {CRUNCHY: cluster},
            port=_port(members[0].box),
            dbname=names[0] if names else cluster if not spec or not users else "",
            dbname_told=f"postgrescluster {cluster}",
            made=tuple(each.controller.ref for each in members),
        )


def _zalando(places: Places, every: tuple[Server, ...]) -> Iterator[FoundDatabase]:
    """Spilo under the operator: the Service is called as the cluster is, and has a selector only since 2.0."""
    spilo = tuple(each for each in every if _is_spilo(each))
    for (namespace, cluster), members in _by_label(spilo, ZALANDO).items():
        first = members[0]
        spec = next(
            (each.spec for each in places.inventory.customs if each.ref == Ref("postgresql", namespace, cluster)), {}
        )
        service = places.service(namespace, cluster)
        labels = first.controller.pod_labels
        selector = {key: labels[key] for key in ("application", ZALANDO) if key in labels}
        names = sorted(_mapping(spec, "databases"))
        yield FoundDatabase(
            name=cluster,
            cluster=cluster,
            namespace=namespace,
            told=f"{first.controller.ref} is Spilo, label {ZALANDO}: {cluster}",
            service=service.ref.name if service else "",
            selector=selector or first.controller.pod_labels,
            port=_port(first.box),
            dbname=names[0] if names else "",
            dbname_told=f"postgresql {cluster}",
            admin=admin_of(first),
            made=tuple(each.controller.ref for each in members),
        )


def _is_spilo(server: Server) -> bool:
    labels = server.controller.pod_labels
    image = images.parse(server.box.image).name.startswith("spilo")
    return ZALANDO in labels and (
        image or labels.get("application") == "spilo" or "PGPASSWORD_SUPERUSER" in server.told
    )


def _by_label(every: tuple[Server, ...], label: str) -> Mapping[tuple[str, str], list[Server]]:
    found: dict[tuple[str, str], list[Server]] = {}
    for each in every:
        if cluster := each.controller.pod_labels.get(label) or each.controller.labels.get(label):
            found.setdefault((each.controller.ref.namespace, cluster), []).append(each)
    return dict(sorted(found.items()))


# -- charts, and by hand -----------------------------------------------------------------------------------------


def _plain(server: Server, places: Places, every: tuple[Server, ...]) -> FoundDatabase:
    controller, box = server.controller, server.box
    port = _port(box)
    service = service_for(controller, box, port, places)
    admin = admin_of(server)
    dbname = next((server.told[name].value for name in _NAMES if name in server.told and server.told[name].value), "")
    notes = () if admin else (_why_none(server),)
    shares = [each for each in every if each is not server and _is_standby(each, every) and _same(each, server)]
    return FoundDatabase(
        name=service.ref.name if service else controller.ref.name,
        namespace=controller.ref.namespace,
        told=f"{controller.ref} has image {box.image}",
        service=service.ref.name if service else "",
        selector={} if service else controller.pod_labels,
        port=_declared(service, port, box),
        dbname=dbname,
        dbname_told=f"{next((name for name in _NAMES if name in server.told), '')} of {controller.ref}",
        admin=admin,
        client=_own_client(server, admin),
        notes=notes,
        made=(controller.ref, *(each.controller.ref for each in shares)),
        probe=None if admin else Exec(("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)), box.name),
    )


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
    """Return the Service in front of a port of a workload: one with an address of its own, if there is one."""
    return next((each for each in places.in_front(controller) if leads_to(each, port, (box, *controller.boxes))), None)


def _declared(service: Service | None, port: int, box: Box) -> int:
    """Return the port to write: 0 where the Service's first one leads there, as it is taken anyway."""
    first = leads_to(service, port, [box]) if service else 0
    usual = service.ports[0][0] == first if service and service.ports else port == images.USUAL_POSTGRES
    return 0 if usual else port


def _port(box: Box) -> int:
    numbers = {number: name for name, number in box.ports}
    told = {each.name: getattr(each, "value", "") for each in box.environment if hasattr(each, "name")}
    said = next(
        (told[name] for name in ("PGPORT", "POSTGRESQL_PORT_NUMBER", "PORT") if told.get(name, "").isdecimal()), ""
    )
    if (number := port_of(said)) and (not numbers or number in numbers):
        return number
    if images.USUAL_POSTGRES in numbers or not numbers:
        return images.USUAL_POSTGRES
    return next(
        (number for number, name in numbers.items() if "postgres" in name or name in ("db", "pg")), min(numbers)
    )


def admin_of(server: Server) -> FoundLogin | None:
    """Return the Secret that the server's own container has its superuser's password from."""
    for password, users in _ADMINS:
        setting = _setting(server, password)
        if setting is None or setting.secret is None:
            continue
        user = next((found for name in users if (found := _setting(server, name))), None)
        return credentials.login(setting, user, SUPERUSER)
    return None


def _own_client(server: Server, admin: FoundLogin | None) -> FoundLogin | None:
    """Return the application's role where the server's container makes one beside the superuser, as Bitnami's does."""
    for password, users in _ADMINS[5:7]:
        setting = _setting(server, password)
        user = next((found for name in users if (found := _setting(server, name))), None)
        own = credentials.login(setting, user) if setting and user else None
        if own and admin and own.place != admin.place:
            return own
    return None


def _setting(server: Server, name: str) -> Setting | None:
    """Return a setting, or what is in the file that it names."""
    if setting := server.told.get(name):
        return setting
    file = server.told.get(f"{name}_FILE")
    return credentials.in_file(file, server.box) if file else None


def _why_none(server: Server) -> str:
    told = server.told.get("POSTGRES_PASSWORD") or server.told.get("POSTGRESQL_PASSWORD")
    if told and told.secret is None:
        return _PLAIN
    return "no Secret could be found that holds its superuser's password: name it as `admin`"


def _mapping(spec: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = spec.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(spec: Mapping[str, object], key: str) -> str:
    value = spec.get(key)
    return value if isinstance(value, str) else ""
