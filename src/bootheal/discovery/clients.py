"""What the clients of a database or pooler tell of it: with what they log in, and which database they ask for. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bootheal.discovery import credentials, environment
from bootheal.discovery.findings import FoundDatabase, FoundLogin
from bootheal.discovery.places import Places
from bootheal.discovery.uses import Use
from bootheal.model import Ref
from bootheal.model.inventory import Controller

Uses = Mapping[Ref, tuple[Use, ...]]

_NO_ADMIN = (
    "no superuser's Secret is known: this role waits for the database, but can repair no password; "
    "name one that may read pg_authid as `admin`"
)
# Of a URL in a Secret nothing but host and port is written down, no name of a database either: who reads the file need
# not be whom the Secret is for.
NO_NAME = "guessed: nothing but a Secret tells the database's name; put it in the place of `postgres`"


@dataclass(frozen=True, slots=True)
class Client:
    """One workload's way in: the login (None: not to be told), the database ("": not said), and who it is."""

    who: Ref
    login: FoundLogin | None
    dbname: str


def clients(
    services: Iterable[Ref], controllers: Sequence[Controller], uses: Uses, places: Places
) -> tuple[Client, ...]:
    """Return who names one of these Services with a variable, in their order, and then in that of the workloads."""
    wanted = {service: place for place, service in reversed([*enumerate(services)])}
    found: list[tuple[int, Client]] = []
    for controller in controllers:
        for use in uses.get(controller.ref, ()):
            if use.setting is None or use.service is None or use.service.ref not in wanted or not use.known:
                continue
            told = environment.settings(use.box, controller.ref.namespace, places.inventory)
            client = Client(
                controller.ref,
                credentials.for_place(use.setting, told, use.box),
                credentials.database_name(use.setting, told),
            )
            found.append((wanted[use.service.ref], client))
    return tuple(client for _, client in sorted(found, key=lambda each: each[0]))


def logins(found: Sequence[Client], namespace: str) -> tuple[FoundLogin, ...]:
    """Return the logins that are in a Secret of this namespace, each once, with whose they are."""
    every = {
        each.login.place: replace(each.login, told=f"{each.who}: {each.login.told}")
        for each in reversed(found)
        if each.login and each.who.namespace == namespace
    }
    return tuple(reversed(every.values()))


def completed(database: FoundDatabase, through: Sequence[Client]) -> FoundDatabase:
    """Fill in what the database's own manifest does not tell: its name, the application's login, in need an admin."""
    ours = [each for each in through if each.who.namespace == database.namespace]
    dbname, told = database.dbname, database.dbname_told
    if not dbname and (dbname := credentials.most(each.dbname for each in through)):
        told = next(str(each.who) for each in through if each.dbname == dbname)
    notes = database.notes
    if not dbname and database.cluster == "" and database.admin and database.admin.user not in ("", "postgres"):
        dbname, told = database.admin.user, "the user's own, as its image makes it where it is told no other"
    if not dbname:
        dbname, told, notes = "postgres", "there is one of that name in every PostgreSQL", (*notes, NO_NAME)
    fitting = [each for each in ours if each.dbname in ("", dbname)] or ours
    known = logins(fitting, database.namespace)
    admin = database.admin
    client = next((each for each in known if admin is None or each.place != admin.place), database.client)
    if admin is None and client:
        # A user called postgres is what operators call the superuser; of any other nothing is known.
        admin = next((each for each in known if each.user == "postgres"), client)
        notes = (*(note for note in notes if "admin" not in note), *(() if admin.user == "postgres" else (_NO_ADMIN,)))
    client = None if admin and client and client.place == admin.place else client
    return replace(database, dbname=dbname, dbname_told=told, admin=admin, client=client, notes=notes)
