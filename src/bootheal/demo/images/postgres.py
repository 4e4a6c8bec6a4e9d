"""PostgreSQL as a container image: initdb on an empty volume, crash recovery that can be made to last."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bootheal.demo.images.servers import Servers
from bootheal.demo.node.images import Context
from bootheal.demo.node.processes import alive
from bootheal.demo.node.runtime import Command
from bootheal.demo.values import scram_verifier
from bootheal.errors import DemoError

ROWS = 3000
INITDB = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-sync")
_REMOVE_SEGMENT = 0
_SOON = 0.01

_SETTINGS = {
    "unix_socket_directories": "''",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",  # nothing in /dev/shm to survive us
    "jit": "off",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "log_connections": "on",
}

_ROLES = """\
ALTER ROLE postgres PASSWORD '{postgres}';

CREATE ROLE {pooler_user} LOGIN PASSWORD '{pooler}';

CREATE ROLE {app_user} LOGIN PASSWORD '{app}';

GRANT {app_user} TO {pooler_user};

CREATE DATABASE shop OWNER {app_user};

"""

_STANDBY = """\
CREATE ROLE {standby} REPLICATION LOGIN PASSWORD '{postgres}';

"""

_SCHEMA = """\
CREATE TABLE orders (id serial PRIMARY KEY, item text NOT NULL, cents integer NOT NULL, placed timestamptz NOT NULL);

INSERT INTO orders (item, cents, placed)
SELECT 'ring ' || n, 1000 + n, now() - n * interval '1 hour' FROM generate_series(1, {rows}) AS n;

ALTER TABLE orders OWNER TO {app_user};

CREATE SCHEMA pooler;

CREATE FUNCTION pooler.user_lookup(i_username text, OUT uname text, OUT phash text) RETURNS record
AS $$ SELECT rolname::text, rolpassword FROM pg_catalog.pg_authid WHERE rolname = i_username AND rolcanlogin $$
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog;

REVOKE ALL ON FUNCTION pooler.user_lookup(text) FROM public;

GRANT USAGE ON SCHEMA pooler TO {pooler_user};

GRANT EXECUTE ON FUNCTION pooler.user_lookup(text) TO {pooler_user};

