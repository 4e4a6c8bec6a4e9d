"""`bootheal preflight`: would it come back, if it rebooted now? It reads only."""

import argparse
import json
from collections.abc import Callable
from functools import partial

from bootheal.adapters.archive import hidden
from bootheal.adapters.scope import Scope
from bootheal.cli.discovering import discovered
from bootheal.cli.inhibit import stay
from bootheal.cli.looking.next_boot import foreseen
from bootheal.cli.printing import show
from bootheal.cli.streams import warn
from bootheal.cli.wiring import open_world
from bootheal.config import load
from bootheal.preflight import Forecast
from bootheal.preflight.words import as_json, lines, verdict


def main(options: argparse.Namespace) -> int:
    """Look, tell, and return 0 where it would come back, 1 where not or nobody knows, 3 where data would be at risk."""
    if options.inhibit:
        load(options.config)  # a file that cannot be understood is told at once
        return stay(options, partial(_looked, options))
    found, told = _looked(options)
    if options.json:
        print(json.dumps(hidden(as_json(found, strict=options.strict), told), indent=2))
    elif options.gate:
        print(told(verdict(found, strict=options.strict)))
    else:
        show(map(told, lines(found, strict=options.strict)))
    return found.code(strict=options.strict)


def _looked(options: argparse.Namespace) -> tuple[Forecast, Callable[[str], str]]:
    """Look once; return a forecast, and what makes a text fit to be told."""
    configuration = load(options.config)
    with Scope(warn) as scope:
        world = open_world(configuration.file.cluster, scope, most=options.max_requests_per_second)
        return foreseen(discovered(configuration, scope, warn), world, scope), world.told
