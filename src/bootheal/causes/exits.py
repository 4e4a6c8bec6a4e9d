"""What an exit code tells of how a container has ended, where nothing else does. Pure.

From 128 on it is the signal that ended it, as shells count; below that 126 and 127 are a shell's own.
"""

from collections.abc import Mapping

from bootheal.model import Container

_MEANS: Mapping[int, str] = {
    126: "its command, or one that it calls, cannot be run",
    127: "its command, or one that it calls, is not in the image",
    132: "illegal instruction: it was built for another processor than this one",
    134: "it aborted itself",
    135: "bus error, as where a mapped file is cut short or its disk fails",
    136: "arithmetic error",
    137: "killed, by its kubelet or for want of memory",
    139: "it crashed (segmentation fault)",
    143: "it was told to end",
    159: "a system call that is not allowed (seccomp)",
}


def told(container: Container) -> str:
    """Say by which exit code its last process has ended, and what that means; "" where it ended well, or none did."""
    code = container.last_code
    if not code:
        return ""
    means = _MEANS.get(code, "")
    return f"exit code {code}" + (f" ({means})" if means else "")
