"""Where Docker is, for the tests that start a daemon of their own: as installed, else unpacked from the packages.

Only root can run one. Where it cannot be had, those tests say so and are skipped.
"""

import json
import os
import platform
import re
import shutil
from pathlib import Path

from cache import CACHE, ensure, say
from packages import UnpackError, run, unpack, would_install

PACKAGES = ["docker.io"]

# The daemon, its command and what it starts; libraries. No firewall is touched, and nothing is set up.
NEEDED = re.compile(r"(?!libc6|libc-bin|libperl|.*-perl$)(docker\.io$|docker-cli$|containerd$|runc$|lib)")


def docker() -> dict[str, str]:
    """Variables for the tests: the tree in which Docker lies, where it is not installed and we are root."""
    if os.geteuid() != 0 or shutil.which("dockerd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"):
        return {}
    recipe = json.dumps([PACKAGES, platform.freedesktop_os_release(), platform.machine()])
    try:
        return {"BOOTHEAL_DOCKER": str(ensure(CACHE / "docker", recipe, unpack_docker))}
    except UnpackError as error:
        say(f"No Docker for the tests: {error}")
        return {}


def unpack_docker(tree: Path) -> None:
    """Unpack it with the libraries that this machine lacks, and see it run."""
    say("Unpacking docker.io from the distribution's packages; nothing is installed …")
    unpack(filter(NEEDED.match, would_install(PACKAGES)), tree)
    (libraries,) = {str(path) for path in tree.glob("usr/lib/*-linux-gnu*")} or {""}
    run([str(tree / "usr/sbin/dockerd"), "--version"], LD_LIBRARY_PATH=libraries)
