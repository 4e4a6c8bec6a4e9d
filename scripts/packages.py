"""Debian packages, unpacked without installing them: nothing outside `.cache` changes.

apt keeps its state in a temporary directory, so that it needs no root, leaves the host's lists and archives alone, and
nobody keeps lists that are old when they are needed next.
"""

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cache import part

# `#clear`: what the host has apt do after an update is for the host's own state.
CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root"; // apt's own user cannot reach a checkout in a private home
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Acquire::Retries "2"; // each after a longer pause: with more it takes a while to find no network
Dir::Cache "{state}";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log::Planner "/dev/null"; // else root's simulation is recorded in the host's log
Dir::State "{state}";
Dir::State::status "/var/lib/dpkg/status";
"""

OF_A_SUITE = """\
Dir::Etc::sourcelist "{state}/suite.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
"""

HOST = "host"  # in place of another suite's name

# Of no use to a program that is run from a tree; a third of what PostgreSQL unpacks to. Bitcode is for LLVM.
UNUSED = ("usr/share/doc", "usr/share/locale", "usr/share/man", "usr/lib/postgresql/*/lib/bitcode")


class UnpackError(Exception):
    """Packages cannot be had; the message says why, in the words of the program that failed."""


def would_install(wanted: Iterable[str]) -> list[str]:
    """Name the packages that an installation would add to this machine."""
    return plan(apt(HOST), wanted)


def all_of(wanted: Iterable[str], suite: str = HOST) -> list[str]:
    """Name these packages and all that they depend on, whatever of it is installed on this machine."""
    command = apt(suite)
    nothing_installed = Path(state().name, "status")
    nothing_installed.touch()
    return plan((*command, f"--option=Dir::State::status={nothing_installed}"), wanted)


def plan(apt_get: tuple[str, ...], wanted: Iterable[str]) -> list[str]:
    """Name what apt-get would install, in its order."""
    said = run([*apt_get, "--simulate", "--no-install-recommends", "install", *wanted])
    return re.findall(r"^Inst (\S+)", said, re.MULTILINE)


def known(names: Iterable[str]) -> list[str]:
    """Return those of the names that are packages of this machine's distribution."""
    _, configuration, *_ = apt(HOST)
    return [name for name in names if name in run(["apt-cache", configuration, "pkgnames", name]).split()]


def unpack(packages: Iterable[str], tree: Path, suite: str = HOST) -> None:
    """Download packages and unpack them, without their manuals; all libraries come to lie under usr/lib."""
    archives = tree / "archives"
    archives.mkdir()
    run([*apt(suite), "download", *packages], directory=archives)
    for archive in archives.glob("*.deb"):
        run(["dpkg-deb", "--extract", str(archive), str(tree)])
    shutil.rmtree(archives)
    if (tree / "lib").is_dir():
        shutil.copytree(tree / "lib", tree / "usr/lib", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(tree / "lib")
    for unused in (path for pattern in UNUSED for path in tree.glob(pattern)):
        shutil.rmtree(unused)


@functools.cache
def state() -> tempfile.TemporaryDirectory[str]:
    """Where apt keeps its state until this process ends."""
    return tempfile.TemporaryDirectory(prefix="bootheal-apt-")


def forget() -> None:
    """Remove apt's state now: who becomes another program does not end."""
    if state.cache_info().currsize:
        state().cleanup()
        state.cache_clear()
        apt.cache_clear()


@functools.cache
def apt(suite: str) -> tuple[str, ...]:
    """apt-get with a state of its own, and with the lists of the host's sources, or of another suite of its mirror."""
    home = Path(state().name, suite)
    for name in ("lists", "archives"):
        (home / name / "partial").mkdir(parents=True)
    configuration = home / "apt.conf"
    text = CONFIGURATION.format(state=home)
    if suite != HOST:
        (home / "suite.list").write_text(f"deb {mirror()} {suite} main\n")
        text += OF_A_SUITE.format(state=home)
    configuration.write_text(text)
    command = ("apt-get", f"--config-file={configuration}", "--quiet")
    with part(f"Fetching the package lists of {'this distribution' if suite == HOST else f'Debian {suite}'}"):
        run([*command, "update"])  # content with a part of the sources, or with none
        if not any(home.glob("lists/*_Packages*")):
            raise UnpackError("apt-get can fetch no package lists: is this machine connected to the network?")
    return command


def mirror() -> str:
    """Where this machine's own apt gets Debian from."""
    wanted = ["--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian"]
    found = run([*apt(HOST), "indextargets", *wanted]).split()
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
