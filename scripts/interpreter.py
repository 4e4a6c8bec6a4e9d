"""The virtual environment: `bootheal`, editable, and the pinned dependencies. Standard library only.

There is one for the tests, with everything, and a small one for who wants to see the demo only.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

from cache import CACHE, ROOT, ensure, is_made, part
from packages import UnpackError, unpack

EXTRAS = {"demo": "demo", "tests": "dev"}  # of pyproject.toml, by what the environment is for
ALL = "tests"

SETTINGS = {
    "PIP_COMPILE": "0",  # Python compiles what is used
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_NO_INPUT": "1",
    "PIP_USE_PEP517": "1",
    # Relative, because pip splits them at spaces. For build tools older versions heed the first, newer the second.
    "PIP_CONSTRAINT": "scripts/constraints.txt",
    "PIP_BUILD_CONSTRAINT": "scripts/constraints.txt",
}
PATIENCE = {"PIP_RETRIES": "2"}  # unless the user says otherwise: with pip's own five it takes 20 s to find no network
NO_INDEX = re.compile(r"Retry\(total=0.*connection broken by '(.*)': /")


def virtual_environment(purpose: str) -> Path:
    """Return the one for this purpose, made where needed; the one for all of them is as good."""
    home = CACHE / f"venv-{sys.version_info.major}.{sys.version_info.minor}"
    if purpose == ALL or not is_made(home, recipe(ALL)):
        home = home if purpose == ALL else home.with_name(f"{home.name}-{purpose}")
        ensure(home, recipe(purpose), lambda home: install(home, purpose))
    return home


def recipe(purpose: str) -> str:
    """All that decides what a virtual environment holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    described = json.dumps([project["build-system"], project["project"]])
    constraints = (ROOT / "scripts/constraints.txt").read_text()
    return "\n".join([purpose, str(ROOT), sys.base_prefix, sys.version, described, constraints])


def install(home: Path, purpose: str) -> None:
    """Make the virtual environment, with a pip of which nothing stays: it takes as much room as the demo's own code."""
    wheel = pip_wheel()
    venv.create(home, symlinks=True)
    with (
        part(f"Installing bootheal and the Python packages for the {purpose}"),
        tempfile.TemporaryDirectory(dir=home) as place,
    ):
        zipfile.ZipFile(wheel).extractall(place)
        command = [str(home / "bin/python"), f"{place}/pip", "install", "-q", "--editable", f".[{EXTRAS[purpose]}]"]
        settings = PATIENCE | os.environ | SETTINGS | {"PYTHONPYCACHEPREFIX": place}
        done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(why_not(done.stderr))


def why_not(said: str) -> str:
    """What a person should know of what pip says."""
    if no_index := NO_INDEX.search(said):
        cause = no_index[1].rpartition(": ")[2].rstrip("\"')")
        return (
            f"cannot install Python packages: their index does not answer: {cause}\n"
            "connect this machine to the network, or have PIP_INDEX_URL name an index that it reaches"
        )
    return f"{said.rstrip()}\ncannot install Python packages: pip says above why"


def pip_wheel() -> Path:
    """Return the pip that comes with Python. A bare Debian has none: then that of the package for python3-venv."""
    if wheel := next(bundled(), None):
        return wheel
    try:
        tree = ensure(CACHE / "pip", "", lambda tree: unpack(["python3-pip-whl"], tree))
    except UnpackError as error:
        raise UnpackError(f"cannot make a virtual environment: {error}\ninstall the package python3-venv") from None
    return next(tree.glob("usr/share/python-wheels/pip-*.whl"))


def bundled() -> Iterator[Path]:
    """Where Python's own ensurepip looks for pip."""
    if directory := sysconfig.get_config_var("WHEEL_PKG_DIR"):
        yield from Path(directory).glob("pip-*.whl")
    if (ensurepip := importlib.util.find_spec("ensurepip")) and ensurepip.origin:
        yield from Path(ensurepip.origin).with_name("_bundled").glob("pip-*.whl")
