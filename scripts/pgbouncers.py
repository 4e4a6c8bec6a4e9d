"""Prints, a line each, programs that are newer PgBouncers than the installed one; for tests. Standard library only.

They come from newer suites of the Debian archive that this machine's apt uses, and bring all their
libraries, the C library and its loader too; nothing is installed.
"""

import json
import platform
import re
import subprocess
from pathlib import Path

from cache import CACHE, ensure, give_to_owner, lock, part, say
from packages import UnpackError, all_of, unpack

SUITES = ("stable", "unstable")
NEEDED = re.compile(r"pgbouncer$|lib(?!perl|-gconv|pam-modules|systemd-shared|c-gconv|json|text|ipc|io)")

# The loader of the suite's own C library has to start it.
WRAPPER = """\
#!/bin/sh
tree=$(dirname "$(readlink -f "$0")")
libraries=$(echo "$tree"/usr/lib/*-linux-gnu*)
exec "$tree"/usr/lib*/ld-linux*.so.* --library-path "$libraries" "$tree/usr/sbin/pgbouncer" "$@"
"""


def main() -> None:
    """Print those of the suites that can be had, and say why another cannot."""
    lock()
    try:
        for suite in SUITES:
            try:
                print(newer(suite), flush=True)
            except UnpackError as error:
                say(f"cannot get PgBouncer from Debian {suite}: {error}")
    finally:
        give_to_owner()


def newer(suite: str) -> Path:
    """Return the program of a suite, unpacked once a release of this machine."""
    recipe = json.dumps([NEEDED.pattern, WRAPPER, platform.freedesktop_os_release(), platform.machine()])

    def make(tree: Path) -> None:
        needed = [package for package in all_of(["pgbouncer"], suite) if NEEDED.match(package)]
        with part(f"Unpacking PgBouncer from Debian {suite}, {len(needed)} packages; nothing is installed"):
            unpack(needed, tree, suite)
        program = tree / "pgbouncer"
        program.write_text(WRAPPER)
        program.chmod(0o755)
        if subprocess.run([program, "--version"], capture_output=True, check=False).returncode:
            raise UnpackError("it does not run here")

    return ensure(CACHE / f"pgbouncer-{suite}", recipe, make) / "pgbouncer"


if __name__ == "__main__":
    main()
