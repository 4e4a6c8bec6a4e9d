"""The one place where the scripts keep things: `.cache` in the checkout. Standard library only."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"


def lock() -> None:
    """Have the cache for ourselves until this process ends or becomes another program."""
    CACHE.mkdir(exist_ok=True)
    file = os.open(CACHE / "lock", os.O_RDONLY | os.O_CREAT)  # reading is enough for who finds everything made
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another run to finish its preparations …")
        fcntl.flock(file, fcntl.LOCK_EX)


def ensure(directory: Path, recipe: str, make: Callable[[Path], None]) -> Path:
    """Make the directory anew unless it was made by this very recipe; what was left half-made has none in it."""
    written = directory / "recipe"
    if not (written.is_file() and written.read_text() == recipe):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        make(directory)
        written.write_text(recipe)
    return directory


def give_to_owner() -> None:
    """Root leaves nothing in somebody's checkout that this somebody could not write to or delete."""
    owner = ROOT.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        subprocess.run(["chown", "-hR", f"{owner.st_uid}:{owner.st_gid}", CACHE], check=False)


def say(text: str) -> None:
    """Tell what takes a while; standard output belongs to the command."""
    print(text, file=sys.stderr, flush=True)
