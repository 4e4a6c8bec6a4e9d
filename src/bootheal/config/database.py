"""A database as it is written -> where it is, and the step that waits for it; and whether it makes sense."""

from bootheal.config import schema
from bootheal.config.login import login
from bootheal.config.source import Path, Source
from bootheal.model import Ref
from bootheal.platform import gate
from bootheal.postgres import disk
from bootheal.postgres.data_checks import Check
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.primary import Database

PREFIX = "database/"


def build(name: str, section: schema.Database) -> Database:
    """Say where the database is."""
    tls = section.tls
    name_in_cluster = f"{section.service}.{section.namespace}.svc"
    return Database(
        name=name,
        namespace=section.namespace,
        dbname=section.dbname,
        admin=login(section.admin, section.namespace),
        service=section.service or "",
        selector=section.selector,
        port=section.port or 0,
        host=section.host or "",
        authority=_authority(tls.ca, section.namespace) if tls else None,
        authority_key=tls.ca.key if tls else "",
        certified=(section.host or name_in_cluster) if tls and tls.verify == "full" else "",
    )


def _authority(ca: schema.Authority, namespace: str) -> Ref:
    if ca.file:
        return Ref("file", "", str(ca.file))
    return Ref("secret", namespace, ca.secret) if ca.secret else Ref("configmap", namespace, ca.configmap or "")


def step(section: schema.Database, database: Database, *, on_this_host: bool) -> DatabaseStep:
    """Make the step; where its volumes are on this host, it comes after their disk."""
    return DatabaseStep(
        name=f"{PREFIX}{database.name}",
        after=(f"{disk.PREFIX}{database.name}" if on_this_host and not section.host else gate.NAME,),
        patience=section.patience,
        database=database,
        client=login(section.client, section.namespace) if section.client else None,
        checks=tuple(Check(item.name, item.sql, item.at_least, item.may_shrink) for item in section.checks),
        backup=Ref("cronjob", section.namespace, section.backup.cronjob) if section.backup else None,
    )


def check(source: Source, path: Path, section: schema.Database) -> None:
    """Complain of what does not go together."""
    if section.host and (section.service or section.selector):
        source.complain((*path, "host"), "cannot stand beside a service or a selector: it is outside the cluster")
    elif not section.host and not section.service and not section.selector:
        source.complain(path, "cannot be found: give it a service or a selector, or a host outside the cluster")
    if section.tls:
        _check_tls(source, (*path, "tls"), section, section.tls)
    if section.checks and not section.client:
        text = f"cannot be asked: name the application's Secret, {'.'.join(map(str, path))}.client"
        source.complain((*path, "checks"), text)
    names = [item.name for item in section.checks]
    for index, name in enumerate(names):
        if name in names[:index]:
            source.complain((*path, "checks", index, "name"), f"cannot be {name!r} twice")


def _check_tls(source: Source, path: Path, section: schema.Database, tls: schema.Tls) -> None:
    given = [key for key in ("secret", "configmap", "file") if getattr(tls.ca, key) is not None]
    if len(given) != 1:
        source.complain((*path, "ca"), "cannot be read: name one of secret, configmap, file")
    if tls.verify == "full" and not section.service and not section.host:
        text = "cannot be full: there is no Service whose name the certificate could be for; say ca"
        source.complain((*path, "verify"), text)