"""


@dataclass(eq=False, slots=True)
class PostgresImage:
    """The image; `recovery_seconds` is how long a start after a crash takes, as on a slow disk.

    `initialised` is what initdb has made before: the first volume gets a copy. One that is empty later is another
    database cluster, and so gets one of its own.
    """

    servers: Servers
    settings: Mapping[str, str]
    initialised: Path | None = None
    recovery_seconds: float = 0.0
    _told: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: asyncio.Task[None] | None = None

    def crash(self, recovery_seconds: float) -> None:
        """Say for how long its next start will recover."""
        self.recovery_seconds = recovery_seconds
        self._told.clear()

    def recover(self) -> None:
        """Let that be over now, however long it should have lasted."""
        self.recovery_seconds = 0.0
        self._told.set()

    async def prepare(self, context: Context) -> Command:
        """The entrypoint: make the cluster where there is none, and start the server on the pod's address."""
        data = context.runtime.directory("volumes", context.environment["HOSTNAME"]) / "pgdata"
        if not (data / "PG_VERSION").exists():
            await self.initialise(context, data)
        recovery = _Recovery(data)
        recovery.give_back()
        lasting = self.recovery_seconds if (data / "postmaster.pid").exists() else 0.0
        if lasting:
            recovery.hold()
            context.runtime.owner.own(recovery.awaited)
        listen = ("-c", f"listen_addresses={context.address}", "-c", f"port={context.environment['PORT']}")
        arguments = (str(self.servers.postgres / "postgres"), "-D", str(data), *listen)
        return Command(
            arguments,
            environment=self.servers.environment,
            directory=data,
            stop_signal=signal.SIGINT,
            started=functools.partial(self._let_go, recovery, lasting) if lasting else None,
        )

    async def initialise(self, context: Context, data: Path, standby: str = "") -> None:
        """Make the shop's database cluster, with a role for standbys where one is named."""
        made, self.initialised = self.initialised, None
        if made is None:
            await self._run(context, "initdb", *INITDB, "-D", str(data))
        else:
            shutil.copytree(made, data)
            context.runtime.owner.own_tree(data)
        settings = "".join(f"{key} = {value}\n" for key, value in {**_SETTINGS, **self.settings}.items())
        with (data / "postgresql.conf").open("a") as file:
            file.write(settings)
        (data / "pg_hba.conf").write_text("host all all all scram-sha-256\n")
        given = context.environment
        users = {"pooler_user": given["POOLER_USER"], "app_user": given["APP_USER"]}
        verifiers = {
            "postgres": scram_verifier(given["POSTGRES_PASSWORD"]),
            "pooler": scram_verifier(given["POOLER_PASSWORD"]),
            "app": given["APP_VERIFIER"],
        }
        roles = _ROLES + (_STANDBY if standby else "")
        await self._execute(context, data, "postgres", roles.format(**users, **verifiers, standby=standby))
        await self._execute(context, data, "shop", _SCHEMA.format(**users, rows=ROWS))

    async def _execute(self, context: Context, data: Path, database: str, sql: str) -> None:
        """Single-user mode: no server to start and stop, and no password on the way."""
        script = context.directory / "init.sql"
        script.touch(mode=0o600)
        script.write_text(sql)
        context.runtime.owner.own(script)
        quiet = ("-c", "log_statement=none", "-c", "fsync=off")
        await self._run(context, "postgres", "--single", "-j", "-D", str(data), *quiet, database, script=script)
        script.unlink()

    async def _run(self, context: Context, program: str, *arguments: str, script: Path | None = None) -> None:
        executable = str(self.servers.postgres / program)
        command = Command((executable, *arguments), environment=self.servers.environment, input=script)
        if code := await context.runtime.run(command, context.output):
            raise DemoError(f"cannot prepare the demo's PostgreSQL: {program} ended with {code}; see {context.output}")

    async def _let_go(self, recovery: _Recovery, seconds: float, postmaster: int) -> None:
        self._waiting = asyncio.ensure_future(recovery.let_go(seconds, self._told, postmaster))


class _Recovery:
    """Makes a crash recovery last: its process opens a file that is a pipe for so long, which blocks it.

    The file is one that PostgreSQL reads before it replays the log (StartupReplicationOrigin in its source).
    Meanwhile the postmaster says 57P03.
    """

    def __init__(self, data: Path) -> None:
        self.awaited = data / "pg_logical" / "replorigin_checkpoint"
        self._kept = data.parent / self.awaited.name

    def hold(self) -> None:
        """Put a pipe in the file's place."""
        self.awaited.rename(self._kept)
        os.mkfifo(self.awaited, 0o600)

    def give_back(self) -> None:
        """Put the file back, if the pipe is still there: the power may have been cut."""
        if self.awaited.is_fifo():
            self._kept.rename(self.awaited)

    async def let_go(self, seconds: float, told: asyncio.Event, postmaster: int) -> None:
        """After so long put the file back, and let it read the same through the pipe, which it has open."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), seconds)
        while alive(postmaster):
            with contextlib.suppress(OSError):  # ENXIO: it has not come that far
                pipe = os.open(self.awaited, os.O_WRONLY | os.O_NONBLOCK)
                with os.fdopen(pipe, "wb") as file:
                    content = self._kept.read_bytes()
                    self.give_back()
                    file.write(content)
                return
            await asyncio.sleep(_SOON)


def free_memory(data: Path) -> None:
    """A power cut clears memory: remove the shared segment that a killed postmaster leaves behind."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        segment = int((data / "postmaster.pid").read_text().splitlines()[6].split()[1])
        ctypes.CDLL(None).shmctl(segment, _REMOVE_SEGMENT, None)
