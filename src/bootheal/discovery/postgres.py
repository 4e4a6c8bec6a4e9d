"""The containers that are a PostgreSQL: on which port, and with what their superuser logs in. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from bootheal.discovery import addresses, credentials, environment, images
from bootheal.discovery.environment import Setting
from bootheal.discovery.findings import FoundLogin
from bootheal.discovery.places import Places
from bootheal.model.inventory import Box, Controller

SUPERUSER = "postgres"

# By what images tell the server of the role that they make, the superuser where they make no other: password, user.
_MADE = (
    ("POSTGRES_PASSWORD", ("POSTGRES_USER", "POSTGRES_USERNAME")),
    ("POSTGRESQL_PASSWORD", ("POSTGRESQL_USERNAME", "POSTGRESQL_USER")),
)

# And by what they and operators tell it of its superuser (who is else `postgres`), in the order that they count in.
_ADMINS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("PATRONI_SUPERUSER_PASSWORD", ("PATRONI_SUPERUSER_USERNAME",)),
    ("PGPASSWORD_SUPERUSER", ("PGUSER_SUPERUSER",)),
    ("STKEEPER_PG_SU_PASSWORD", ("STKEEPER_PG_SU_USERNAME",)),
    ("POSTGRES_POSTGRES_PASSWORD", ()),
    ("POSTGRESQL_POSTGRES_PASSWORD", ()),
    ("POSTGRESQL_ADMIN_PASSWORD", ()),
    *_MADE,
    ("PGPASSWORD", ("PGUSER",)),
)
_PLAIN = "its password stands in the manifest: put it in a Secret that the container refers to, then run init again"


@dataclass(frozen=True, slots=True)
class Server:
    """A workload that is, or holds, a PostgreSQL: the container, what that is told, and where Services lead to."""

    controller: Controller
    box: Box
    told: Mapping[str, Setting]
    opened: frozenset[int] = frozenset()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return _port(self)


def servers(places: Places) -> tuple[Server, ...]:
    """Return every workload with a PostgreSQL in it."""
    every = (each for each in places.inventory.controllers if each.ref.kind in ("statefulset", "deployment"))
    return tuple(server for each in every if (server := _server(each, places)))


def _server(controller: Controller, places: Places) -> Server | None:
    """Return the PostgreSQL of a workload; what is told its password may also be an application beside it."""
    opened = places.opened(controller)
    told = [(box, environment.settings(box, controller.ref.namespace, places.inventory)) for box in controller.boxes]
    found = [Server(controller, box, names, opened) for box, names in told if images.is_postgres(box, names, opened)]
    return min(found, key=_doubt, default=None)


def _doubt(server: Server) -> tuple[bool, bool]:
    """Sort what is called so before what opens its port, and that before what only a Service leads to."""
    declared = any(number == images.USUAL_POSTGRES for _, number in server.box.ports)
    return not images.called_postgres(server.box.image), not declared


def _port(server: Server) -> int:
    numbers = {number: name for name, number in server.box.ports}
    names = ("PGPORT", "POSTGRESQL_PORT_NUMBER", "PORT")
    said = (addresses.port_number(server.told[name].value) for name in names if name in server.told)
    number = next(filter(None, said), 0)
    if number and (not numbers or number in numbers):
        return number
    if not numbers or images.USUAL_POSTGRES in server.opened.union(numbers):
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


def own_client(server: Server, admin: FoundLogin | None) -> FoundLogin | None:
    """Return the application's role where the server's container makes one beside the superuser, as Bitnami's does."""
    for password, users in _MADE:
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
    file = server.told.get(f"{name}_FILE") or server.told.get(f"{name}FILE")
    return credentials.in_file(file, server.box) if file else None


def why_none(server: Server) -> str:
    """Say why no Secret with its superuser's password is known."""
    told = server.told.get("POSTGRES_PASSWORD") or server.told.get("POSTGRESQL_PASSWORD")
    if told and told.secret is None:
        return _PLAIN
    return "no Secret could be found that holds its superuser's password: name it as `admin`"
