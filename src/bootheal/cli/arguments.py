"""What several commands may be told alike, and what only `init`, `rbac` and `demo` may."""

import argparse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CONFIG = Path("/etc/bootheal/bootheal.yaml")


def config(parser: argparse.ArgumentParser, default: Path | None = CONFIG) -> None:
    """Add the file of the configuration."""
    takes_file(
        parser.add_argument("-c", "--config", type=_file, default=default, metavar="FILE", help=f"default: {CONFIG}")
    )


def takes_file(option: argparse.Action) -> None:
    """Let shells complete the names of files."""
    option.complete = "file"  # type: ignore[attr-defined]  # how shtab wants to be told


def seconds(text: str) -> float:
    """Return a number of seconds; argparse tells of what is none."""
    return _number(text, 0.0, float("inf"), "a number of seconds")


def period(text: str) -> float:
    """Return after how many seconds something is done again; argparse tells of what is none."""
    return _number(text, 1.0, float("inf"), "a number of seconds, 1 at least")


def position(text: str) -> int:
    """Return which one in a list is meant, counted from 1; argparse tells of what is none."""
    from bootheal.model.numbers import whole

    if number := whole(text, 1_000_000):
        return number
    raise argparse.ArgumentTypeError(f"cannot use {_shown(text)}: it should be a whole number, 1 at least")


def rate(text: str) -> float:
    """Return how often a second, so that something can be done; argparse tells of what is none."""
    return _number(text, 1.0, 10_000.0, "a number from 1 to 10000")


def pace(parser: argparse.ArgumentParser) -> None:
    """Add how many requests a second the API server is sent."""
    parser.add_argument(
        "--max-requests-per-second",
        type=rate,
        default=50.0,
        metavar="NUMBER",
        help="how many requests the API server is sent at most; default: 50",
    )


def _number(text: str, least: float, most: float, what: str) -> float:
    with suppress(ValueError):
        if least <= float(text) <= most:  # false also for what is not a number by its own words
            return float(text)
    raise argparse.ArgumentTypeError(f"cannot use {_shown(text)}: it should be {what}")


def _namespace(text: str) -> str:
    """Return the name of a namespace; argparse tells of what is none."""
    from bootheal.config.shapes import kubernetes

    return _of_kubernetes(kubernetes.label, text)


def _account(text: str) -> str:
    """Return the name of a ServiceAccount, which may have dots; argparse tells of what is none."""
    from bootheal.config.shapes import kubernetes

    return _of_kubernetes(kubernetes.subdomain, text)


def _of_kubernetes(shape: Callable[[str], str], text: str) -> str:
    try:
        return shape(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"cannot use {_shown(text)}: {error}") from None


def _file(text: str) -> Path:
    if text:
        return Path(text)
    raise argparse.ArgumentTypeError("cannot use '': it should name a file")


def _absolute(text: str) -> Path:
    if Path(text).is_absolute():
        return Path(text)
    raise argparse.ArgumentTypeError(f"cannot use {_shown(text)}: it should be an absolute path, which begins with /")


def _shown(text: str) -> str:
    from bootheal.model.quoted import quoted

    return f"'{quoted(text)}'"


def init(parser: argparse.ArgumentParser) -> None:
    """Add what `init` may be told."""
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
        type=_namespace,
        action="append",
        default=[],
        metavar="NAME",
        help="look here only (may be given several times)",
    )
    parser.add_argument(
        "--state-directory",
        type=_absolute,
        metavar="DIRECTORY",
        help="written into the file; default: the service's own",
    )


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
    parser.add_argument(
        "--account", type=_account, default="bootheal", metavar="NAME", help="the ServiceAccount; default: bootheal"
    )
    parser.add_argument(
        "--namespace",
        type=_namespace,
        default="kube-system",
        metavar="NAME",
        help="where the ServiceAccount is; default: kube-system",
    )


def demo(parser: argparse.ArgumentParser) -> None:
    """Add what `demo` may be told."""
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
