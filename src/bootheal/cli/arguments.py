"""What several commands may be told alike, and what only `demo` may."""

import argparse
from pathlib import Path

CONFIG = Path("/etc/bootheal/bootheal.yaml")


def config(parser: argparse.ArgumentParser, default: Path | None = CONFIG) -> None:
    """Add the file of the configuration."""
    takes_file(
        parser.add_argument("-c", "--config", type=Path, default=default, metavar="FILE", help=f"default: {CONFIG}")
    )


def takes_file(option: argparse.Action) -> None:
    """Let shells complete the names of files."""
    option.complete = "file"  # type: ignore[attr-defined]  # how shtab wants to be told


def seconds(text: str) -> float:
    """Return how long something may take; ValueError for what is no such number."""
    if not (number := float(text)) >= 0:  # not a number is not, either
        raise ValueError
    return number


seconds.__name__ = "number of seconds"  # what argparse calls it where it complains


def demo(parser: argparse.ArgumentParser) -> None:
    """Add what `demo` may be told."""
    parser.add_argument(
        "--scenario", default="drift", metavar="NAME", help="what the power cut leaves behind; default: drift"
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument(
        "--hidden-faults",
        action="store_true",
        help="break it so that all still serves, let `preflight` say what a reboot would bring, and cut the power",
    )
    parser.add_argument("--keep", action="store_true", help="leave the stack running and show how to try things on it")
