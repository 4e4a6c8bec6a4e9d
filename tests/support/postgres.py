"""Real PostgreSQL servers as tests start, break and copy them: on loopback, owned by nobody where we are root."""

import functools
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bootheal.demo.images.postgres import INITDB
from bootheal.demo.images.servers import find_servers
from bootheal.demo.node.owner import unprivileged
from bootheal.errors import DemoError
from bootheal.model import Credentials, Secret, Target, Trust
from support.session import once

ADDRESS = "127.0.0.1"
ADMIN = Credentials("postgres", Secret("admin's"))
APP = Credentials("app", Secret("app's"))
_SETUP = """\
alter role postgres password 'admin''s';

create role app login password 'app''s';

create database shop owner app;

"""
_SETTINGS = {
    "listen_addresses": ADDRESS,
    "unix_socket_directories": "",
    "shared_buffers": "1MB",
    "max_connections": "20",
    "max_wal_senders": "2",
    "fsync": "off",
    "dynamic_shared_memory_type": "mmap",
    "logging_collector": "off",
}


class RealPostgres:
    """One data directory, and the server on it while it runs."""

    def __init__(self, data: Path, port: int) -> None:
        self.data, self.port = data, port
        self._servers, self._owner = find_servers(), unprivileged("nobody")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All that it has ever said."""
        return self._log.read_text(errors="replace")

    @property
    def _log(self) -> Path:
        return self.data.with_suffix(".log")

    def target(self, trust: Trust | None = None) -> Target:
        """Where it is."""
        return Target(ADDRESS, self.port, trust=trust)

    def initialise(self) -> None:
        """Make the cluster: a superuser and an application with passwords, over TCP with SCRAM only."""
        shutil.copytree(initialised(), self.data)
        self._owner.own_tree(self.data)
        (self.data / "pg_hba.conf").write_text("host all,replication all all scram-sha-256\n")
        self.run("postgres", "--single", "-j", "-D", self.data, "postgres", typed=_SETUP)

    def fresh(self) -> None:
        """Be a copy of what initdb has made, without the databases' own files: for a server that will not come up."""
        shutil.copytree(initialised(), self.data, ignore=_databases, dirs_exist_ok=True)
        self._owner.own_tree(self.data)
        self.data.chmod(0o700)

    def copy_from(self, primary: "RealPostgres") -> None:
        """Become a streaming standby."""
        password = {"PGPASSWORD": ADMIN.password.reveal()}
        where = ("-h", ADDRESS, "-p", str(primary.port), "-U", "postgres")
        self.run("pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast", *where, environment=password)

    def run(
        self, program: str, *arguments: str | Path, typed: str = "", environment: dict[str, str] | None = None
    ) -> None:
        """Run one of PostgreSQL's programs to its end."""
        subprocess.run(
            [self._servers.postgres / program, *arguments],
            env={**self._servers.environment, **(environment or {})},
            user=self._owner.user,
            group=self._owner.group,
            cwd="/",
            input=typed.encode(),
            capture_output=True,
            check=True,
        )

    def own(self, path: Path, mode: int = 0o600) -> None:
        """Give a file to the server."""
        path.chmod(mode)
        self._owner.own(path)

    @contextmanager
    def running(self, *, wait: bool = True, **settings: str) -> Iterator["RealPostgres"]:
        """Run the server; the settings are for this time only."""
        self.start(wait=wait, **settings)
        try:
            yield self
        finally:
            self.stop()

    def start(self, *, wait: bool = True, **settings: str) -> None:
        """Start it and wait until it takes logins."""
        said = len(self.log) if self._log.exists() else 0
        given = [f"-c{key}={value}" for key, value in {**_SETTINGS, "port": str(self.port), **settings}.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._servers.postgres / "postgres", "-D", self.data, *given],
                env=dict(self._servers.environment),
                user=self._owner.user,
                group=self._owner.group,
                cwd="/",
                stdout=log,
                stderr=log,
            )
        if wait:
            until(lambda: "ready to accept" in self.log[said:], f"PostgreSQL does not come up, see {self._log}")

    def stop(self, number: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it at once, as a power cut does; SIGINT: in good order."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send the postmaster a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def ended(self) -> int:
        """Wait until it has ended by itself; return its exit code."""
        assert self._process is not None
        code = self._process.wait(60)
        self._process = None
        return code

    @property
    def pid(self) -> int:
        """The postmaster."""
        assert self._process is not None
        return self._process.pid


def _databases(directory: str, names: list[str]) -> list[str]:
    return names if Path(directory).name == "base" else []


@functools.cache
def initialised() -> Path:
    """A database cluster fresh from initdb, the same for the whole session: to be copied, not to be run."""
    return once("cluster", lambda target: RealPostgres(target, 0).run("initdb", *INITDB, "-D", target))


@contextmanager
def servers() -> Iterator["Garage"]:
    """Yield what makes servers; their directories go at the end."""
    try:
        find_servers()
    except DemoError as missing:
        pytest.skip(f"{missing}: {missing.hint}")
    directory = unprivileged("nobody").private_directory(Path(tempfile.gettempdir()))
    garage = Garage(directory)
    try:
        yield garage
    finally:
        for server in garage.made:
            server.stop()
        shutil.rmtree(directory)


class Garage:
    """Makes servers, each on a data directory and a port of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.made: list[RealPostgres] = []

    def new(self, name: str) -> RealPostgres:
        """A server without data yet."""
        with socket.create_server((ADDRESS, 0)) as probe:
            port = probe.getsockname()[1]
        server = RealPostgres(self.directory / name, port)
        self.made.append(server)
        return server

    def copy(self, original: RealPostgres, name: str) -> RealPostgres:
        """A server on a copy of a stopped server's data."""
        server = self.new(name)
        shutil.copytree(original.data, server.data, symlinks=True)
        server._owner.own_tree(server.data)
        return server


def until(condition: Callable[[], bool], message: str, seconds: float = 60.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.02)
