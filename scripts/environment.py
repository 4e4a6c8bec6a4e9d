"""The environment the project's commands run in: made where needed, then this process becomes the command.

It is a virtual environment with `bootheal`, editable, and the pinned dependencies; PostgreSQL and PgBouncer, see
servers.py; and Docker, see engine.py. Standard library only. What is there is used again until its recipe changes.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from cache import CACHE, ROOT, ensure, give_to_owner, lock, say
from engine import docker
from packages import UnpackError, unpack
from servers import servers


def main(command: list[str]) -> None:
    """Replace this process by the command, run in the environment."""
    if command[:1] in ([], ["-h"], ["--help"]):
        sys.exit("usage: scripts/environment COMMAND [ARGUMENT …]")
    try:
        lock()
        try:
            environment = os.environ | virtual_environment() | servers() | docker()
        finally:
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


def virtual_environment() -> dict[str, str]:
    """Variables that select the virtual environment."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    described = json.dumps([project["build-system"], project["project"]])
    constraints = (ROOT / "scripts/constraints.txt").read_text()
    recipe = "\n".join([str(ROOT), sys.base_prefix, sys.version, described, constraints])
    home = ensure(CACHE / f"venv-{sys.version_info.major}.{sys.version_info.minor}", recipe, install)
    return {
        "VIRTUAL_ENV": str(home),
        "PATH": f"{home / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
    }


def install(home: Path) -> None:
    """Make the virtual environment. A bare Debian has no pip to put into it: then pip is run from its package."""
    say("Installing the pinned dependencies …")
    has_pip = importlib.util.find_spec("ensurepip") is not None
    venv.create(home, with_pip=has_pip, symlinks=True)
    pip = ["-m", "pip"] if has_pip else [pip_from_its_package()]
    settings = {
        "PIP_CACHE_DIR": str(CACHE / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USE_PEP517": "1",
        # Relative, because pip splits them at spaces. For build tools older versions heed the first, newer the second.
        "PIP_CONSTRAINT": "scripts/constraints.txt",
        "PIP_BUILD_CONSTRAINT": "scripts/constraints.txt",
    }
    command = [home / "bin/python", *pip, "install", "-qq", "--editable", ".[dev]"]
    if subprocess.run(command, cwd=ROOT, env=os.environ | settings, stdout=sys.stderr, check=False).returncode:
        sys.exit("cannot install the pinned dependencies: pip says above why; it needs a package index")


def pip_from_its_package() -> Path:
    """What Python can run as pip, from the package that python3-venv would bring."""
    try:
        tree = ensure(CACHE / "pip-package", "", lambda tree: unpack(["python3-pip-whl"], tree))
    except UnpackError as error:
        raise UnpackError(f"cannot make a virtual environment: {error}\ninstall the package python3-venv") from None
    return next(tree.glob("usr/share/python-wheels/pip-*.whl")) / "pip"


if __name__ == "__main__":
    main(sys.argv[1:])
