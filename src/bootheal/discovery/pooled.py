"""A PgBouncer that was found, with all that a configuration needs of it: its database, its logins, its names. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence

from bootheal.discovery import clients, credentials, poolers
from bootheal.discovery.clients import Uses
from bootheal.discovery.findings import FoundDatabase, FoundPooler
from bootheal.discovery.places import Places, leads_to
from bootheal.discovery.poolers import Bouncer
from bootheal.model import Ref
from bootheal.model.inventory import Controller
from bootheal.model.quoted import quoted

_OWN_NAMES = ("PGBOUNCER_DATABASE", "DB_NAME", "POSTGRESQL_DATABASE")
_DATABASES = re.compile(r"(?m)^[ \t]*\[databases\][ \t]*$")
_AUTH_TYPES = ("AUTH_TYPE", "PGBOUNCER_AUTH_TYPE")
_IS_MD5 = re.compile(r"(?m)^[ \t]*auth_type[ \t]*=[ \t]*md5[ \t]*$")
ANY = ("*",)
_ENTRY = re.compile(r"[ \t]*([\w.-]+|\*)[ \t]*=")


def pooler(
    bouncer: Bouncer,
    found: Sequence[FoundDatabase],
    leads: Mapping[Ref, str],
    places: Places,
    asking: tuple[Sequence[Controller], Uses],
) -> FoundPooler:
    """Return it; `leads` is which database each Service leads to, `asking` the workloads that may be its clients."""
    ref = bouncer.controller.ref
    database, told, setting = poolers.database_of(bouncer, found, leads, places)
    notes: tuple[str, ...] = ()
    if not database and len(near := [each for each in found if each.namespace == ref.namespace]) == 1:
        database, told = near[0].name, "the only database of its namespace"
        notes = ("guessed: nothing in its manifest names its database",)
    services = [each.ref for each in places.in_front(bouncer.controller)]
    through = clients.clients(services, *asking, places)
    every = clients.logins(through, ref.namespace)
    credential = poolers.credential_of(bouncer, setting, every, places)
    others = (each for each in every if credential is None or each.place != credential.place)
    client = next(others, every[0] if every else None)
    if client is None and credential:
        client, notes = credential, (*notes, "guessed: no client's Secret is known, so its own login proves it")
    auth, names = poolers.auth_file_of(bouncer, places), _names(bouncer, places)
    service = bouncer.service
    first = service.ports[0][0] if service and service.ports else 0
    direct = bool(service and leads_to(service, bouncer.port, bouncer.controller.boxes) == first)
    return FoundPooler(
        name=service.ref.name if service else ref.name,
        namespace=ref.namespace,
        told=f"{ref} has image {quoted(bouncer.box.image, 100)}; {told}" if told else str(ref),
        notes=notes,
        database=database,
        deployment=ref,
        service=service.ref.name if service else "",
        port=0 if direct else bouncer.port,
        dbname=credentials.most(each.dbname for each in through) or _own_name(bouncer, names),
        names=names,
        credential=credential,
        certified=bouncer.certified,
        client=client,
        auth_file=auth[0] if auth else None,
        auth_path=auth[1] if auth else "",
        md5=_md5(bouncer, places),
        listed=poolers.list_of(bouncer, places),
    )


def _md5(bouncer: Bouncer, places: Places) -> str:
    """Return what says that its auth_type is md5, by which it asks those whose plain passwords its file has."""
    told = (name for name in _AUTH_TYPES if name in bouncer.told and bouncer.told[name].value == "md5")
    if name := next(told, ""):
        return f"{name} is md5"
    return "auth_type is md5" if any(_IS_MD5.search(text) for text, _ in poolers.files(bouncer, places)) else ""


def _own_name(bouncer: Bouncer, names: Sequence[str]) -> str:
    """Return the name by which it knows the database, where it knows one only."""
    said = (credentials.name_in(bouncer.told[name]) for name in _OWN_NAMES if name in bouncer.told)
    return next(filter(None, said), names[0] if len(names) == 1 and names != ANY else "")


def _names(bouncer: Bouncer, places: Places) -> tuple[str, ...]:
    """Return the names in [databases] of its files; `ANY` where it has no files, none where they cannot be read."""
    texts = [text for text, _ in poolers.files(bouncer, places)]
    found = dict.fromkeys(name for text in texts for name in _entries(text))
    secret = any(key.endswith(".ini") for _, key in poolers.secret_keys(bouncer, places))
    return ANY if "*" in found or not (found or secret) else () if secret else tuple(found)


def _entries(text: str) -> Iterator[str]:
    for found in _DATABASES.finditer(text):
        section = text[found.end() :].partition("\n[")[0]
        yield from (entry[1] for line in section.splitlines() if (entry := _ENTRY.match(line)))
