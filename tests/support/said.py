"""Files of lines that programs really said, each below the cause that it must be recognised as."""

from collections.abc import Iterator
from pathlib import Path

PLACE = Path(__file__).parents[1] / "unit/causes"


def lines_of(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield each line of a file of tests/unit/causes with its cause's id, and how grave that is where it is told."""
    cause, gravity = "", ""
    for line in (PLACE / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            cause, _, gravity = line[1:].partition("]")
        elif line and not line.startswith("#"):
            yield line[2:], cause, gravity.strip()
