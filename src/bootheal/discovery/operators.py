"""The PostgreSQLs of operators: CloudNativePG's, Crunchy's and Zalando's. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from bootheal.discovery import images
from bootheal.discovery.findings import FoundDatabase, FoundLogin
from bootheal.discovery.places import Places
from bootheal.discovery.postgres import Server, admin_of
from bootheal.model import Ref

CNPG, CRUNCHY, ZALANDO = "cnpg.io/cluster", "postgres-operator.crunchydata.com/cluster", "cluster-name"
CRUNCHY_DATA = "postgres-operator.crunchydata.com/data"
CRUNCHY_BACKUPS = "postgres-operator.crunchydata.com/pgbackrest"
CNPG_ROLES = ("cnpg.io/instanceRole", "role")


def cnpg(places: Places) -> Iterator[FoundDatabase]:
    """CloudNativePG makes pods itself: its Cluster, or the Service of the primary, tells of it."""
    for service in places.inventory.services:
        cluster = service.selector.get(CNPG, "")
        leads = any(service.selector.get(role) == "primary" for role in CNPG_ROLES)
        if not cluster or not leads or service.ref.name != f"{cluster}-rw":
            continue
        spec = _stated(places, Ref("cluster", service.ref.namespace, cluster))
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
            follows=_replica(cluster, spec),
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


def _replica(cluster: str, spec: Mapping[str, object]) -> str:
    """Return what says that a Cluster copies another one; since 1.24 it may name the one of them that leads."""
    replica = _mapping(spec, "replica")
    leads = replica.get("primary")
    copies = replica.get("enabled") is True or (
        isinstance(leads, str) and leads != (replica.get("self") or cluster) and replica.get("enabled") is not False
    )
    return f"spec.replica of cluster {cluster}" if copies else ""


def crunchy(places: Places, every: tuple[Server, ...]) -> Iterator[FoundDatabase]:
    """One StatefulSet for each member; the Service NAME-primary leads to whoever leads."""
    for (namespace, cluster), members in _by_label(every, CRUNCHY).items():
        service = next(
            (found for name in (f"{cluster}-primary", f"{cluster}-ha") if (found := places.service(namespace, name))),
            None,
        )
        spec = _stated(places, Ref("postgrescluster", namespace, cluster))
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
            port=members[0].port,
            dbname=names[0] if names else cluster if not spec or not users else "",
            dbname_told=f"postgrescluster {cluster}",
            follows=f"spec.standby of postgrescluster {cluster}" if _mapping(spec, "standby").get("enabled") else "",
            made=(*(each.controller.ref for each in members), *_backups(places, namespace, cluster)),
        )


def _backups(places: Places, namespace: str, cluster: str) -> Iterator[Ref]:
    """Yield where Crunchy's operator keeps a cluster's backups: a StatefulSet of its own, and no application."""
    for each in places.inventory.controllers:
        labels = {**each.labels, **each.pod_labels}
        near = each.ref.kind == "statefulset" and each.ref.namespace == namespace
        if near and CRUNCHY_BACKUPS in labels and labels.get(CRUNCHY) == cluster:
            yield each.ref


def zalando(places: Places, every: tuple[Server, ...]) -> Iterator[FoundDatabase]:
    """Spilo under the operator: the Service is called as the cluster is, and has a selector only since 2.0."""
    spilo = tuple(each for each in every if _is_spilo(each))
    for (namespace, cluster), members in _by_label(spilo, ZALANDO).items():
        first = members[0]
        spec = _stated(places, Ref("postgresql", namespace, cluster))
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
            port=first.port,
            dbname=names[0] if names else "",
            dbname_told=f"postgresql {cluster}",
            follows=f"spec.standby of postgresql {cluster}" if _mapping(spec, "standby") else "",
            admin=admin_of(first),
            made=tuple(each.controller.ref for each in members),
        )


def _stated(places: Places, ref: Ref) -> Mapping[str, Any]:
    """Return what is wanted of an operator's object, nothing where it is not there."""
    return next((each.spec for each in places.inventory.customs if each.ref == ref), {})


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


def _mapping(spec: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = spec.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(spec: Mapping[str, object], key: str) -> str:
    value = spec.get(key)
    return value if isinstance(value, str) else ""
