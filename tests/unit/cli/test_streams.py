"""Standard output and error hold what bootheal says, and nothing else."""

import subprocess
import sys

import pytest

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


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("stdout", ["> /dev/full", "| true", ">&-"])
def test_what_cannot_be_told_stops_nothing(stdout: str, unbuffered: str) -> None:
    """Nor where Python does not buffer, as images have it: `run` goes on to its end, whoever reads."""
    told = "import time; time.sleep(0.3); print('one', flush=True); print('two'); sys.stdout.flush(); sys.exit(7)"
    program = f"import sys; from bootheal.cli.streams import forgive; forgive('stdout'); {told}"
    line = f"set -o pipefail; '{sys.executable}' -c \"{program}\" {stdout}"
    variables = environment() | {"PYTHONUNBUFFERED": unbuffered}
    if stdout == ">&-":
        line = line.replace("forgive('stdout')", "open_missing(); forgive('stdout')").replace(
            "import forgive", "import forgive, open_missing"
        )
    run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=variables, check=False)
    assert (run.returncode, run.stderr) == (7, "")
