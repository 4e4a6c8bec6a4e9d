"""Where Docker is, for the tests that start a daemon of their own: as installed, else unpacked from the packages.

Only root can run one. Where it cannot be had, those tests say so and are skipped.
"""

import json
import os
import platform
import re
import shutil
from pathlib import Path

from cache import CACHE, ensure, part, say
from packages import UnpackError, all_of, known, run, unpack

PACKAGES = ["docker.io", "docker-cli"]  # the command is in the first, or a package of its own since Debian 13
PROGRAMS = ("dockerd", "docker")

# The daemon, its command and what it starts; libraries. No firewall is touched, and nothing is set up.
NEEDED = re.compile(r"(?!libc6|libc-bin|libperl|.*-perl$)(docker\.io$|docker-cli$|containerd$|runc$|lib|zlib)")


def docker(*, only_unpacked: bool) -> dict[str, str]:
    """Variables for the tests: the tree in which Docker lies, where it is not installed and we are root."""
    if os.geteuid() != 0 or (not only_unpacked and is_installed()):
        return {}
    recipe = json.dumps([PACKAGES, NEEDED.pattern, platform.freedesktop_os_release(), platform.machine()])
    try:
        return {"BOOTHEAL_DOCKER": str(ensure(CACHE / "docker", recipe, unpack_docker))}
    except UnpackError as error:
        say(f"No Docker for the tests: {error}")
        return {}


def is_installed() -> bool:
    """Whether both the daemon and the command are: either may be there alone."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    return all(shutil.which(program, path=path) for program in PROGRAMS)


def unpack_docker(tree: Path) -> None:
    """Unpack it with the libraries that it needs, and see it run."""
    needed = [package for package in all_of(known(PACKAGES)) if NEEDED.match(package)]
    with part(f"Unpacking docker.io, {len(needed)} packages; nothing is installed"):
        unpack(needed, tree)
    (libraries,) = {str(path) for path in tree.glob("usr/lib/*-linux-gnu*")} or {""}
    for program in ("usr/sbin/dockerd", "usr/bin/docker"):
        run([str(tree / program), "--version"], LD_LIBRARY_PATH=libraries)
