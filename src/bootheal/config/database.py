"""A database as it is written -> where it is, and the step that waits for it; and whether it makes sense."""

from bootheal.config import schema
from bootheal.config.login import login
from bootheal.config.source import Path, Source
from bootheal.data import Check
from bootheal.model import Ref
from bootheal.primary import Database
from bootheal.steps import gate
from bootheal.steps.database import DatabaseStep

PREFIX = "database/"


def build(name: str, section: schema.Database) -> Database:
    """Say where the database is."""
    return Database(
        name=name,
        namespace=section.namespace,
        dbname=section.dbname,
        admin=login(section.admin, section.namespace),
        service=section.service or "",
        selector=section.selector,
        port=section.port or 0,
    )


def step(section: schema.Database, database: Database) -> DatabaseStep:
    """Make the step."""
    return DatabaseStep(
        name=f"{PREFIX}{database.name}",
        after=(gate.NAME,),
        patience=section.patience,
        database=database,
        client=login(section.client, section.namespace) if section.client else None,
        checks=tuple(Check(item.name, item.sql, item.at_least, item.may_shrink) for item in section.checks),
        backup=Ref("cronjob", section.namespace, section.backup.cronjob) if section.backup else None,
    )


def check(source: Source, path: Path, section: schema.Database) -> None:
    """Complain of what does not go together."""
    if not section.service and not section.selector:
        source.complain(path, "cannot be found: give it a service or a selector")
    if section.checks and not section.client:
        text = f"cannot be asked: name the application's Secret, {'.'.join(map(str, path))}.client"
        source.complain((*path, "checks"), text)
    names = [item.name for item in section.checks]
    for index, name in enumerate(names):
        if name in names[:index]:
            source.complain((*path, "checks", index, "name"), f"cannot be {name!r} twice")
