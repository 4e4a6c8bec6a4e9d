"""Real PgBouncers by themselves, of every version that this machine can get, in front of a PostgreSQL."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

from bootheal.adapters.postgres.console import PgBouncerConsole
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.demo.images.servers import find_servers
from bootheal.errors import DemoError
from bootheal.model import Answer, Console, Credentials, Secret, Target
from support.reach import direct

SCRIPT = Path(__file__).parents[2] / "scripts/pgbouncers.py"
WHICH = ("installed", "stable", "unstable")
ADMIN = ("admin", "let me in")
USER = "nobody" if os.geteuid() == 0 else None
LONGEST = 300


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def programs() -> Iterator[dict[str, Path]]:
    """Yield where each of WHICH is, without those that this machine cannot get; each where anybody may run it."""
    try:
        found = {"installed": find_servers().pgbouncer}
    except DemoError as missing:
        pytest.skip(f"{missing}: {missing.hint}")
    newer = subprocess.run([sys.executable, SCRIPT], stdout=subprocess.PIPE, text=True, timeout=LONGEST, check=True)
    with tempfile.TemporaryDirectory(prefix="pgbouncers-") as home:
        Path(home).chmod(0o755)
        for line in newer.stdout.split():
            program = Path(line)
            tree = shutil.copytree(program.parent, Path(home, program.parent.name), symlinks=True)
            found[program.parent.name.removeprefix("pgbouncer-")] = tree / program.name
        yield found


def chosen(which: str, found: Mapping[str, Path]) -> Path:
    """Return one of the programs that were `found`; skip the test where it cannot be had, or is nothing newer."""
    if which not in found:
        pytest.skip(f"no PgBouncer from Debian {which} on this machine: scripts/pgbouncers.py says why")
    if which != "installed" and version_of(found[which]) <= version_of(found["installed"]):
        pytest.skip(f"Debian {which} has no newer PgBouncer than the installed one")
    return found[which]


def environment() -> Mapping[str, str]:
    """What a program needs that was unpacked: its libraries."""
    return find_servers().environment


def version_of(program: Path) -> tuple[int, ...]:
    """What the program says of itself."""
    command = (program, "--version")
    said = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    assert found, said
    return tuple(map(int, found.groups()))


@dataclass
class Bouncer:
    """One PgBouncer process; `userlist` and `databases` are written as they are given.

    `answers`: whether its console lets us in, which is how it is known to run; `files` are written beside its ini.
    """

    program: Path
    directory: Path
    databases: str
    userlist: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str | int] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    base: str = ""
    answers: bool = True
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> tuple[int, ...]:
        """Its version."""
        return version_of(self.program)

    @property
    def ini(self) -> Path:
        """Its pgbouncer.ini."""
        return self.directory / "pgbouncer.ini"

    @property
    def target(self) -> Target:
        """Where it listens."""
        return Target("127.0.0.1", self.port)

    def __enter__(self) -> Self:
        settings: dict[str, str | int] = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": str(self.directory / "userlist.txt"),
            "admin_users": ADMIN[0],
        }
        lines = [f"{key} = {value}" for key, value in {**settings, **self.settings}.items()]
        self.write_userlist(self.userlist)
        for name, text in self.files.items():
            (self.directory / name).write_text(text)
        self.base = "\n".join(["[databases]", self.databases, "[pgbouncer]", *lines, ""])
        self.ini.write_text(self.base)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def write_userlist(self, userlist: Mapping[str, str]) -> None:
        """Replace the auth_file."""
        entries = {ADMIN[0]: ADMIN[1], **userlist}
        text = "".join(f"{_quoted(user)} {_quoted(secret)}\n" for user, secret in entries.items())
        path = self.directory / "userlist.txt"
        before = path.stat().st_mtime if path.exists() else 0.0
        path.write_text(text)
        later = max(time.time(), before + 2)  # RELOAD reads a file again whose time has changed, in whole seconds
        os.utime(path, (later, later))

    def start(self) -> None:
        """Start it, and wait until it listens."""
        for path in (self.directory, *self.directory.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        with (self.directory / "log").open("ab") as log:
            command = (self.program, self.ini)
            self.process = subprocess.Popen(command, env=environment(), stderr=log, stdout=log, user=USER)
        deadline = time.monotonic() + 60
        while not self.accepts():
            assert time.monotonic() < deadline, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.02)

    def accepts(self) -> bool:
        """Whether its console answers; where it lets nobody in, whether it listens."""
        if not self.answers:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        try:
            self.console().close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def log(self) -> str:
        """What it wrote."""
        return (self.directory / "log").read_text(errors="replace")

    def console(self) -> psycopg.Connection[Any]:
        """Its console, for the test itself."""
        login = {"host": "127.0.0.1", "port": self.port, "user": ADMIN[0], "password": ADMIN[1], "dbname": "pgbouncer"}
        return psycopg.connect(**login, autocommit=True, prepare_threshold=None, sslmode="disable")  # type: ignore[arg-type]

    def say(self, statement: str) -> None:
        """Say something on the console."""
        with self.console() as connection:
            connection.execute(statement)

    def shows(self, dbname: str = "shop") -> Console:
        """What our own adapter reads."""
        return pooler().read(self.target, Credentials(ADMIN[0], Secret(ADMIN[1])), dbname)

    def ask(self, user: str, password: str, dbname: str = "shop", timeout: float = 3.0) -> Answer:
        """Log in by our own adapter."""
        return server().ask(self.target, Credentials(user, Secret(password)), dbname, timeout=timeout)

    def serve(self, user: str, password: str) -> None:
        """Log in until it succeeds."""
        deadline = time.monotonic() + 60
        while not (answer := self.ask(user, password)).ok:
            assert time.monotonic() < deadline, f"it says {answer}"
            time.sleep(0.05)

    def ask_until(self, user: str, password: str, words: str, dbname: str = "shop") -> Answer:
        """Log in until it says so."""
        deadline = time.monotonic() + 60
        while words not in (answer := self.ask(user, password, dbname)).text:
            assert time.monotonic() < deadline, f"it says {answer}, never {words!r}"
            time.sleep(0.05)
        return answer


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def server() -> PostgresServer:
    """Our adapter for logins."""
    return PostgresServer(direct().open, direct().local)


def pooler() -> PgBouncerConsole:
    """Our adapter for the console."""
    return PgBouncerConsole(direct().local)
