"""What may be said on the command line to those who find out what is not well, or would not be."""

import argparse
from pathlib import Path

from bootheal.cli.arguments import config, pace, period, takes_file

# What a look costs is a second; what has changed since is seen after so long.
EVERY_SECONDS = 600.0

EXAMPLES = {
    "preflight": "examples:\n  sudo bootheal preflight\n  sudo bootheal preflight --gate && sudo systemctl reboot\n"
    "  sudo bootheal preflight --json | jq -r '.found[] | .sure + \" \" + .object'\n\n"
    "exit codes:\n  0    it would come back\n  1    it would not, or not by itself, or that cannot be said\n"
    "  3    data would be at risk\n  78   the configuration",
    "doctor": "examples:\n  sudo bootheal doctor\n  sudo bootheal doctor shop deployment/web/front\n"
    "  bootheal doctor --kubeconfig ~/.kube/config --json | jq '.found[].id'\n\n"
    "exit codes:\n  0    all is well, or passes by itself\n  1    something is not well, or nobody can say\n"
    "  3    data is at risk",
    "explain": "example:\n  bootheal explain postgres-lock-file-empty",
    "bundle": "examples:\n  sudo bootheal bundle\n  sudo bootheal bundle --output /tmp/shop.tar.gz",
}


def preflight(parser: argparse.ArgumentParser) -> None:
    """Add what `preflight` may be told."""
    config(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON, with stable ids")
    parser.add_argument("--gate", action="store_true", help="for scripts before a reboot: the verdict in one line")
    parser.add_argument("--strict", action="store_true", help="exit code 1 for what may break, too")
    said = "stay, and let systemd refuse planned reboots while one would end badly (bootheal-preflight.service)"
    parser.add_argument("--inhibit", action="store_true", help=said)
    said = f"with --inhibit: look again after so long; default: {EVERY_SECONDS:g}"
    parser.add_argument("--every", type=period, metavar="SECONDS", help=said)
    pace(parser)


def doctor(parser: argparse.ArgumentParser) -> None:
    """Add what `doctor` may be told."""
    parser.add_argument(
        "about", nargs="*", metavar="NAMESPACE|OBJECT", help="such as shop, or deployment/shop/web; default: all of it"
    )
    _cluster(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON, with stable ids")
    parser.add_argument("--list", action="store_true", help="list the causes that are known, with their ids")


def explain(parser: argparse.ArgumentParser) -> None:
    """Add what `explain` may be told."""
    parser.add_argument("id", metavar="ID", help="the cause, as `doctor` writes it in brackets")


def bundle(parser: argparse.ArgumentParser) -> None:
    """Add what `bundle` may be told."""
    _cluster(parser)
    said = "- is standard output; default: bootheal-HOST-TIME.tar.gz in this directory"
    takes_file(parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=said))


def _cluster(parser: argparse.ArgumentParser) -> None:
    """Add how a cluster is found: by a configuration, where there is one and no other is meant."""
    config(parser, default=None)
    said = "another cluster's; default: the configuration's or this host's"
    takes_file(parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help=said))
    parser.add_argument("--context", default="", metavar="NAME", help="a context of it; default: its current one")
    parser.add_argument("--name", default="", metavar="NAME", help="the k3d cluster, where Docker has several")
