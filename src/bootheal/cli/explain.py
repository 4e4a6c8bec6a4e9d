"""`bootheal explain`: one entry of the catalogue of causes."""

import argparse

from bootheal.config.source import suggestion
from bootheal.diagnosis.known import entries, explained
from bootheal.errors import UsageError


def main(options: argparse.Namespace) -> int:
    """Print it; an id that there is not ends with what may be meant."""
    known = entries()
    if options.id not in known:
        guess = suggestion(options.id, known, most=len(known))
        raise UsageError(f"cannot find a cause {options.id}{guess}", hint="`bootheal doctor --list` names them all")
    print(*explained(known[options.id]), sep="\n")
    return 0
