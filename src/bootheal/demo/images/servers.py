"""Where PostgreSQL and PgBouncer are on this machine, and how to make them usable for another user."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bootheal.demo.node.owner import Owner
from bootheal.errors import DemoError

_HINT = "install the Debian packages postgresql and pgbouncer"


@dataclass(frozen=True, slots=True)
class Servers:
    """The directory of PostgreSQL's programs, the PgBouncer program, and what both need in their environment."""

    postgres: Path
    pgbouncer: Path
    libraries: Path | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing of ours but the place of unpacked libraries; messages are in English."""
        return {"LC_ALL": "C"} | ({"LD_LIBRARY_PATH": str(self.libraries)} if self.libraries else {})

    @property
    def places(self) -> Mapping[str, str]:
        """Variables by which `find_servers` finds them, and no others."""
        chosen = {"BOOTHEAL_POSTGRES_BIN": str(self.postgres), "BOOTHEAL_PGBOUNCER": str(self.pgbouncer)}
        return chosen | ({"BOOTHEAL_SERVER_LIBRARIES": str(self.libraries)} if self.libraries else {})


def find_servers(environment: Mapping[str, str] = os.environ) -> Servers:
    """Look where the environment says, on the PATH, and where Debian puts them.

    `BOOTHEAL_POSTGRES_BIN` is a directory, `BOOTHEAL_PGBOUNCER` a file, `BOOTHEAL_SERVER_LIBRARIES` a directory.
    """
    postgres = next((path for path in _postgres_candidates(environment) if (path / "initdb").is_file()), None)
    if postgres is None:
        raise DemoError("cannot find PostgreSQL's initdb and postgres", hint=f"{_HINT}, or set BOOTHEAL_POSTGRES_BIN")
    pgbouncer = next((path for path in _pgbouncer_candidates(environment) if path.is_file()), None)
    if pgbouncer is None:
        raise DemoError("cannot find pgbouncer", hint=f"{_HINT}, or set BOOTHEAL_PGBOUNCER")
    libraries = environment.get("BOOTHEAL_SERVER_LIBRARIES")
    return Servers(postgres.resolve(), pgbouncer.resolve(), Path(libraries).resolve() if libraries else None)


def _postgres_candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    if chosen := environment.get("BOOTHEAL_POSTGRES_BIN"):
        yield Path(chosen)
        return
    if found := shutil.which("initdb", path=environment.get("PATH")):
        yield Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: [int(n) for n in re.findall(r"\d+", path.parent.name)], reverse=True)


def _pgbouncer_candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    if chosen := environment.get("BOOTHEAL_PGBOUNCER"):
        yield Path(chosen)
        return
    if found := shutil.which("pgbouncer", path=environment.get("PATH")):
        yield Path(found)
    yield Path("/usr/sbin/pgbouncer")


def make_reachable(servers: Servers, owner: Owner, copies: Path) -> Servers:
    """Copy what a user cannot get at, such as packages unpacked in somebody's home, into a directory of copies."""
    postgres, pgbouncer, libraries = servers.postgres, servers.pgbouncer, servers.libraries
    if not owner.reaches(postgres / "postgres"):
        postgres = _copy_postgres(postgres, copies)
    if not owner.reaches(pgbouncer):
        copies.mkdir(exist_ok=True)
        pgbouncer = Path(shutil.copy2(pgbouncer, copies / "pgbouncer"))
    if libraries is not None and not owner.reaches(libraries):
        libraries = Path(shutil.copytree(libraries, copies / "libraries"))
    if copies.exists():
        owner.own_tree(copies)
    return Servers(postgres, pgbouncer, libraries)


def _copy_postgres(programs: Path, copies: Path) -> Path:
    """PostgreSQL finds its files relative to its programs, so that the layout is kept: Debian's, or prefix/bin."""
    version = programs.parent
    trees: tuple[Path, ...]
    if version.parent.name == "postgresql" and version.parents[1].name == "lib":
        prefix, trees = version.parents[2], (version, version.parents[2] / "share" / "postgresql" / version.name)
    else:
        prefix, trees = version, tuple(version / name for name in ("bin", "lib", "share") if (version / name).exists())
    for tree in trees:
        shutil.copytree(tree, copies / tree.relative_to(prefix), symlinks=True)
    return copies / programs.relative_to(prefix)
