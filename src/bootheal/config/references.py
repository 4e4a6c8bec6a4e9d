"""Do the names in a file refer to something? Asked of the plain data, so that it is told with the schema's problems."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bootheal.config import names, renamed
from bootheal.config.source import KeyPath, Source, suggestion
from bootheal.engine.plan import CycleError, order
from bootheal.platform import gate

# What something may come after, and what may come after something.
_LEADERS = ("databases", "poolers", "dependencies", "workloads")
_FOLLOWERS = ("workloads", "dependencies", "hooks")


def check(source: Source) -> None:
    """Complain of databases and steps that do not exist, and of steps that come after each other in a circle."""
    databases = _section(source, "databases")
    for name, pooler in _section(source, "poolers").items():
        wanted = pooler.get("database")
        if isinstance(wanted, str) and wanted not in databases:
            text = f"cannot be {wanted!r}: no such database{suggestion(wanted, databases)}"
            source.complain(("poolers", name, "database"), text)
    _check_order(source)


def _check_order(source: Source) -> None:
    known = {
        gate.NAME,
        *(f"{names.PREFIXES[section]}{name}" for section in _LEADERS for name in _section(source, section)),
    }
    places: dict[str, KeyPath] = {}
    edges: dict[str, list[str]] = {}
    for section in _FOLLOWERS:
        for name, content in _section(source, section).items():
            step = f"{names.PREFIXES[section]}{name}"
            places[step] = (section, name, "after")
            edges[step] = list(_known(source, places[step], content.get("after"), known))
    try:
        order(edges)
    except CycleError as error:
        source.complain(places[error.names[0]], f"{error}")


def _known(source: Source, path: KeyPath, after: Any, known: Collection[str]) -> Iterator[str]:
    """Yield the steps that something comes after; complain of those that do not exist."""
    for index, wanted in enumerate(after if isinstance(after, list) else ()):
        if not isinstance(wanted, str):
            continue  # the schema says so
        if wanted in known:
            yield wanted
        elif new := renamed.new_step(wanted):
            source.complain((*path, index), f"{wanted} was renamed to {new}")
        else:
            source.complain((*path, index), f"cannot be {wanted!r}: no such step{suggestion(wanted, known)}")


def _section(source: Source, name: str) -> Mapping[str, Mapping[str, Any]]:
    section = source.data.get(name)
    if not isinstance(section, dict):
        return {}
    return {str(key): value if isinstance(value, dict) else {} for key, value in section.items()}
