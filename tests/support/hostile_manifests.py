"""Manifests in which anything may be called anything: what YAML reads as something else, what is too long, other types.

Unlike `misshapen`'s objects these stay what they are, so that what is found in them is written into a file.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bootheal.adapters.kube import declared, objects, service_objects
from bootheal.adapters.kube.inventory import CUSTOMS, referred, secret_facts
from bootheal.adapters.kube.raw_lists import parsed
from bootheal.model.inventory import Inventory
from support.documents import documents
from support.inventory import CONTROLLERS, encoded
from support.misshapen import ODD, holders

Json = Any

DIGITS = "9" * 5_000

WORDS = (
    *(
        "on",
        "NO",
        "y",
        "null",
        "~",
        "true",
        "1e3",
        "010",
        "0x1F",
        "1_000",
        "2:30",
        ".nan",
        "-1",
        "2001-12-14",
        "=",
        "<<",
    ),
    *("- a", "#x", "a #b", '"', "'", 'a"b', "a: b", "a:", "x, y", "{a: b}", "[a]", "}, evil: {", "]\nevil: x"),
    *("a\nworkloads: {deployment/a/b: {}}", "!x", "&a", "*a", "%x", "@x", "`x", "|", ">", "? a", "---", "..."),
    *("\t", "\0", "\x1f", "\x7f", "\x85", "\u2028", "\ufeff", "\u202ex", "\ud800", "\U0001f600", "é" * 200, "x" * 3000),
    *("../x", "/", "a/b", "", ".", "..", "99999", "0", "٣", "a b", "$(X)", "{x}", "\\", "\\n", DIGITS, f"db:{DIGITS}"),
    *(f"postgres://a:b@db:{DIGITS}/x", f"host=db port={DIGITS}", f"@tcp(db:{DIGITS})", f"/dev/tcp/db/{DIGITS}"),
    *(
        f"postgres:{DIGITS}",
        f"mongo:{DIGITS}",
        "redis://redis:0",
        "http://[::1/",
        f"until nc -z db {DIGITS}; do :; done",
    ),
)


def stacks(directory: Path) -> dict[str, list[Json]]:
    """Return the manifests of each file there."""
    return {path.stem: documents(path.read_text()) for path in sorted(directory.glob("*.yaml"))}


def hostile(manifests: list[Json], random: Random) -> list[Json]:
    """Change a few texts of them, one alone or all that are like it; or put something else in their place."""
    changed = deepcopy(manifests)
    for _ in range(random.choice((1, 1, 2, 4))):
        holder, key = random.choice([*holders(changed)])
        text, word = holder[key], random.choice(WORDS)
        if not isinstance(text, str):
            if holder is not changed:
                holder[key] = deepcopy(random.choice(ODD))
        elif key not in ("kind", "apiVersion"):
            other = random.choice((word, text + word, word + text, re.sub(r"\d+", lambda _: DIGITS, text)))
            if random.choice((True, False)) and len(text) > 1:
                changed = _everywhere(changed, text, other)
            else:
                holder[key] = other
    return changed


def _everywhere(data: Json, old: str, new: str) -> Json:
    match data:
        case dict():
            return {_everywhere(key, old, new): _everywhere(value, old, new) for key, value in data.items()}
        case list():
            return [_everywhere(value, old, new) for value in data]
        case str():
            return data.replace(old, new)
        case _:
            return data


def read(manifests: list[Json]) -> Inventory:
    """Read them as an inventory is read: what cannot be understood is a gap."""
    gaps: list[str] = []

    def of(kind: str) -> Iterator[Json]:
        return (each for each in manifests if each["kind"].lower() == kind)

    kinds = [kind.lower() for kind in CONTROLLERS]
    controllers = [each for kind in kinds for each in parsed(kind, partial(declared.controller, kind), of(kind), gaps)]
    services = [*parsed("service", service_objects.service, of("service"), gaps)]
    customs = [each for kind, *_ in CUSTOMS for each in parsed(kind, partial(declared.custom, kind), of(kind), gaps)]
    wanted, known = set(referred(controllers)), frozenset(each.ref.name for each in services)
    secrets = {
        ref: facts
        for ref, raw in _wanted("secret", of("secret"), wanted)
        for facts in parsed(str(ref), lambda raw: secret_facts(encoded(raw), known), [raw], gaps)
    }
    config_maps = {
        ref: objects.texts(raw.get("data"))
        for ref, raw in _wanted("configmap", of("configmap"), wanted)
        if isinstance(raw.get("data"), dict) and all(isinstance(text, str) for text in raw["data"].values())
    }
    return Inventory(
        controllers=tuple(controllers),
        services=tuple(services),
        customs=tuple(customs),
        kinds=frozenset(kind for kind, *_ in CUSTOMS),
        secrets=secrets,
        config_maps=config_maps,
        gaps=tuple(gaps),
    )


def _wanted(kind: str, raws: Iterator[Json], wanted: set[Any]) -> Iterator[tuple[Any, Json]]:
    """Yield what somebody refers to: nobody asks for what has no name."""
    for raw in raws:
        for ref in parsed(kind, partial(objects.ref, kind), [raw], []):
            if ref in wanted:
                yield ref, raw
