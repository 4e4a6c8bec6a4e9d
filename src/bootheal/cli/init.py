"""`bootheal init`: finds what is in the cluster, and writes a configuration in which each line says why it is there."""

import argparse
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bootheal.adapters.docker.containers import registries
from bootheal.adapters.docker.engine import DockerEngine
from bootheal.adapters.files import create_file, replace_file, unwritable
from bootheal.adapters.scope import Scope
from bootheal.cli.arguments.options import CONFIG
from bootheal.cli.checking.examination import examine
from bootheal.cli.doctor import there
from bootheal.cli.paths import is_seen
from bootheal.cli.this_cluster import cluster_of, find_cluster
from bootheal.cli.wiring import open_inventory, open_world
from bootheal.config import Configuration, load
from bootheal.config.comparing import not_in_cluster, not_in_file
from bootheal.config.configuration import understood
from bootheal.config.draft import draft, summary
from bootheal.config.sections.cluster import Cluster
from bootheal.config.writable import writable
from bootheal.discovery import discover
from bootheal.errors import BoothealError, UsageError
from bootheal.model import Ref
from bootheal.model.inventory import Inventory
from bootheal.model.quoted import quoted

STDOUT = "-"

# Of a line: names and reasons come from the cluster.
LONGEST = 1_900


def main(options: argparse.Namespace) -> int:
    """Write it. Exit code 0 when it is written; with --diff 1 where cluster and file are not the same."""
    if options.diff:
        return _compare(options.output)
    path = None if options.output == STDOUT else Path(options.output)
    if path and is_seen(path) and not options.force:
        raise UsageError(f"cannot write {path}: it is there already", hint="--force replaces it, --diff compares it")
    section, why = find_cluster(options.kubeconfig, options.context, options.name)
    if section["kind"] == "kubernetes" and "kubeconfig" not in section:
        raise UsageError(
            "cannot name one kubeconfig: the context, its cluster and its user are in several files of $KUBECONFIG",
            hint="kubectl config view --flatten --minify > FILE makes one of them: then say --kubeconfig FILE",
        )
    tell = _tell if path else _tell_aside
    with Scope(_tell_aside) as scope:
        cluster = cluster_of(section)
        if options.namespace:
            world = open_world(cluster, scope)
            for name in options.namespace:
                there(Ref("namespace", "", name), world)
        inventory = read(cluster, scope, tuple(options.namespace))
        found = writable(discover(inventory), section)
        text = draft(found, section, state_directory=str(options.state_directory or ""))
        configuration = understood(text, path or CONFIG)  # nothing that has a problem is written
        if path:
            _write(path, text, force=options.force)
        else:
            sys.stdout.write(text)
        tell(f"cluster: {section['kind']} {section.get('name', '')}".rstrip() + f" ({why})")
        for line in summary(found):
            tell(line)
        for line in _what_check_says(configuration, inventory, scope):
            tell(f"check: {line}")
    if path:
        tell(f"written: {path}; read it, then: bootheal plan --config {path}")
    return 0


def _tell(text: str) -> None:
    print(quoted(text, LONGEST))


def _tell_aside(text: str) -> None:
    print(quoted(text, LONGEST), file=sys.stderr)


def read(cluster: Cluster, scope: Scope, namespaces: tuple[str, ...] = ()) -> Inventory:
    """Read what is in the cluster, and which registries are beside it."""
    inventory = open_inventory(cluster, scope).inventory(namespaces)
    if cluster.kind == "kubernetes":
        return inventory
    try:
        return replace(inventory, registries=registries(DockerEngine(cluster.docker or "")))
    except BoothealError:
        return inventory  # no Docker, no registry in it


def _what_check_says(configuration: Configuration, inventory: Inventory, scope: Scope) -> Iterator[str]:
    try:
        world = open_world(configuration.file.cluster, scope)
        found = [
            world.told(f"{said.step}: {said.text}")
            for said in examine(configuration, world, lambda: inventory)
            if said.gravity == "problem"
        ]
    except BoothealError as error:
        found = [str(error)]
    yield from found or ["everything named exists, and all that bootheal may have to do is allowed"]


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if force:  # what a link leads to is the file that is meant, unless anybody may have made the link
            anybodys = path.parent.stat().st_mode & stat.S_IWOTH
            replace_file(path if anybodys else Path(os.path.realpath(path)), text, durable=True)
        else:
            create_file(path, text)
    except FileExistsError:
        hint = "--force replaces it, --diff compares it"
        raise UsageError(f"cannot write {path}: it is there already", hint=hint) from None
    except OSError as error:
        raise unwritable(error, path, "run it as root, or name another place by --output; - prints it") from None


def _compare(output: str) -> int:
    if output == STDOUT:
        raise UsageError("cannot compare with what is printed: --diff needs the file, by --output")
    configuration = load(Path(output))
    with Scope(_tell_aside) as scope:
        inventory = read(configuration.file.cluster, scope)
    found = writable(discover(inventory), {"kind": configuration.file.cluster.kind})
    missing = list(not_in_file(found, configuration.file, inventory))
    gone = list(not_in_cluster(configuration.file, inventory))
    for line in missing:
        _tell(f"in the cluster, and not in the file: {line}")
    for line in gone:
        _tell(f"in the file, and not in the cluster: {line}")
    for line in inventory.gaps:
        _tell_aside(f"could not be read: {line}")
    if not missing and not gone:
        _tell(f"{output} names all that is in the cluster, and nothing else")
    return 1 if missing or gone else 0
