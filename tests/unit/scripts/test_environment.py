"""What `scripts/environment` says and decides before anything is made."""

from pathlib import Path

import pytest

from environment import understand, without_servers
from interpreter import why_not

RETRYING = """\
  WARNING: Retrying (Retry(total={left}, connect=None, read=None, redirect=None, status=None)) after connection \
broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7fb8>: Failed to \
establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/hatchling/
"""


def test_no_network_is_told_in_two_lines_without_pips_guesses() -> None:
    """Pip itself goes on to speak of conflicting dependencies."""
    said = "".join(RETRYING.format(left=left) for left in (1, 0)) + "ERROR: ResolutionImpossible: for help visit …"
    assert why_not(said).splitlines() == [
        "cannot install Python packages: their index does not answer: [Errno -3] Temporary failure in name resolution",
        "connect this machine to the network, or have PIP_INDEX_URL name an index that it reaches",
    ]


def test_other_failures_are_told_in_pips_words() -> None:
    """Also where the network only stumbled: what was tried again and went well is not the cause."""
    said = RETRYING.format(left=1) + "ERROR: No matching distribution found for kubernetes==99\n"
    assert why_not(said).splitlines()[-2:] == [
        "ERROR: No matching distribution found for kubernetes==99",
        "cannot install Python packages: pip says above why",
    ]


@pytest.mark.parametrize(
    ("arguments", "purpose", "command"),
    [
        (["pytest", "--for", "demo"], "tests", ["pytest", "--for", "demo"]),
        (["--for", "demo", "bootheal", "demo", "--keep"], "demo", ["bootheal", "demo", "--keep"]),
    ],
)
def test_options_before_the_command_are_ours(arguments: list[str], purpose: str, command: list[str]) -> None:
    """Those after it belong to the command."""
    assert understand(arguments) == (purpose, command)


@pytest.mark.parametrize("arguments", [[], ["--for"], ["--for", "demo"], ["--for", "fun", "true"], ["--fast"]])
def test_what_is_not_understood_is_answered_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the exit code for misuse."""
    with pytest.raises(SystemExit) as end:
        understand(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: scripts/environment [--for demo] COMMAND")


def test_directories_of_installed_servers_leave_the_path(tmp_path: Path) -> None:
    """Each other place stays where it was, and the system's own directories do whatever is in them."""
    for name in ("tools", "servers"):
        (tmp_path / name).mkdir()
    server = tmp_path / "servers/initdb"
    server.touch(mode=0o755)
    path = f"{tmp_path}/tools:{tmp_path}/servers:/usr/bin:/bin"
    assert without_servers(path) == f"{tmp_path}/tools:/usr/bin:/bin"
