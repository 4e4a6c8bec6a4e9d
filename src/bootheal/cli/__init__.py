"""Arguments and exit codes. One small file a command; each imports what it needs when it runs, and so does this one."""

import argparse
import gc
import importlib
import io
import shutil
import sys
import textwrap
from pathlib import Path
from types import ModuleType

from bootheal import __version__
from bootheal.cli import arguments, examining, meaningless
from bootheal.cli.arguments import config as _common
from bootheal.cli.arguments import pace, position, seconds, takes_file
from bootheal.cli.failing import fail, tell_as_data
from bootheal.cli.streams import forgive, open_missing, silence_libraries
from bootheal.errors import BoothealError
from bootheal.exit_codes import ExitCode

_DESCRIPTION = "Brings a one-box k3s or k3d machine from 'it has booted' to 'every workload serves'."

EXIT_CODES = "exit codes:\n" + "".join(f"  {code:<4} {code.meaning}\n" for code in ExitCode)

# On what is narrower no text is broken any further; argparse has it so, too.
NARROWEST = 11

# Options that need no command.
_ALONE = frozenset({"-h", "--help", "--version"})

# What reads our own files alone; whatever asks others does so by libraries that log.
_WITHOUT_LIBRARIES = frozenset({"status", "wait", "report"})

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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows ASCII only is no reason to fail
    try:
        code = _command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None  # whoever read us has seen enough
        return ExitCode.SIGPIPE
    except KeyboardInterrupt:
        return ExitCode.SIGINT
    except Exception as error:  # noqa: BLE001 - the last one to say something sensible
        return fail(error)
    return code


def _command(arguments: list[str] | None) -> int:
    parser = make_parser()
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] not in _ALONE.union(COMMANDS):
        from bootheal.cli.misunderstood import insist_on_a_command

        insist_on_a_command(words, COMMANDS)
    try:
        options, unknown = parser.parse_known_args(arguments)
    except SystemExit:  # it has printed what it had to say
        sys.stdout.flush()
        raise
    if unknown:
        from bootheal.cli import misunderstood

        raise misunderstood.unknown(unknown[0], options)
    if options.command is None:
        parser.print_help()
        return ExitCode.USAGE
    if options.command == "run" or getattr(options, "inhibit", False):  # what they do goes on, whoever reads of it
        forgive("stdout")
    if options.command not in _WITHOUT_LIBRARIES:
        silence_libraries()
    try:
        meaningless.refuse(options)
        return int(_imported(options.command).main(options))
    except BoothealError as error:
        if getattr(options, "json", False):
            tell_as_data(error)
        raise


def _imported(command: str) -> ModuleType:
    """Import what runs the command. All of it stays: nothing is collected from it, now or later."""
    gc.disable()
    try:
        return importlib.import_module(f"bootheal.cli.{command}")
    finally:
        gc.freeze()
        gc.enable()


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Leaves room beside the commands, which argparse does not: it forgets that it indents them."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = max(map(len, COMMANDS)) + 4


def make_parser() -> argparse.ArgumentParser:
    """Return the whole command line; shell completion is generated from it."""
    columns = max(shutil.get_terminal_size().columns - 2, NARROWEST)  # as argparse itself has it
    parser = argparse.ArgumentParser(
        prog="bootheal",
        description=textwrap.fill(_DESCRIPTION, columns),
        epilog=EXIT_CODES,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.set_defaults(usage=parser.format_usage)
    parser.add_argument("--version", action="version", version=f"bootheal {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=textwrap.fill(f"{summary[0].upper()}{summary[1:]}.", columns),
            epilog=_EXAMPLES[name],
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # what changes a cluster is written out
        )
        _ARGUMENTS[name](command)
        command.set_defaults(usage=command.format_usage, default_of=command.get_default)
    return parser


def _run(parser: argparse.ArgumentParser) -> None:
    _common(parser)
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


_ARGUMENTS = {
    "run": _run,
    "plan": _plan,
    "status": _status,
    "report": _report,
    "wait": _wait,
    "notify": _notify,
    "check": _check,
    "init": arguments.init,
    "rbac": arguments.rbac,
    "preflight": examining.preflight,
    "doctor": examining.doctor,
    "explain": examining.explain,
    "bundle": examining.bundle,
    "demo": arguments.demo,
}

_EXAMPLES = {
    "run": f"examples:\n  sudo bootheal run --once\n  sudo bootheal run     # as the service does\n\n{EXIT_CODES}",
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
