"""What cannot be logged in to is still waited for: as a server whose question needs no login. Pure."""

from bootheal.discovery.clients import NO_NAME
from bootheal.discovery.findings import FoundDatabase, FoundPooler, FoundServer
from bootheal.discovery.poolers import Bouncer
from bootheal.probes import Tcp


def of_database(database: FoundDatabase) -> FoundServer:
    """Return a database that nobody's Secret lets us into, or that takes no writes, as a server that is only asked.

    What is to be written in its place, once a login is known or it leads, is said.
    """
    if database.follows:
        whys, when = [f"{database.follows}: it takes no writes, and is only waited for"], "once it leads"
    else:
        whys = [note for note in database.notes if note != NO_NAME] or ["no login of a role that could ask it is known"]
        when = "with a login"
    return FoundServer(
        name=database.name,
        namespace=database.namespace,
        told=database.told,
        notes=(*whys, f"{when}, in its place: databases: {_written(database)}"),
        service=database.service,
        selector={} if database.service else database.selector,
        probe=database.probe or Tcp(database.port or 5432),
        made=database.made,
        is_postgres=True,
    )


def _written(database: FoundDatabase) -> str:
    """Return the line that a person completes; the database's name where it is more than a guess."""
    pods = ", ".join(f'{key}: "{label}"' for key, label in sorted(database.selector.items()))
    where = f"service: {database.service}" if database.service else f"selector: {{{pods}}}"
    dbname = "…" if NO_NAME in database.notes else database.dbname
    named = f"namespace: {database.namespace}, {where}, dbname: {dbname}, admin: {{secret: …}}"
    return f"{{{database.name}: {{{named}}}}}"


def why_blind(pooler: FoundPooler, database: FoundDatabase | None) -> str:
    """Say what cannot be told of a pooler that would have to be written, "" where all of it is known.

    Without a login of its own it has that of its clients, from its auth_file; without a name the database has its own.
    """
    if not pooler.database:
        return "its database"
    if not database:
        return "a login to its database"
    if not (pooler.credential or pooler.certified or pooler.auth_file or pooler.listed):
        return "with what it logs in"
    if not pooler.client:
        return "a client's login"
    if not (pooler.dbname or {"*", database.dbname} & {*pooler.names}):
        return "the name by which it knows the database"
    return "" if pooler.service else "its Service"


def of_pooler(pooler: FoundPooler, bouncer: Bouncer, why: str) -> FoundServer:
    """Return a pooler of which something (`why`) is not known as a server that is connected to."""
    return FoundServer(
        name=pooler.name,
        namespace=pooler.namespace,
        told=pooler.told,
        notes=(f"a PgBouncer, but {why} could not be told, so it is only waited for: see `poolers`",),
        service=pooler.service,
        selector={} if pooler.service else bouncer.controller.pod_labels,
        probe=Tcp(bouncer.port),
        made=(pooler.deployment,),
        database=pooler.database,
    )
