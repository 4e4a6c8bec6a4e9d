"""Where PostgreSQL and PgBouncer are: as the caller says, as installed, else unpacked from the distribution's packages.

To install them would start services, and a database cluster, on somebody's host.
"""

import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from cache import CACHE, ensure, part
from packages import UnpackError, all_of, run, unpack

OLDEST = 13
PACKAGES = {"BOOTHEAL_POSTGRES_BIN": "postgresql", "BOOTHEAL_PGBOUNCER": "pgbouncer"}

# What servers need to run, of all that their packages depend on; and pg_basebackup, for the tests. Perl is for the
# maintainers' scripts. LLVM, with Z3, is 120 MB to compile long queries. The C library is the running system's, for it
# must match its loader.
NEEDED = re.compile(
    r"(?!libc6|libc-bin|libc-l10n|libllvm|libz3|libperl|.*-perl$)(postgresql-(client-)?\d+$|pgbouncer$|lib|zlib)"
)


def servers(*, only_unpacked: bool) -> dict[str, str]:
    """Variables for `bootheal demo` and the tests: where the servers are and, if unpacked, their libraries."""
    found = chosen() if only_unpacked else installed() | chosen()
    missing = [package for variable, package in PACKAGES.items() if variable not in found]
    if missing:
        recipe = json.dumps([missing, NEEDED.pattern, platform.freedesktop_os_release(), platform.machine()])
        tree = ensure(CACHE / "-".join(missing), recipe, lambda tree: unpack_servers(missing, tree))
        found = unpacked(tree) | found
    return found


def wants_only_unpacked() -> bool:
    """Whether the caller wants nothing that is installed on this machine."""
    return os.environ.get("BOOTHEAL_ONLY_UNPACKED", "") not in ("", "0")


def chosen() -> dict[str, str]:
    """Those that the caller's own variables name."""
    return {variable: os.environ[variable] for variable in PACKAGES if os.environ.get(variable)}


def installed() -> dict[str, str]:
    """Those that are on the PATH, or where Debian puts them."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *newest(Path("/usr/lib/postgresql")), "/usr/sbin"])
    found = {}
    if (initdb := shutil.which("initdb", path=path)) and version(initdb) >= OLDEST:
        found["BOOTHEAL_POSTGRES_BIN"] = str(Path(initdb).resolve().parent)
    if pgbouncer := shutil.which("pgbouncer", path=path):
        found["BOOTHEAL_PGBOUNCER"] = pgbouncer
    return found


def newest(versions: Path) -> list[str]:
    """Directories of PostgreSQL's programs as Debian lays them out, the newest version first."""
    return [str(path) for path in sorted(versions.glob("[0-9]*/bin"), key=lambda path: -int(path.parent.name))]


def version(initdb: str) -> int:
    """PostgreSQL's major version; 0 where its program does not run."""
    answer = subprocess.run([initdb, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d+", answer)
    return int(number[0]) if number else 0


def unpack_servers(missing: list[str], tree: Path) -> None:
    """Unpack servers with the libraries that they need, and see them run."""
    names = " and ".join(missing)
    try:
        needed = [package for package in all_of(missing) if NEEDED.match(package)]
        with part(f"Unpacking {names}, {len(needed)} packages; nothing is installed"):
            unpack(needed, tree)
        for compiler in tree.glob("usr/lib/postgresql/*/lib/llvmjit*"):
            compiler.unlink()  # without LLVM it must not be found
        libraries = unpacked(tree).get("BOOTHEAL_SERVER_LIBRARIES", "")
        for program in (*tree.glob("usr/lib/postgresql/*/bin/postgres"), *tree.glob("usr/sbin/pgbouncer")):
            run([str(program), "--version"], LD_LIBRARY_PATH=libraries)
    except UnpackError as error:
        raise UnpackError(f"cannot unpack {names}: {error}\nmend that, or install the packages {names}") from None


def unpacked(tree: Path) -> dict[str, str]:
    """Say the same of servers in an unpacked tree, and where libraries are that were unpacked with them."""
    places = {
        "BOOTHEAL_POSTGRES_BIN": newest(tree / "usr/lib/postgresql"),
        "BOOTHEAL_PGBOUNCER": [str(path) for path in tree.glob("usr/sbin/pgbouncer")],
        "BOOTHEAL_SERVER_LIBRARIES": [str(path) for path in tree.glob("usr/lib/*-linux-gnu*")],
    }
    return {variable: found[0] for variable, found in places.items() if found}


if __name__ == "__main__":
    servers(only_unpacked=wants_only_unpacked())
