"""What several commands may be told alike, and what only `rbac` and `demo` may."""

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
    """Return a number of seconds; ValueError, which argparse tells of, where it is none."""
    if not (number := float(text)) >= 0:  # not a number is not, either
        raise ValueError
    return number


seconds.__name__ = "number of seconds"  # what argparse calls it where it complains


def rbac(parser: argparse.ArgumentParser) -> None:
    """Add what `rbac` may be told."""
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
    parser.add_argument("--account", default="bootheal", metavar="NAME", help="the ServiceAccount; default: bootheal")
    parser.add_argument(
        "--namespace", default="kube-system", metavar="NAME", help="where the ServiceAccount is; default: kube-system"
    )


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
    takes_file(
        parser.add_argument(
            "--patroni",
            type=Path,
            metavar="DIRECTORY",
            help="two members of Patroni in place of one server: Debian's, unpacked in DIRECTORY, or / where installed",
        )
    )
    parser.add_argument("--keep", action="store_true", help="leave the stack running and show how to try things on it")
