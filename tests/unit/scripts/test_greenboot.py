"""What greenboot is told, by the exit code of `bootheal wait`."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "config/greenboot/50-bootheal.sh"


def verdict(directory: Path, waits: str) -> int:
    """Run the drop-in as greenboot does, beside a `bootheal` that does as it is told."""
    program = directory / "bootheal"
    program.write_text(f"#!/bin/sh\n[ \"$*\" = 'wait --timeout 0' ] || exit 64\n{waits}\n")
    program.chmod(0o755)
    environment = {"PATH": f"{directory}:/usr/bin:/bin", "BOOTHEAL_SECONDS": "0"}
    return subprocess.run(["bash", "-C", str(SCRIPT)], env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize(("code", "red"), [(0, 0), (1, 1), (70, 1), (3, 0)])
def test_a_boot_is_red_where_it_does_not_heal_and_never_for_data(tmp_path: Path, code: int, red: int) -> None:
    """A rollback cures no data: exit code 3 is for a person."""
    assert verdict(tmp_path, f"exit {code}") == red
