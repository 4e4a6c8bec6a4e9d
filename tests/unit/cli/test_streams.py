"""Standard output and error hold what bootheal says, and nothing else."""

import subprocess
import sys

from support.command import environment

LIBRARY = """
import logging
from bootheal.cli import main

main(["explain", "node-not-ready"])
logging.getLogger("urllib3.connection").warning("unparsed data: %r", "canary")
logging.getLogger("psycopg").error("error ignored in rollback: \x1b]0;owned\x07")
"""


def test_what_a_library_logs_is_not_told() -> None:
    """It quotes what servers say, with whatever they echo, and nobody has looked that through."""
    run = subprocess.run([sys.executable, "-c", LIBRARY], capture_output=True, text=True, env=environment(), check=True)
    assert run.stdout
    assert run.stderr == ""
