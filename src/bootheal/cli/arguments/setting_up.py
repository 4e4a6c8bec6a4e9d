"""The commands for who sets it up, or wants to see what it does."""

import argparse
from pathlib import Path

from bootheal.cli.arguments.command import Command
from bootheal.cli.arguments.options import CONFIG, config, takes_file
from bootheal.cli.arguments.values import absolute, account, namespace, seconds


def _init(parser: argparse.ArgumentParser) -> None:
    said = f"where it is written, - prints it; default: {CONFIG}"
    takes_file(parser.add_argument("-o", "--output", default=str(CONFIG), metavar="FILE", help=said))
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")
    parser.add_argument(
        "--diff", action="store_true", help="say what is in the cluster and not in the file, and the other way round"
    )
    parser.add_argument("--name", default="", metavar="NAME", help="the k3d cluster, where Docker has several")
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="another cluster's; default: what is on this host, else $KUBECONFIG",
    )
    parser.add_argument("--context", default="", metavar="NAME", help="a context of it; default: its current one")
    parser.add_argument(
        "--namespace",
        type=namespace,
        action="append",
        default=[],
        metavar="NAME",
        help="look here only (may be given several times)",
    )
    parser.add_argument(
        "--state-directory",
        type=absolute,
        metavar="DIRECTORY",
        help="written into the file; default: the service's own",
    )


def _rbac(parser: argparse.ArgumentParser) -> None:
    config(parser)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--diff", action="store_true", help="compare with the roles that are in the cluster")
    instead.add_argument(
        "--apply", action="store_true", help="make account and roles so, as the cluster's administrator"
    )
    instead.add_argument("--withdraw", action="store_true", help="delete the account, its tokens and its roles")
    said = "write a kubeconfig of the account, with a token of 7 days, that its directory's owner alone can read"
    takes_file(parser.add_argument("--credential", type=Path, metavar="FILE", help=said))
    parser.add_argument(
        "--patience",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="for how long a cluster that does not answer is asked again; default: not at all",
    )
    parser.add_argument(
        "--account", type=account, default="bootheal", metavar="NAME", help="the ServiceAccount; default: bootheal"
    )
    parser.add_argument(
        "--namespace",
        type=namespace,
        default="kube-system",
        metavar="NAME",
        help="where the ServiceAccount is; default: kube-system",
    )


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenario", metavar="NAME", help="what the power cut leaves behind; default: drift")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument(
        "--hidden-faults",
        action="store_true",
        help="break it so that all still serves, let `preflight` say what a reboot would bring, and cut the power",
    )
    takes_file(
        parser.add_argument(
            "--patroni",
            type=Path,
            metavar="DIRECTORY",
            help="two members of Patroni in place of one server: Debian's, unpacked in DIRECTORY, or / where installed",
        )
    )
    parser.add_argument("--keep", action="store_true", help="leave the stack running and show how to try things on it")


COMMANDS = (
    Command(
        "init",
        "find what is in the cluster, and write a commented configuration",
        _init,
        "examples:\n  sudo bootheal init\n  bootheal init --output - --namespace shop\n  sudo bootheal init --diff",
    ),
    Command(
        "rbac",
        "print the least rights that the configuration needs; --apply: give them to an account of its own",
        _rbac,
        "examples:\n  bootheal rbac | kubectl apply -f -\n  sudo bootheal rbac --diff\n"
        "  sudo bootheal rbac --apply --credential /root/bootheal.kubeconfig",
    ),
    Command(
        "demo",
        "start an embedded cluster, break it as a power cut does, and heal it before your eyes",
        _demo,
        "examples:\n  bootheal demo\n  bootheal demo --scenario data-lost\n  bootheal demo --hidden-faults\n"
        "  bootheal demo --keep\n\n"
        "needs: pip install 'bootheal[demo]', and PostgreSQL and PgBouncer",
    ),
)
