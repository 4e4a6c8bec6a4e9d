"""Debian packages, unpacked without installing them: nothing outside `.cache` changes.

apt keeps its state there too, so that it needs no root and leaves the host's lists and archives alone.
"""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from cache import CACHE

# `#clear`: what the host has apt do after an update is for the host's own state.
CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root"; // apt's own user cannot reach a checkout in a private home
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Cache "{state}";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log::Planner "/dev/null"; // else root's simulation is recorded in the host's log
Dir::State "{state}";
Dir::State::status "/var/lib/dpkg/status";
"""

# Another suite's packages bring all their libraries, as if nothing were installed.
OF_A_SUITE = """\
Dir::Etc::sourcelist "{state}/suite.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::status "{state}/status";
"""


class UnpackError(Exception):
    """Packages cannot be had; the message says why, in the words of the program that failed."""


def would_install(wanted: Iterable[str], suite: str = "") -> list[str]:
    """Name the packages that an installation would add to this machine or, with a suite, to an empty one."""
    plan = run([*apt(suite), "--simulate", "--no-install-recommends", "install", *wanted])
    return re.findall(r"^Inst (\S+)", plan, re.MULTILINE)


def unpack(packages: Iterable[str], tree: Path, suite: str = "") -> None:
    """Download packages and unpack them; all libraries come to lie under usr/lib."""
    archives = tree / "archives"
    archives.mkdir()
    run([*apt(suite), "download", *packages], directory=archives)
    for archive in archives.glob("*.deb"):
        run(["dpkg-deb", "--extract", str(archive), str(tree)])
    shutil.rmtree(archives)
    if (tree / "lib").is_dir():
        shutil.copytree(tree / "lib", tree / "usr/lib", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(tree / "lib")


@functools.cache
def apt(suite: str = "") -> tuple[str, ...]:
    """apt-get with a state of its own, and with the lists of the host's sources, or of another suite of its mirror."""
    state = CACHE / "-".join(["apt", suite] if suite else ["apt"])
    for part in ("lists", "archives"):
        (state / part / "partial").mkdir(parents=True, exist_ok=True)
    configuration = state / "apt.conf"
    text = CONFIGURATION.format(state=state)
    if suite:
        (state / "status").touch()
        (state / "suite.list").write_text(f"deb {mirror()} {suite} main\n")
        text += OF_A_SUITE.format(state=state)
    configuration.write_text(text)
    command = ("apt-get", f"--config-file={configuration}", "--quiet")
    run([*command, "update"])  # content with a part of the sources, or with none
    if not any(state.glob("lists/*_Packages*")):
        raise UnpackError("apt-get can fetch no package lists: is the network there?")
    return command


def mirror() -> str:
    """Where this machine's own apt gets Debian from."""
    wanted = ["--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian"]
    found = run([*apt(), "indextargets", *wanted]).split()
    if not found:
        raise UnpackError("apt has no Debian archive among its sources")
    return found[0]


def run(command: list[str], *, directory: Path | None = None, **variables: str) -> str:
    """What a command prints that must succeed."""
    environment = os.environ | {"LC_ALL": "C"} | variables
    try:
        done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UnpackError(f"this machine has no {command[0]}") from None
    if done.returncode:
        raise UnpackError(f"{command[0]} says: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
