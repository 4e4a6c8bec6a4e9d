"""`bootheal bundle`: all that helps others to help, in one file, without passwords."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootheal.adapters.scope import Scope
from bootheal.cli.doctor import chosen
from bootheal.cli.looking.bundle import Bundle, file_name
from bootheal.cli.looking.scene import examined
from bootheal.cli.streams import warn
from bootheal.cli.wiring import open_world
from bootheal.errors import UsageError


def main(options: argparse.Namespace) -> int:
    """Look, pack, and say where it lies."""
    if str(options.output) == "-":
        if sys.stdout.isatty():
            raise UsageError("cannot write an archive to a terminal", hint="name a file by --output, or send it to one")
        with _bundle(options) as bundle:
            sys.stdout.buffer.write(bundle.packed(file_name()))
        return 0
    path = options.output or _here() / file_name()
    with _bundle(options) as bundle:
        bundle.write(path)
    print(f"written: {path}; its manifest.json says what is in it, and what was left out")
    return 0


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        hint = "name another place by --output"
        raise UsageError(f"cannot write into this directory: {error.strerror}", hint=hint) from None


@contextmanager
def _bundle(options: argparse.Namespace) -> Iterator[Bundle]:
    cluster, configuration, config = chosen(options)
    with Scope(warn) as scope:
        world = open_world(cluster, scope)
        scene, diagnosis = examined(world, scope, (), configuration)
        yield Bundle(
            cluster=cluster,
            world=world,
            scope=scope,
            scene=scene,
            diagnosis=diagnosis,
            config=config,
            state_directory=configuration.file.state_directory if configuration else None,
        )
