"""Do the names in a file refer to something? Asked of the plain data, so that it is told with the schema's problems."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bootheal.config import names, renamed
from bootheal.config.document import KeyPath
from bootheal.config.source import Source
from bootheal.engine.plan import CycleError, order
from bootheal.model.quoted import quoted
from bootheal.platform import gate

# What something may come after, and what may come after something.
_LEADERS = ("databases", "poolers", "dependencies", "workloads")
_FOLLOWERS = ("workloads", "dependencies", "hooks")

_LONGEST_CIRCLE = 8


def check(source: Source) -> None:
    """Complain of databases and steps that do not exist, and of steps that come after each other in a circle."""
    databases = _section(source, "databases")
    for name, pooler in _section(source, "poolers").items():
        wanted = pooler.get("database")
        if isinstance(wanted, str) and wanted not in databases:
            path = ("poolers", name, "database")
            source.complain(path, f"{source.shown(path, wanted)}: no such database{source.guess(wanted, databases)}")
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
        circle = error.names if len(error.names) <= _LONGEST_CIRCLE else [*error.names[:4], "…", *error.names[-3:]]
        text = f"cannot order the steps: {' after '.join(quoted(name, 60) for name in circle)} is a circle"
        source.complain(places[error.names[0]], text)


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
            place = (*path, index)
            source.complain(place, f"{source.shown(place, wanted)}: {_unfit(source, wanted, known)}")


def _unfit(source: Source, wanted: str, known: Collection[str]) -> str:
    """Say why nothing can come after it: reports tell of more steps than a file can name."""
    kind, _, name = wanted.partition("/")
    if not name and (meant := sorted(step for step in known if step.endswith(f"/{wanted}"))[:2]):
        return f"no such step; did you mean {' or '.join(meant)}?"
    if kind in names.INNER:
        return f"nothing can be told to come after it, but after {', '.join(names.LEADING)} or a workload"
    return f"no such step{source.guess(wanted, known)}"


def _section(source: Source, name: str) -> Mapping[str, Mapping[str, Any]]:
    section = source.data.get(name)
    if not isinstance(section, dict):
        return {}
    return {str(key): value if isinstance(value, dict) else {} for key, value in section.items()}
