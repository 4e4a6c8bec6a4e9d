"""What a command imports before it does anything: at boot each import is paid for while nothing is healed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bootheal.demo.api.certificates import Authority, kubeconfig

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


FIRST_QUESTION = """
import sys, time
from pathlib import Path
from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import open_world
from bootheal.config.sections.cluster import Cluster
from bootheal.errors import UnreachableError

with Scope(print) as scope:
    world = open_world(Cluster(kind="kubernetes", kubeconfig=Path(sys.argv[1])), scope)
    print("psycopg" in sys.modules)
    try:
        world.cluster.nodes()
    except UnreachableError:
        until = time.monotonic() + 60
        while "psycopg" not in sys.modules and time.monotonic() < until:
            time.sleep(0.01)
        print("psycopg" in sys.modules)
"""


def test_what_a_database_needs_is_imported_while_the_first_question_is_out(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig("https://127.0.0.1:1", Authority().pem, {"token": "of-nobody"})))
    ran = subprocess.run([sys.executable, "-c", FIRST_QUESTION, path], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]


AT_ONCE = """
import sys, threading
from bootheal.adapters.docker.engine import DockerEngine
from bootheal.adapters.loading import loading
from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import open_world
from bootheal.config.sections.cluster import Cluster
from bootheal.errors import UnreachableError

NOWHERE = "unix:///nowhere/docker.sock"

def asked(question):
    try:
        question()
    except UnreachableError:
        pass

def imported():
    return sorted({"docker", "kubernetes", "requests"} & sys.modules.keys())

with Scope(print) as scope:
    world = open_world(Cluster(kind="k3d", name="shop", docker=NOWHERE), scope)
    questions = world.cluster.nodes, lambda: DockerEngine(NOWHERE).network("x")
    threads = [threading.Thread(target=asked, args=(each,)) for each in questions]
    with loading:
        [each.start() for each in threads]
        [each.join(2) for each in threads]
        print(*imported(), sep=",")
    [each.join() for each in threads]
    print(*imported(), sep=",")
"""


def test_of_two_threads_that_need_a_library_first_one_waits() -> None:
    """k3d's API server and Docker are asked at once, and their libraries share others: doctor ended as a bug."""
    ran = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["", "docker,kubernetes,requests"]
