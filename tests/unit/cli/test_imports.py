"""What a command imports before it does anything: at boot each import is paid for while nothing is healed."""

import subprocess
import sys

import pytest

# What looks for the reason, looks ahead, or looks for what is not listed.
LATER = tuple(
    f"bootheal.{room}" for room in ("diagnosis", "preflight", "model.machine", "discovery", "model.inventory")
)


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        ("run", ("bootheal.demo", "docker", "kubernetes", "psycopg", *LATER)),
        ("status", ("pydantic", "logging")),
        ("wait", ("pydantic", "logging")),
        ("report", ("pydantic", "logging")),
    ],
)
def test_a_command_imports_nothing_that_its_first_look_does_not_need(command: str, needless: tuple[str, ...]) -> None:
    """In a process of its own, as it is started."""
    program = f"import sys, bootheal.cli.{command}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert f"bootheal.cli.{command}" in loaded
    assert [name for name in needless if name in loaded] == []
