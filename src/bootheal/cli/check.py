"""`bootheal check`: is the file right, and can everything it names be reached, read and changed?"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from bootheal.adapters.scope import Scope
from bootheal.cli.checking.diagnostic import Diagnostic, as_json
from bootheal.cli.checking.examination import examine, wishes
from bootheal.cli.checking.lookup import Around
from bootheal.cli.discovering import discovered
from bootheal.cli.wiring import open_inventory, open_world
from bootheal.config import Configuration, load
from bootheal.config.comparing import unlisted
from bootheal.config.exposure import exposed
from bootheal.config.file import File
from bootheal.config.sections.cluster import Cluster
from bootheal.config.source import LONGEST_TEXT
from bootheal.config.traps import in_cluster, remarks, traps
from bootheal.errors import BoothealError
from bootheal.model.inventory import Inventory
from bootheal.model.quoted import quoted

# More of one kind are counted.
MANY = 10
GRAVITIES = ("problem", "warning", "note")
COMPARE = (
    "`bootheal init --diff` tells all; discover finds new workloads by itself, the annotation bootheal/ignore skips"
)


def main(options: argparse.Namespace) -> int:
    """Print problems, then what may be one. Exit code 78 for the file (raised by `load`), 1 for the rest.

    With --strict a warning is as good as a problem.
    """
    if options.schema:
        print(json.dumps(File.model_json_schema(), indent=2))
        return 0
    configuration = load(options.config, look=True)
    steps = len(configuration.plan.steps)
    if not options.json:
        print(f"{options.config}: {steps} steps, the file is right")
    found = sorted(_found(configuration, options), key=lambda each: GRAVITIES.index(each.gravity))
    problems = [said for said in found if said.gravity == "problem"]
    if options.json:
        print(json.dumps({"steps": steps, "found": [as_json(said) for said in found]}, indent=2))
    else:
        print(*found, sep="\n", end="\n" if found else "")
        if not problems and not options.offline:
            print("the cluster answers, everything named exists, and all that bootheal may have to do is allowed")
    strictly = options.strict and any(said.gravity == "warning" for said in found)
    return 1 if problems or strictly else 0


def _found(configuration: Configuration, options: argparse.Namespace) -> list[Diagnostic]:
    """Look at the file and, unless `--offline`, at the cluster; return all that is to be said."""
    found = [*warnings(configuration)]
    found += [Diagnostic("warning", "", place, text) for place, text in exposed(options.config)]
    if options.offline:
        return found

    def warn(text: str) -> None:
        found.append(Diagnostic("warning", "", "", text))

    cluster = configuration.file.cluster
    with Scope(warn) as scope:
        world = open_world(cluster, scope)
        full = discovered(configuration, scope, warn)
        around = cache(lambda: _around(cluster, scope))
        asked = [*examine(full, world, around), *_of_manifests(full, around), *wishes(full, world.cluster)]
        found += [replace(each, text=world.told(each.text), hint=world.told(each.hint)) for each in asked]
    return found


def warnings(configuration: Configuration) -> Iterator[Diagnostic]:
    """Yield what the file alone shows to be seldom meant."""
    harmful = (found for place, section in configuration.file.tree() for found in section.warnings(place))
    for path, text in (*harmful, *traps(configuration.file)):
        yield Diagnostic("warning", ".".join(map(str, path)), configuration.place(path), quoted(text, LONGEST_TEXT))
    for path, text in remarks(configuration.file):
        yield Diagnostic("note", ".".join(map(str, path)), configuration.place(path), text)


def _around(cluster: Cluster, scope: Scope) -> Inventory:
    """Read what is in the cluster; where we may not, that is all that is known."""
    try:
        return open_inventory(cluster, scope).inventory()
    except BoothealError as error:
        return Inventory(gaps=(str(error),))


def _of_manifests(configuration: Configuration, around: Around) -> Iterator[Diagnostic]:
    """Yield what the cluster's manifests show, where they may be read."""
    for path, text in in_cluster(configuration.file, around()):
        yield Diagnostic("note", ".".join(map(str, path)), configuration.place(path), text)
    missing = list(unlisted(around(), configuration.file))
    for name in missing[:MANY]:
        yield Diagnostic("note", "", "", f"is in the cluster, and not in the file: {name}", COMPARE)
    if (rest := len(missing) - MANY) > 0:
        yield Diagnostic("note", "", "", f"and {rest} more are in the cluster, and not in the file", COMPARE)
