"""Part (f): a clean power cut, healed and left alone in turns: healing is never slower than waiting.

The kubelet has a real one's times: a first back-off of 10 s that it does not name, doubled up to 300 s, and new pods
that cost seconds. How long PostgreSQL recovers is drawn, so that the applications are met at any point of a back-off.
"""

import random
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.command import running
from bench.row import Row
from bootheal.demo.stack import BootScript, Stack, StackOptions

PART = "a clean power cut: seconds from power-on until all serve, with a real kubelet's times"
PAIRS = 5
SEED = 18
RECOVERY = (2.0, 25.0)
LONGEST = 240.0


def measure(pairs: int = PAIRS) -> Iterator[Row]:
    """Yield the rows: the medians, and the pair in which healing was slowest against waiting."""
    source, found = random.Random(SEED), list[tuple[float, float]]()  # noqa: S311 - no secret, and the same each time
    with TemporaryDirectory() as directory, Stack(Path(directory), StackOptions(fsync=False, drift=False)) as stack:
        stack.configure({"cleanup": None})
        for _ in range(pairs):
            script = BootScript.real(crash_recovery=source.uniform(*RECOVERY), stuck="", leftover=False)
            found.append((_boot(stack, script, healed=True), _boot(stack, script, healed=False)))
    ours, theirs = (statistics.median(times) for times in zip(*found, strict=True))
    yield Row(PART, f"median of {pairs}", ours, "s", theirs, "doing nothing", most_ratio=0.8)
    worst = max(healed - waited for healed, waited in found)
    yield Row(PART, "beyond doing nothing, in the worst pair", worst, "s", most=1.0)


def _boot(stack: Stack, script: BootScript, *, healed: bool) -> float:
    """Cut the power, give it back, and return how long it took until every application served."""
    stack.power_cut()
    with ExitStack() as opened:
        stack.boot(script)
        began = time.monotonic()
        command = ("-m", "bootheal", "run", "--once", "--config", str(stack.config))
        healing = opened.enter_context(running(*command)) if healed else None
        stack.wait_until("all to serve", lambda: all(stack.serving().values()), timeout=LONGEST)
        seconds = time.monotonic() - began
        if healing:
            healing.result()
    return seconds
