"""Part (e): a heap of dead pods in one namespace: refused, deleted, and deleted by `kubectl delete` instead."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.command import Ran, run
from bench.row import CannotMeasureError, Row
from bootheal.demo.stack import Stack, StackOptions

HEAP = 10_000
# kubectl sends a few requests a second: a heap would take it the better part of an hour.
SOME = 500
LONGEST = 600.0


def measure(heap: int = HEAP) -> Iterator[Row]:
    """Yield the rows: memory over a run without the heap, requests, and time beside kubectl's on the same stack."""
    part = f"clean-up: {heap} dead pods in one namespace"
    with TemporaryDirectory() as directory, Stack(Path(directory), StackOptions(fsync=False)) as stack:
        bare = _heal(stack)
        stack.leave_dead(heap)
        refused = _heal(stack, code=1)
        yield Row(part, "refused, memory over a run without them", refused.memory - bare.memory, "MB", most=20)
        stack.configure({"cleanup": {"cap": heap}})
        stack.requests.clear()
        healed = _heal(stack)
        requests = float(len(stack.requests))
        yield Row(part, "deleted, memory over a run without them", healed.memory - bare.memory, "MB", most=20)
        yield Row(part, "deleted, requests", requests, "", float(heap), "pods", most_ratio=1.1)
        some = min(heap, SOME)
        stack.leave_dead(some)
        ours, theirs = 1000 * (healed.seconds - bare.seconds) / heap, 1000 * _kubectl(stack) / some
        yield Row(part, "deleted, time for each", ours, "ms", theirs, f"kubectl delete, of {some}", most_ratio=1.0)


def _heal(stack: Stack, code: int = 0) -> Ran:
    return run("-m", "bootheal", "run", "--once", "--config", str(stack.config), expected=(code,))


def _kubectl(stack: Stack) -> float:
    """Return how long kubectl takes to delete all Failed pods, as one would type it."""
    if shutil.which("kubectl") is None:
        raise CannotMeasureError("cannot compare with kubectl: it is not installed")
    command = ["kubectl", "-n", "shop", "delete", "pods", "--field-selector", "status.phase=Failed"]
    environment = os.environ | {"KUBECONFIG": str(stack.kubeconfig), "HOME": str(stack.directory)}
    began = time.monotonic()
    try:
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        raise CannotMeasureError(f"cannot wait longer than {LONGEST:g} s for kubectl") from None
    if ended.returncode:
        raise CannotMeasureError(f"cannot measure kubectl: {ended.stderr.strip()[-300:]}")
    return time.monotonic() - began
