"""What Docker's daemon says when it does not start; the lines are in docker.txt."""

from pathlib import Path

from bootheal.adapters import log_signatures
from bootheal.causes import Gravity
from bootheal.causes.docker import DOCKER
from support.rows import each_row

LINES = [
    tuple(field.strip() for field in line.split("|", 1))
    for line in Path(__file__).with_name("docker.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@each_row(LINES, "cause", "line")
def test_a_line_of_docker_is_known_for_what_it_is(cause: str, line: str) -> None:
    """What a daemon warns of that runs is no trouble."""
    found = log_signatures.last_known(["something else", line, "goroutine 1 [running]:"], DOCKER)
    assert (found.cause.id if found else "-") == cause


def test_every_cause_is_shown_by_a_line_and_says_what_to_do() -> None:
    """Who is to remove a file of Docker's is told to keep a copy: the volumes beside it are the cluster's data."""
    assert {cause.id for cause in DOCKER.causes} == {cause for cause, _ in LINES} - {"-"}
    for cause in DOCKER.causes:
        assert cause.next_step
        assert cause.means.endswith(": {said}")
        if cause.gravity is Gravity.DATA:
            assert "copy" in cause.next_step or "save what can be read" in cause.next_step
