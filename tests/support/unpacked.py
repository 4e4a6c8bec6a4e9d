"""Programs that only a test or two need, unpacked from this distribution's packages; nothing is installed.

Each is made once, in `.cache`. What cannot be had skips the test that asks for it, and says why.
"""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cache import CACHE, ensure, give_to_owner
from packages import UnpackError, known, unpack, would_install

# The C library has to fit its loader, which is the running system's.
C_LIBRARY = ("libc6", "libc-bin", "libc-l10n", "locales")


def promtool() -> Path:
    """Prometheus' own checker, which needs no library. Of its package nothing else is kept."""

    def make(tree: Path) -> None:
        unpack(known(["promtool"]) or ["prometheus"], tree)  # Debian 12 has both in one
        program = tree / "promtool"
        (tree / "usr/bin/promtool").rename(program)
        for directory in (path for path in tree.iterdir() if path != program):
            shutil.rmtree(directory, ignore_errors=True)

    return _had("promtool", "promtool", make)


def clock(seconds: int) -> dict[str, str]:
    """The variables by which a program's clock is so many seconds ahead; how fast time passes stays what it is."""
    tree = _had("faketime", ".", lambda tree: unpack(["libfaketime"], tree))
    (library,) = tree.glob("usr/lib/*/faketime/libfaketimeMT.so.1")
    return {"LD_PRELOAD": str(library), "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def browser() -> tuple[Path, dict[str, str]]:
    """Chromium without a window, and the variables that it is started with."""
    names = ("chromium", "chromium-headless-shell", "google-chrome")
    if installed := next((found for name in names if (found := shutil.which(name))), None):
        return Path(installed), dict(os.environ)

    def make(tree: Path) -> None:
        missing = [each for each in would_install(["chromium-headless-shell"]) if each not in C_LIBRARY]
        unpack(missing, tree)

    tree = _had("browser", ".", make)
    program = next(iter(tree.glob("usr/lib/chromium/*headless*shell*")), tree / "usr/bin/chromium-headless-shell")
    libraries = [*tree.glob("usr/lib/*-linux-gnu*"), *tree.glob("usr/lib/*/pulseaudio")]
    variables = os.environ | {"LD_LIBRARY_PATH": ":".join(map(str, libraries))}
    done = subprocess.run([program, "--version"], env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Chromium does not run here: {done.stderr.strip()[-200:]}")
    return program, variables


def _had(name: str, program: str, make: Callable[[Path], None]) -> Path:
    recipe = json.dumps([platform.freedesktop_os_release(), platform.machine()])
    try:
        return ensure(CACHE / name, recipe, make) / program
    except (UnpackError, OSError) as error:
        pytest.skip(f"cannot unpack {name}: {error}")
    finally:
        give_to_owner()
