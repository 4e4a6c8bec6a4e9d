"""A real Patroni whose PostgreSQL does not start: it runs on, and its log names the cause."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootheal.demo.images.patroni import reachable
from bootheal.demo.images.servers import find_servers
from bootheal.demo.node.owner import unprivileged
from bootheal.model import Ref
from bootheal.postgres.server_log import finding
from support.pgbouncer import free_port
from support.postgres import ADDRESS, Garage, RealPostgres, servers, until

SCRIPT = Path(__file__).parents[2] / "scripts/patronis.py"
CONFIGURATION = """\
scope: shop
name: postgres-0
raft: {{data_dir: {home}/raft, self_addr: "{address}:{raft}"}}
restapi: {{listen: "{address}:{rest}", connect_address: "{address}:{rest}"}}
bootstrap: {{dcs: {{loop_wait: 1, ttl: 20, retry_timeout: 3}}}}
postgresql:
  listen: "{address}:{port}"
  connect_address: "{address}:{port}"
  data_dir: {data}
  bin_dir: {programs}
  pgpass: {home}/pgpass
  authentication:
    superuser: {{username: postgres, password: x}}
    replication: {{username: replicator, password: x}}
  parameters: {{unix_socket_directories: "", shared_buffers: 1MB, dynamic_shared_memory_type: mmap}}
"""


@pytest.fixture(scope="module")
def garage() -> Iterator[Garage]:
    with servers() as garage:
        yield garage


@pytest.fixture(scope="module")
def tree(garage: Garage) -> Path:
    """Where a server's user can run Patroni."""
    found = subprocess.run([sys.executable, SCRIPT], stdout=subprocess.PIPE, text=True, timeout=280, check=True).stdout
    if not found.strip():
        pytest.skip("this machine cannot get Debian's Patroni: scripts/patronis.py says why")
    return reachable(Path(found.strip()), unprivileged("nobody"), garage.directory / "patroni")


def lock_file_empty(server: RealPostgres) -> None:
    lock = server.data / "postmaster.pid"
    lock.touch()
    server.own(lock)


def without_pg_notify(server: RealPostgres) -> None:
    (server.data / "pg_notify").rmdir()


def without_control_file(server: RealPostgres) -> None:
    (server.data / "global/pg_control").unlink()


@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        (without_pg_notify, "postgres-not-a-data-directory"),
        (lock_file_empty, "postgres-lock-file-empty"),
        (without_control_file, "patroni-data-damaged"),
    ],
)
def test_it_runs_on_while_its_log_names_the_cause(
    tree: Path, garage: Garage, tmp_path: Path, harm: object, cause: str
) -> None:
    """So the log of a container that runs is read where its server is silent."""
    server = garage.new(cause)
    server.fresh()
    assert callable(harm)
    harm(server)
    owner, home = unprivileged("nobody"), server.data.with_suffix(".home")
    home.mkdir()
    owner.own(home)
    configuration = home / "patroni.yml"
    places = {"home": home, "data": server.data, "programs": find_servers().postgres, "address": ADDRESS}
    configuration.write_text(
        CONFIGURATION.format(**places, raft=free_port(), rest=free_port(), port=server.port), encoding="utf-8"
    )
    owner.own(configuration)
    log = tmp_path / "log"
    with log.open("wb") as output:
        patroni = subprocess.Popen(
            ["/usr/bin/python3", "-m", "patroni", configuration],
            env={**find_servers().environment, **_paths(tree), "HOME": str(home), "PATH": os.environ["PATH"]},
            user=owner.user,
            group=owner.group,
            cwd=home,
            stdout=output,
            stderr=output,
        )
        try:
            until(lambda: cause == _cause(log), f"it is not in {log}", 100.0)
            assert patroni.poll() is None, "it has ended"
        finally:
            patroni.kill()
            patroni.wait()


def _paths(tree: Path) -> dict[str, str]:
    libraries = [
        find_servers().environment.get("LD_LIBRARY_PATH", ""),
        *map(str, (tree / "usr/lib").glob("*-linux-gnu*")),
    ]
    return {
        "PYTHONPATH": str(tree / "usr/lib/python3/dist-packages"),
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _cause(log: Path) -> str:
    found = finding(log.read_text(errors="replace"), Ref("pod", "shop", "postgres-0"), "postgres")
    return found.cause.id if found else ""
