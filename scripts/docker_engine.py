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


RPATH = "$ORIGIN/../lib"
ELF = b"\x7fELF"


def docker(patchelf: Path, *, only_unpacked: bool) -> dict[str, str]:
    """Variables for the tests: the tree in which Docker lies, where it is not installed and we are root."""
    if os.geteuid() != 0 or (not only_unpacked and is_installed()):
        return {}
    recipe = json.dumps([PACKAGES, NEEDED.pattern, RPATH, platform.freedesktop_os_release(), platform.machine()])
    try:
        return {"BOOTHEAL_DOCKER": str(ensure(CACHE / "docker", recipe, lambda tree: unpack_docker(tree, patchelf)))}
    except UnpackError as error:
        say(f"No Docker for the tests: {error}")
        return {}


def is_installed() -> bool:
    """Whether both the daemon and the command are: either may be there alone."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    return all(shutil.which(program, path=path) for program in PROGRAMS)


def unpack_docker(tree: Path, patchelf: Path) -> None:
    """Unpack it with the libraries that it needs, and see it run.

    Its programs are told where these are: a variable would not do, since dockerd starts itself anew without it.
    """
    needed = [package for package in all_of(known(PACKAGES)) if NEEDED.match(package)]
    with part(f"Unpacking docker.io, {len(needed)} packages; nothing is installed"):
        unpack(needed, tree)
    for libraries in tree.glob("usr/lib/*-linux-gnu*"):
        for program in filter(is_program, tree.glob("usr/*bin/*")):
            run([str(patchelf), "--force-rpath", "--set-rpath", f"{RPATH}/{libraries.name}", str(program)])
    for name in ("usr/sbin/dockerd", "usr/bin/docker"):
        run([str(tree / name), "--version"])


def is_program(path: Path) -> bool:
    """Whether it is one that the linker loads, and not a script."""
    return path.is_file() and path.open("rb").read(len(ELF)) == ELF
