"""`bootheal preflight`: would it come back, if it rebooted now? It reads only."""

import argparse
import json

from bootheal.adapters.archive import hidden
from bootheal.adapters.scope import Scope
from bootheal.cli.discovering import discovered
from bootheal.cli.foreseeing import foreseen
from bootheal.cli.streams import warn
from bootheal.cli.wiring import open_world
from bootheal.config import load
from bootheal.preflight.words import as_json, lines, verdict


def main(options: argparse.Namespace) -> int:
    """Look, tell, and return 0 where it would come back, 1 where not or nobody knows, 3 where data would be at risk."""
    configuration = load(options.config)
    with Scope(warn) as scope:
        world = open_world(configuration.file.cluster, scope)
        found = foreseen(discovered(configuration, scope, warn), world, scope)
        if options.json:
            print(json.dumps(hidden(as_json(found, strict=options.strict), world.told), indent=2))
        elif options.gate:
            print(verdict(found, strict=options.strict))
        else:
            print(*map(world.told, lines(found, strict=options.strict)), sep="\n")
    return found.code(strict=options.strict)
