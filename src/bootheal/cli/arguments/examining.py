"""The commands that find out what is not well, or would not be; they change nothing."""

import argparse
from pathlib import Path

from bootheal.cli.arguments.command import Command
from bootheal.cli.arguments.options import cluster, config, pace, takes_file
from bootheal.cli.arguments.values import period

# What a look costs is a second; what has changed since is seen after so long.
EVERY_SECONDS = 600.0


def _check(parser: argparse.ArgumentParser) -> None:
    config(parser)
    parser.add_argument("--offline", action="store_true", help="check the file only")
    parser.add_argument("--strict", action="store_true", help="exit code 1 for what is only a warning, too")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of the file, for editors")


def _preflight(parser: argparse.ArgumentParser) -> None:
    config(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON, with stable ids")
    parser.add_argument("--gate", action="store_true", help="for scripts before a reboot: the verdict in one line")
    parser.add_argument("--strict", action="store_true", help="exit code 1 for what may break, too")
    said = "stay, and let systemd refuse planned reboots while one would end badly (bootheal-preflight.service)"
    parser.add_argument("--inhibit", action="store_true", help=said)
    said = f"with --inhibit: look again after so long; default: {EVERY_SECONDS:g}"
    parser.add_argument("--every", type=period, metavar="SECONDS", help=said)
    pace(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "about", nargs="*", metavar="NAMESPACE|OBJECT", help="such as shop, or deployment/shop/web; default: all of it"
    )
    cluster(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON, with stable ids")
    parser.add_argument("--list", action="store_true", help="list the causes that are known, with their ids")


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the cause, as `doctor` writes it in brackets")


def _bundle(parser: argparse.ArgumentParser) -> None:
    cluster(parser)
    said = "- is standard output; default: bootheal-HOST-TIME.tar.gz in this directory"
    takes_file(parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=said))


COMMANDS = (
    Command(
        "check",
        "check the configuration, and whether everything it names can be reached",
        _check,
        "example:\n  bootheal check --offline --config ./bootheal.yaml",
    ),
    Command(
        "preflight",
        "say whether this machine would come back, if it rebooted now; changes nothing",
        _preflight,
        "examples:\n  sudo bootheal preflight\n  sudo bootheal preflight --gate && sudo systemctl reboot\n"
        "  sudo bootheal preflight --json | jq -r '.found[] | .sure + \" \" + .object'\n\n"
        "exit codes:\n  0    it would come back\n  1    it would not, or not by itself, or that cannot be said\n"
        "  3    data would be at risk\n  78   the configuration",
    ),
    Command(
        "doctor",
        "say why this machine, a namespace or a workload is not well; changes nothing, needs no configuration",
        _doctor,
        "examples:\n  sudo bootheal doctor\n  sudo bootheal doctor shop deployment/web/front\n"
        "  bootheal doctor --kubeconfig ~/.kube/config --json | jq '.found[].id'\n\n"
        "exit codes:\n  0    all is well, or passes by itself\n  1    something is not well, or nobody can say\n"
        "  3    data is at risk",
    ),
    Command(
        "explain",
        "explain one of the causes that `doctor --list` names",
        _explain,
        "example:\n  bootheal explain postgres-lock-file-empty",
    ),
    Command(
        "bundle",
        "pack what helps others to help into one file, without passwords",
        _bundle,
        "examples:\n  sudo bootheal bundle\n  sudo bootheal bundle --output /tmp/shop.tar.gz",
    ),
)
