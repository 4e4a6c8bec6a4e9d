"""The whole command line; `--help`, the manual's tests and shell completion are made from it."""

import argparse
import shutil
import textwrap

from bootheal import __version__
from bootheal.cli.arguments import examining, healing, setting_up
from bootheal.cli.arguments.command import EXIT_CODES

COMMANDS = {each.name: each for each in (*healing.COMMANDS, *examining.COMMANDS, *setting_up.COMMANDS)}

_DESCRIPTION = "Brings a one-box k3s or k3d machine from 'it has booted' to 'every workload serves'."

# On what is narrower no text is broken any further; argparse has it so, too.
NARROWEST = 11


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Leaves room beside the commands, which argparse does not: it forgets that it indents them."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = max(map(len, COMMANDS)) + 4


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; `options.usage()` then says how the chosen one is called."""
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
    for each in COMMANDS.values():
        command = commands.add_parser(
            each.name,
            help=each.summary,
            description=textwrap.fill(f"{each.summary[0].upper()}{each.summary[1:]}.", columns),
            epilog=each.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # what changes a cluster is written out
        )
        each.add_arguments(command)
        command.set_defaults(usage=command.format_usage, default_of=command.get_default)
    return parser
