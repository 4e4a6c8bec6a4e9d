"""Arguments and exit codes. One small file a command; each imports what it needs when it runs."""

import argparse
import errno
import importlib
import io
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from bootheal import __version__
from bootheal.cli import arguments, examining
from bootheal.cli.arguments import CONFIG, seconds, takes_file
from bootheal.cli.arguments import config as _common
from bootheal.cli.streams import forgive, open_missing, silence_libraries
from bootheal.errors import BoothealError, ConfigurationError
from bootheal.exit_codes import ExitCode
from bootheal.model.quoted import quoted

if TYPE_CHECKING:
    from bootheal.narrate import Note

EXIT_CODES = "exit codes:\n" + "".join(f"  {code:<4} {code.meaning}\n" for code in ExitCode)

# What a file says that cannot hold what is printed into it.
_UNTELLABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

COMMANDS = {
    "run": "heal what this boot left broken, then stay and heal again; --once: heal and end",
    "plan": "show the graph and what would be done now; sends no write",
    "status": "show the last run, without the cluster",
    "report": "show where the time of a boot's recovery went: as text, JSON, a page, a picture or a trace",
    "wait": "block until this boot is healed; needs no rights but to read the state file",
    "notify": "show whom the configuration tells how a boot went; --test: tell them something now",
    "check": "check the configuration, and whether everything it names can be reached",
    "preflight": "say whether this machine would come back, if it rebooted now; changes nothing",
    "doctor": "say why this machine, a namespace or a workload is not well; changes nothing, needs no configuration",
    "explain": "explain one of the causes that `doctor --list` names",
    "bundle": "pack what helps others to help into one file, without passwords",
    "init": "find what is in the cluster, and write a commented configuration",
    "rbac": "print the least rights that the configuration needs; --apply: give them to an account of its own",
    "demo": "start an embedded cluster, break it as a power cut does, and heal it before your eyes",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    open_missing()
    forgive("stderr")
    silence_libraries()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows ASCII only is no reason to fail
    try:
        code = _command(arguments)
        sys.stdout.flush()
    except (BrokenPipeError, KeyboardInterrupt) as error:
        if isinstance(error, BrokenPipeError):
            sys.stdout = None  # whoever read us has seen enough
        return ExitCode.SIGINT
    except Exception as error:  # noqa: BLE001 - the last one to say something sensible
        return _explain(error)
    return code


def _command(arguments: list[str] | None) -> int:
    parser = make_parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit:  # it has printed what it had to say
        sys.stdout.flush()
        raise
    if options.command is None:
        parser.print_help()
        return ExitCode.USAGE
    if options.command == "run":
        forgive("stdout")
    return int(importlib.import_module(f"bootheal.cli.{options.command}").main(options))


def _explain(error: Exception) -> int:
    """Say what went wrong in the user's terms, and return the exit code for it."""
    from bootheal.narrate import Note

    if isinstance(error, ConfigurationError):
        _complain(str(error), Note.CONFIGURATION)
        return error.exit_code
    if isinstance(error, OSError) and error.errno in _UNTELLABLE:
        sys.stdout = None
        _complain(f"bootheal: cannot write what was asked for: {error.strerror}", Note.FAILURE)
        return ExitCode.NOT_HEALED
    if isinstance(error, BoothealError):
        _complain(f"bootheal: {error}" + (f"\n  {error.hint}" if error.hint else ""), Note.FAILURE)
        return error.exit_code
    trace = "".join(traceback.format_exception(error))
    _complain(f"{trace}bootheal: this is a bug; please report it with the lines above", Note.CRASH)
    return ExitCode.BUG


def _complain(text: str, note: "Note") -> None:
    """Print to standard error; where that is the journal, as a note there."""
    from bootheal.adapters.journal import Journal, leads_there
    from bootheal.model.quoted import visible
    from bootheal.narrate import note_fields

    text = "\n".join(map(visible, text.split("\n")))  # whatever an error quotes, and from wherever
    if leads_there(sys.stderr):
        Journal().send(note_fields(text, note))
    else:
        print(text, file=sys.stderr)


def make_parser() -> argparse.ArgumentParser:
    """Return the whole command line; shell completion is generated from it."""
    parser = argparse.ArgumentParser(
        prog="bootheal",
        description="Brings a one-box k3s or k3d machine from 'it has booted' to 'every workload serves'.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"bootheal {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, summary in COMMANDS.items():
        _ARGUMENTS[name](
            commands.add_parser(
                name,
                help=summary,
                description=f"{summary[0].upper()}{summary[1:]}.",
                epilog=_EXAMPLES[name],
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    return parser


def _rate(text: str) -> float:
    """Return a rate; ValueError, which argparse tells of, where it is none that lets anything be done."""
    rate = float(text)
    if not 1 <= rate <= 10_000:  # noqa: PLR2004 - also false for what is no number
        raise argparse.ArgumentTypeError(f"cannot use {quoted(text)}: it should be from 1 to 10000")
    return rate


def _run(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument("--once", action="store_true", help="one pass; the exit code says how it ended")
    parser.add_argument("--json", action="store_true", help="print the report as JSON, the progress on stderr")
    parser.add_argument(
        "--max-requests-per-second",
        type=_rate,
        default=50.0,
        metavar="NUMBER",
        help="how many requests the API server is sent at most; default: 50",
    )
    parser.add_argument(
        "--accept-data",
        action="append",
        default=[],
        metavar="NAME",
        help="take the data of database NAME for good as it is, this once, after a stop with exit code 3",
    )


def _plan(parser: argparse.ArgumentParser) -> None:
    _common(parser)
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
    _common(parser, default=None)
    parser.add_argument("--json", action="store_true", help="print the state file's contents")
    parser.add_argument("--watch", action="store_true", help="go on, and show what changes, until Ctrl-C")


def _report(parser: argparse.ArgumentParser) -> None:
    _common(parser, default=None)
    parser.add_argument("boot", nargs="?", metavar="BOOT", help="its number in --list, or how its name begins")
    parser.add_argument(
        "-n", dest="number", type=int, default=1, metavar="NUMBER", help="1: the newest boot, the default; 2: before it"
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
    _common(parser, default=None)
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=float("inf"),
        metavar="SECONDS",
        help="give up after so long; default: never",
    )


def _notify(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument("--test", action="store_true", help="send one message to each, and say what came back")


def _check(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument("--offline", action="store_true", help="check the file only")
    parser.add_argument("--strict", action="store_true", help="exit code 1 for what is only a warning, too")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of the file, for editors")


def _init(parser: argparse.ArgumentParser) -> None:
    said = f"where it is written, - prints it; default: {CONFIG}"
    takes_file(parser.add_argument("--output", default=str(CONFIG), metavar="FILE", help=said))
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")
    parser.add_argument("--diff", action="store_true", help="say what is in the cluster and not in the file, and back")
    parser.add_argument("--name", default="", metavar="NAME", help="the k3d cluster, where Docker has several")
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="another cluster's; default: what is on this host, else $KUBECONFIG",
    )
    parser.add_argument("--context", default="", metavar="NAME", help="a context of it; default: its current one")
    parser.add_argument(
        "--namespace", action="append", default=[], metavar="NAME", help="look here only (may be given several times)"
    )
    parser.add_argument(
        "--state-directory", type=Path, metavar="DIRECTORY", help="written into the file; default: the service's own"
    )


_ARGUMENTS = {
    "run": _run,
    "plan": _plan,
    "status": _status,
    "report": _report,
    "wait": _wait,
    "notify": _notify,
    "check": _check,
    "init": _init,
    "rbac": arguments.rbac,
    "preflight": examining.preflight,
    "doctor": examining.doctor,
    "explain": examining.explain,
    "bundle": examining.bundle,
    "demo": arguments.demo,
}

_EXAMPLES = {
    "run": f"examples:\n  sudo bootheal run --once\n  sudo bootheal run     (as the service does)\n\n{EXIT_CODES}",
    "plan": "examples:\n  sudo bootheal plan --config ./bootheal.yaml\n  sudo bootheal plan --only pooler/shop\n\n"
    "exit codes:\n  0    it could be made, whatever it says\n  1    the gate is not open, so not all was judged\n"
    "  78   the configuration",
    "status": "example:\n  bootheal status --json | jq .report.verdict",
    "report": "examples:\n  bootheal report\n  bootheal report -n 2 --html /tmp/boot.html\n"
    "  bootheal report --compare 2 1",
    "wait": "example:\n  bootheal wait --timeout 600 && systemctl start nightly-report",
    "notify": "example:\n  sudo bootheal notify --test",
    "check": "example:\n  bootheal check --offline --config ./bootheal.yaml",
    "init": "examples:\n  sudo bootheal init\n  bootheal init --output - --namespace shop\n  sudo bootheal init --diff",
    "rbac": "examples:\n  bootheal rbac | kubectl apply -f -\n  sudo bootheal rbac --diff\n"
    "  sudo bootheal rbac --apply --credential /root/bootheal.kubeconfig",
    **examining.EXAMPLES,
    "demo": "examples:\n  bootheal demo\n  bootheal demo --scenario data-lost\n  bootheal demo --hidden-faults\n"
    "  bootheal demo --keep\n\n"
    "needs: pip install 'bootheal[demo]', and PostgreSQL and PgBouncer",
}
