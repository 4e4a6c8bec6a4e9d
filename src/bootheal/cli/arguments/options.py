"""The options that several commands have alike."""

import argparse
from pathlib import Path

from bootheal.cli.arguments import values

CONFIG = Path("/etc/bootheal/bootheal.yaml")


def config(parser: argparse.ArgumentParser, default: Path | None = CONFIG) -> None:
    """Add the file of the configuration."""
    takes_file(
        parser.add_argument(
            "-c", "--config", type=values.file, default=default, metavar="FILE", help=f"default: {CONFIG}"
        )
    )


def takes_file(option: argparse.Action) -> None:
    """Let shells complete the names of files."""
    option.complete = "file"  # type: ignore[attr-defined]  # how shtab wants to be told


def pace(parser: argparse.ArgumentParser) -> None:
    """Add how many requests a second the API server is sent."""
    parser.add_argument(
        "--max-requests-per-second",
        type=values.rate,
        default=50.0,
        metavar="NUMBER",
        help="how many requests the API server is sent at most; default: 50",
    )


def cluster(parser: argparse.ArgumentParser) -> None:
    """Add how a cluster is found: by a configuration, where there is one and no other is meant."""
    config(parser, default=None)
    said = "another cluster's; default: the configuration's or this host's"
    takes_file(parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help=said))
    parser.add_argument("--context", default="", metavar="NAME", help="a context of it; default: its current one")
    parser.add_argument("--name", default="", metavar="NAME", help="the k3d cluster, where Docker has several")
