"""One command as the command line shows it."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from bootheal.exit_codes import ExitCode

EXIT_CODES = "exit codes:\n" + "".join(f"  {code:<4} {code.meaning}\n" for code in ExitCode)


@dataclass(frozen=True, slots=True)
class Command:
    """`add_arguments` adds what it may be told; `epilog` are its examples, and exit codes that are its own.

    What it does is in `bootheal.cli.NAME`, as `main(options)`: that is imported only when it runs.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    epilog: str
