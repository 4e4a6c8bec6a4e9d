"""Findings -> those of them that a file can hold: not all that a cluster calls something can be a name. Pure."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from bootheal.config import names
from bootheal.config.configuration import examined
from bootheal.config.draft import draft, value
from bootheal.config.source import dotted, parse
from bootheal.discovery.findings import Edge, Findings, Found
from bootheal.errors import ConfigurationError
from bootheal.model.quoted import quoted

FoundT = TypeVar("FoundT", bound=Found)

_LONGEST_TOLD = 80

# As it is written; YAML takes 1,024 characters at most for a key.
_LONGEST_KEY = 1_000


def writable(found: Findings, cluster: Mapping[str, str]) -> Findings:
    """Leave out what a file with it would be refused for, and what needs that; each is told with the reason.

    One odd object would else keep all others from being written. ConfigurationError where it is not about an object.
    """
    refused = {step: "that can be no name" for each, step in _steps(found) if not all(map(_may_be_key, _keys(each)))}
    while refused or (refused := _refused(found, cluster)):
        found, refused = _without(found, refused), {}
    return found


def _keys(found: Found) -> Iterable[str]:
    """Return what of it stands in the file as a key."""
    return [found.name, *getattr(found, "selector", ())]


def _may_be_key(text: str) -> bool:
    return text.isprintable() and len(value(text)) <= _LONGEST_KEY


def _refused(found: Findings, cluster: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with steps, by their names, as far as one examination tells."""
    source = parse("what was found", draft(found, cluster))
    with suppress(ConfigurationError):  # there is more that is wrong, which the next one tells
        examined(source)
    told = {problem.path: problem.text for problem in source.problems}
    steps = {step for _, step in _steps(found)}
    wrong = {
        f"{names.PREFIXES[path[0]]}{path[1]}": told.get(dotted(path), "")
        for path in source.known
        if len(path) > 1 and path[0] in names.PREFIXES
    }
    return {step: text for step, text in wrong.items() if step in steps}


def _steps(found: Findings) -> Iterable[tuple[Found, str]]:
    """Return each finding with the name of its step."""
    sections = {
        names.DATABASE: found.databases,
        names.POOLER: found.poolers,
        names.DEPENDENCY: found.servers,
        "": found.workloads,
        names.HOOK: found.hooks,
    }
    return [(each, f"{prefix}{each.name}") for prefix, section in sections.items() for each in section]


def _without(found: Findings, refused: Mapping[str, str]) -> Findings:
    def kept(section: Iterable[FoundT], prefix: str) -> tuple[FoundT, ...]:
        return tuple(
            replace(each, edges=still(each.edges), cut=still(each.cut))
            for each in section
            if f"{prefix}{each.name}" not in refused
        )

    def still(edges: Iterable[Edge]) -> tuple[Edge, ...]:
        return tuple(edge for edge in edges if edge.to not in refused)

    told = (f"{quoted(step, _LONGEST_TOLD)}: {text}" for step, text in sorted(refused.items()))
    return replace(
        found,
        databases=kept(found.databases, names.DATABASE),
        poolers=kept(found.poolers, names.POOLER),
        servers=kept(found.servers, names.DEPENDENCY),
        workloads=kept(found.workloads, ""),
        hooks=kept(found.hooks, names.HOOK),
        left_out=(*found.left_out, *told),
    )
