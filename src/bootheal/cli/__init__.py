"""The command line: understand it, run the command, tell what went wrong.

A command is a module here, imported when it runs: `status` starts fast.
"""

import errno
import gc
import importlib
import io
import sys
import traceback
from types import ModuleType
from typing import TYPE_CHECKING

from bootheal.cli.arguments.parser import COMMANDS, make_parser
from bootheal.cli.streams import forgive, open_missing, silence_libraries
from bootheal.errors import EXHAUSTED, BoothealError, ConfigurationError
from bootheal.exit_codes import ExitCode

if TYPE_CHECKING:
    from bootheal.narrate import Note

__all__ = ["COMMANDS", "main", "make_parser"]

# What a file says that cannot hold what is printed into it.
_UNTELLABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

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
        return _explain(error)
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
    return int(_imported(options.command).main(options))


def _imported(command: str) -> ModuleType:
    """Import what runs the command. All of it stays: nothing is collected from it, now or later."""
    gc.disable()
    try:
        return importlib.import_module(f"bootheal.cli.{command}")
    finally:
        gc.freeze()
        gc.enable()


def _explain(error: Exception) -> int:
    """Say what went wrong in the user's terms, and return the exit code for it."""
    if isinstance(error, OSError) and error.errno in EXHAUSTED:  # then nothing can be imported, either
        print(f"bootheal: cannot go on: {error.strerror}\n  see ulimit -n, LimitNOFILE=, and memory", file=sys.stderr)
        return ExitCode.NOT_HEALED
    from bootheal.narrate import Note

    if isinstance(error, ConfigurationError):
        _complain(str(error), Note.CONFIGURATION)
        return error.exit_code
    if isinstance(error, OSError) and error.errno in _UNTELLABLE:
        sys.stdout = None
        _complain(f"bootheal: cannot write what was asked for: {error.strerror}", Note.FAILURE)
        return ExitCode.NOT_HEALED
    if isinstance(error, BoothealError):
        _complain(f"bootheal: {error.with_hint()}", Note.FAILURE)
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
