"""Prints where Debian's Patroni is unpacked, with the Python packages that it needs; for tests. Standard library only.

It runs under the distribution's own Python, for which some of those packages are compiled; nothing is installed.
"""

import json
import platform
import re
import subprocess
from pathlib import Path

from cache import CACHE, ensure, give_to_owner, lock, part, say
from packages import UnpackError, all_of, unpack

WANTED = ("patroni", "python3-pysyncobj")
NEEDED = re.compile(
    r"patroni$|python3-(?!minimal$|distutils$|lib2to3$)|libpq5$|libldap|libsasl2-2$|libyaml"
    r"|libgssapi-krb5-2$|libkrb5|libk5crypto|libkeyutils|libcom-err"  # libpq5's own
)
PYTHON = "/usr/bin/python3"


def main() -> None:
    """Print where it is, or say why it cannot be had."""
    lock()
    try:
        recipe = json.dumps([NEEDED.pattern, WANTED, platform.freedesktop_os_release(), platform.machine()])
        print(ensure(CACHE / "patroni", recipe, make), flush=True)
    except UnpackError as error:
        say(f"cannot get Patroni: {error}")
    finally:
        give_to_owner()


def make(tree: Path) -> None:
    """Unpack it, and see that it runs."""
    needed = [package for package in all_of(WANTED) if NEEDED.match(package)]
    with part(f"Unpacking Patroni, {len(needed)} packages; nothing is installed"):
        unpack(needed, tree)
    packages = tree / "usr/lib/python3/dist-packages"
    libraries = ":".join(map(str, (tree / "usr/lib").glob("*-linux-gnu*")))
    tried = subprocess.run(
        [PYTHON, "-c", "import patroni.__main__, pysyncobj, psycopg2"],
        env={"PYTHONPATH": str(packages), "LD_LIBRARY_PATH": libraries},
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        raise UnpackError(f"it does not run here: {tried.stderr.strip().splitlines()[-1]}")


if __name__ == "__main__":
    main()
