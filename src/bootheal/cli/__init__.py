"""The command line: understand it, run the command, tell what went wrong.

A command is a module here, imported when it runs: `status` starts fast.
"""

import gc
import importlib
import io
import sys
from types import ModuleType

from bootheal.cli import meaningless
from bootheal.cli.arguments.parser import COMMANDS, make_parser
from bootheal.cli.failing import fail, tell_as_data
from bootheal.cli.streams import forgive, open_missing, silence_libraries
from bootheal.errors import BoothealError
from bootheal.exit_codes import ExitCode

__all__ = ["COMMANDS", "main", "make_parser"]

# Options that need no command.
_ALONE = frozenset({"-h", "--help", "--version"})

# What reads our own files alone; whatever asks others does so by libraries that log.
_WITHOUT_LIBRARIES = frozenset({"status", "wait", "report"})


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
