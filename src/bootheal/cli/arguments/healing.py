"""The commands that heal, and those that tell how it went."""

import argparse
from pathlib import Path

from bootheal.cli.arguments.command import EXIT_CODES, Command
from bootheal.cli.arguments.options import config, pace, takes_file
from bootheal.cli.arguments.values import position, seconds


def _run(parser: argparse.ArgumentParser) -> None:
    config(parser)
    parser.add_argument("--once", action="store_true", help="one pass; the exit code says how it ended")
    parser.add_argument("--json", action="store_true", help="print the report as JSON, the progress on stderr")
    pace(parser)
    parser.add_argument(
        "--accept-data",
        action="append",
        default=[],
        metavar="NAME",
        help="take the data of database NAME for good as it is, this once, after a stop with exit code 3",
    )


def _plan(parser: argparse.ArgumentParser) -> None:
    config(parser)
    parser.add_argument("--json", action="store_true", help="print the judgements as JSON")
    parser.add_argument(
        "--only",
        action="extend",
        nargs="+",
        default=[],
        metavar="STEP",
        help="only these steps, such as pooler/shop, and what they come after",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="also how patient each step is, what wakes it, what it needs"
    )


def _status(parser: argparse.ArgumentParser) -> None:
    config(parser, default=None)
    parser.add_argument("--json", action="store_true", help="print the state file's contents")
    parser.add_argument("--watch", action="store_true", help="go on, and show what changes, until Ctrl-C")


def _report(parser: argparse.ArgumentParser) -> None:
    config(parser, default=None)
    parser.add_argument("boot", nargs="?", metavar="BOOT", help="its number in --list, or how its name begins")
    parser.add_argument(
        "-n",
        dest="number",
        type=position,
        default=1,
        metavar="NUMBER",
        help="1: the newest boot, the default; 2: before it",
    )
    parser.add_argument("--list", action="store_true", help="list the boots that are kept, the newest first")
    parser.add_argument("--compare", nargs=2, metavar=("A", "B"), help="show two boots side by side")
    parser.add_argument("--json", action="store_true", help="print what is kept of it as JSON")
    for kind, what in (
        ("html", "a page that needs nothing from elsewhere"),
        ("svg", "a picture"),
        ("perfetto", "a trace for ui.perfetto.dev or chrome://tracing"),
    ):
        said = f"write {what}; - is standard output"
        takes_file(parser.add_argument(f"--{kind}", type=Path, metavar="FILE", help=said))


def _wait(parser: argparse.ArgumentParser) -> None:
    config(parser, default=None)
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=float("inf"),
        metavar="SECONDS",
        help="give up after so long; default: never",
    )


def _notify(parser: argparse.ArgumentParser) -> None:
    config(parser)
    parser.add_argument("--test", action="store_true", help="send one message to each, and say what came back")


COMMANDS = (
    Command(
        "run",
        "heal what this boot left broken, then stay and heal again; --once: heal and end",
        _run,
        f"examples:\n  sudo bootheal run --once\n  sudo bootheal run     # as the service does\n\n{EXIT_CODES}",
    ),
    Command(
        "plan",
        "show the graph and what would be done now; sends no write",
        _plan,
        "examples:\n  sudo bootheal plan --config ./bootheal.yaml\n  sudo bootheal plan --only pooler/shop\n\n"
        "exit codes:\n  0    it could be made, whatever it says\n  1    the gate is not open, so not all was judged\n"
        "  78   the configuration",
    ),
    Command(
        "status",
        "show the last run, without the cluster",
        _status,
        "example:\n  bootheal status --json | jq .report.verdict",
    ),
    Command(
        "report",
        "show where the time of a boot's recovery went: as text, JSON, a page, a picture or a trace",
        _report,
        "examples:\n  bootheal report\n  bootheal report -n 2 --html /tmp/boot.html\n  bootheal report --compare 2 1",
    ),
    Command(
        "wait",
        "block until this boot is healed; needs no rights but to read the state file",
        _wait,
        "example:\n  bootheal wait --timeout 600 && systemctl start nightly-report",
    ),
    Command(
        "notify",
        "show whom the configuration tells how a boot went; --test: tell them something now",
        _notify,
        "example:\n  sudo bootheal notify --test",
    ),
)
