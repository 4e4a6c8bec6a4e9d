"""The one place where the scripts keep things: `.cache` in the checkout. Standard library only."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    with directory.with_name(f"{directory.name}.lock").open("w") as one_at_a_time:  # tests run in several processes
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not is_made(directory, recipe):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            make(directory)
            (directory / "recipe").write_text(recipe)
    return directory


def is_made(directory: Path, recipe: str) -> bool:
    """Whether the directory was made by this very recipe."""
    written = directory / "recipe"
    return written.is_file() and written.read_text() == recipe


def give_to_owner() -> None:
    """Root leaves nothing in somebody's checkout that this somebody could not write to or delete."""
    owner = ROOT.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        subprocess.run(["chown", "-hR", f"{owner.st_uid}:{owner.st_gid}", CACHE], check=False)


def say(text: str, end: str = "\n") -> None:
    """Tell what takes a while; standard output belongs to the command."""
    print(text, end=end, file=sys.stderr, flush=True)


@contextmanager
def part(doing: str) -> Iterator[None]:
    """Tell on one line what is being done and then how long it took."""
    started = time.monotonic()
    say(f"{doing} … ", end="")
    took = "failed"
    try:
        yield
        took = f"{time.monotonic() - started:.0f} s"
    finally:
        say(took)
