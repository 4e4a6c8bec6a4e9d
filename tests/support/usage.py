"""What a process has of the machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Threads, open descriptors and those among them that are files in memory, and megabytes."""

    threads: int
    descriptors: int
    memory_files: int
    megabytes: float


def usage(pid: int) -> Usage:
    """Read from /proc what it has just now."""
    process = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    links = []
    for descriptor in (process / "fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except FileNotFoundError:  # closed since it was listed
            continue
    in_memory = sum("memfd:" in link for link in links)
    return Usage(len(list((process / "task").iterdir())), len(links), in_memory, int(status["VmRSS"].split()[0]) / 1024)


def peak(samples: Sequence[Usage]) -> Usage:
    """Return the most that it had of each."""
    return Usage(
        max(sample.threads for sample in samples),
        max(sample.descriptors for sample in samples),
        max(sample.memory_files for sample in samples),
        max(sample.megabytes for sample in samples),
    )
