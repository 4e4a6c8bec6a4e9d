"""Part (g): many nodes, pods, workloads and databases: what a start costs, how that grows, and a storm of changes.

The API server is the demo's, over HTTPS, behind which nobody runs the pods; one real PostgreSQL answers for all of the
databases. The daemon is a process of its own, as its user starts it.
"""

import queue
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.command import run
from bench.resident import _processor_seconds, _resident
from bench.row import CannotMeasureError, Row
from bootheal.demo.stack import Stack, StackOptions
from support.command import start_anew
from support.crowd import HEARTBEAT_SECONDS, PODS_EACH, Crowd

PART = "scale: {nodes} nodes, {pods} pods, {workloads} workloads, {databases} databases"
NODES, DATABASES = 100, 50
WORKLOADS, RUNS = (10, 100, 500), 2

# How much dearer each workload more may be where there are many: what is measured wavers by that much.
LINEAR = 1.2

CHANGES_A_SECOND = 1000
STORM_SECONDS, EVERY_SECONDS = 60.0, 5.0

# Within its first minute what a storm needs at all has come: connections, buffers, the allocator's own.
WARM_UP_SECONDS = 60.0
LONGEST = 120.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run came to."""

    seconds: float
    processor: float
    memory: float
    requests: int


@contextmanager
def crowd(
    workloads: int, nodes: int = NODES, databases: int = DATABASES, beats: float = HEARTBEAT_SECONDS
) -> Iterator[Crowd]:
    """Open a cluster of that size, whose nodes show every so many seconds that they live."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        with (
            Stack(directory / "stack", StackOptions(fsync=False, drift=False)) as stack,
            Crowd(
                directory / "crowd", stack, nodes=nodes, workloads=workloads, databases=databases, beats=beats
            ) as opened,
        ):
            yield opened


def least(opened: Crowd, runs: int) -> Cost:
    """Start it so often, and return the cheapest start: what else the machine did is not in it."""
    return min((once(opened) for _ in range(runs)), key=lambda cost: cost.processor)


def once(opened: Crowd) -> Cost:
    """Start it, and wait for its first verdict."""
    opened.requests.clear()
    ran = run("-m", "bootheal", "run", "--once", "--json", "--config", str(opened.config))
    if '"verdict": "healthy"' not in ran.printed:
        raise CannotMeasureError(f"cannot measure a start: {ran.printed.strip().splitlines()[-1]}")
    return Cost(ran.seconds, ran.processor, ran.memory, len(opened.requests))


class Ears:
    """Hears what a daemon says, line by line, and when."""

    def __init__(self, opened: Crowd) -> None:
        self.process = start_anew("run", "--config", opened.config)
        self.said: list[str] = []
        self._lines: queue.Queue[tuple[float, str]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            self._lines.put((time.monotonic(), line))

    def until(self, words: str) -> float:
        """Wait for a line with these words; return when it came."""
        deadline = time.monotonic() + LONGEST
        while (left := deadline - time.monotonic()) > 0:
            try:
                at, line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if words in line:
                return at
        raise CannotMeasureError(f"cannot measure a storm: the daemon did not say '{words}' within {LONGEST:g} s")

    def end(self) -> None:
        """End the daemon."""
        self.process.terminate()
        self.process.communicate()


@dataclass(frozen=True, slots=True)
class Storm:
    """What a storm came to: how long it took to see what mattered in it, what it cost, and the memory in the end."""

    reactions: list[float]
    busy: float
    before: float
    after: float
    changes: float


def storm(opened: Crowd, seconds: float, every: float = EVERY_SECONDS, a_second: int = CHANGES_A_SECOND) -> Storm:
    """Change pods for so long, and break a workload now and then: when does the daemon say so?"""
    ears = Ears(opened)
    try:
        ears.until("rests: ")
        opened.storm(a_second)
        time.sleep(min(WARM_UP_SECONDS, seconds / 4))
        before, busy, began = _resident(ears.process.pid), _processor_seconds(ears.process.pid), time.monotonic()
        reactions, changes, number = [], opened.changes, 0
        while time.monotonic() - began < seconds:
            number = (number + 37) % len(opened.names)
            broken = time.monotonic()
            opened.break_down(number, broken=True)
            reactions.append(ears.until(opened.names[number][1]) - broken)
            opened.break_down(number, broken=False)
            ears.until("rests: ")
            time.sleep(max(0.0, every - (time.monotonic() - broken)))
        took = time.monotonic() - began
        spent = _processor_seconds(ears.process.pid) - busy
        return Storm(reactions, spent / took, before, _resident(ears.process.pid), (opened.changes - changes) / took)
    finally:
        opened.calm()
        ears.end()


def measure(
    workloads: tuple[int, int, int] = WORKLOADS, seconds: float = STORM_SECONDS, nodes: int = NODES
) -> Iterator[Row]:
    """Yield the rows."""
    costs: list[Cost] = []
    for number in workloads:
        databases = max(1, min(DATABASES, number // 10))
        part = PART.format(nodes=nodes, pods=number * PODS_EACH, workloads=number, databases=databases)
        with crowd(number, nodes, databases) as opened:
            costs.append(cost := least(opened, RUNS))
            yield Row(part, "start to first verdict", cost.seconds, "s")
            yield Row(part, "processor time", cost.processor, "s")
            yield Row(part, "peak memory", cost.memory, "MB")
            yield Row(part, "API requests", float(cost.requests), "")
            if number != max(workloads):
                continue
            yield from _growth(part, workloads, costs)
            weather = storm(opened, seconds)
            what = f"{weather.changes:.0f} pod changes a second for {seconds:g} s"
            yield Row(part, f"{what}, slowest reaction", max(weather.reactions), "s", most=1.0)
            yield Row(part, f"{what}, median reaction", statistics.median(weather.reactions), "s")
            yield Row(part, f"{what}, share of a core", 100 * weather.busy, "%")
            grown = weather.after, "MB", weather.before
            yield Row(part, f"{what}, memory in the end", *grown, "in the beginning", most_ratio=1.1)


def _growth(part: str, workloads: tuple[int, int, int], costs: list[Cost]) -> Iterator[Row]:
    """Yield what each workload more costs among many, over what it costs among few."""
    few, some, many = workloads
    for what, unit in (("processor", "ms"), ("memory", "KB")):
        a, b, c = (1000 * getattr(cost, what) for cost in costs)
        early, late = (b - a) / (some - few), (c - b) / (many - some)
        told = f"{'processor time' if what == 'processor' else what} of each workload from {some} to {many}"
        yield Row(part, told, late, unit, early, f"from {few} to {some}", most_ratio=LINEAR)
