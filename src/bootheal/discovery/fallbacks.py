"""What cannot be logged in to is still waited for: as a server whose question needs no login. Pure."""

from bootheal.discovery.findings import FoundDatabase, FoundPooler, FoundServer
from bootheal.discovery.poolers import Bouncer
from bootheal.probes import Tcp


def of_database(database: FoundDatabase) -> FoundServer:
    """Return a database that nobody's Secret lets us into as a server that is asked without a login."""
    return FoundServer(
        name=database.name,
        namespace=database.namespace,
        told=database.told,
        notes=database.notes or ("no login of a role that could ask it is known: name one as a database's `admin`",),
        service=database.service,
        selector={} if database.service else database.selector,
        probe=database.probe or Tcp(database.port or 5432),
        made=database.made,
    )


def of_pooler(pooler: FoundPooler, bouncer: Bouncer) -> FoundServer:
    """Return a pooler whose database or logins are not known as a server that is connected to."""
    why = (
        "its database"
        if not pooler.database
        else "with what it logs in"
        if not pooler.credential
        else "a client's login"
    )
    return FoundServer(
        name=pooler.name,
        namespace=pooler.namespace,
        told=pooler.told,
        notes=(f"a PgBouncer, but {why} could not be told, so it is only waited for: see `poolers`",),
        service=pooler.service,
        selector={} if pooler.service else bouncer.controller.pod_labels,
        probe=Tcp(bouncer.port),
        made=(pooler.deployment,),
    )
