"""Part (f): a power cut, healed, left alone, or seen to by a script, in turns: which serves first.

The kubelet has a real one's times: a first back-off of 10 s that it does not name, doubled up to 300 s, and new pods
that cost seconds. How long PostgreSQL recovers differs from pair to pair, evenly, so that the applications are met at
any point of a back-off.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from bench import six_steps
from bench.command import running
from bench.row import Row
from bootheal.demo.stack import BootScript, Stack, StackOptions
from bootheal.errors import DemoError

PART = "a power cut: seconds from power-on until all serve, with a real kubelet's times"
SCRIPT = "a script of six steps"
PAIRS = 5
RECOVERY = (2.0, 25.0)
# What is drawn elsewhere is the same for both here: else a pair shows who was lucky.
KUBELET = BootScript.real(pod_found=0.8, pod_started=0.4, sandbox=3.0, stuck="", leftover=False)
LONGEST = 240.0

Healer = Callable[[Stack], AbstractContextManager[Callable[[], bool]]]
"""Begins to heal a stack that boots; what it yields says whether it goes on."""


@dataclass(frozen=True, slots=True)
class Boot:
    """How many seconds it took from power-on until every application served for good; `after`: since PostgreSQL did."""

    whole: float
    after: float


Pairs = list[tuple[Boot, Boot]]


def measure(pairs: int = PAIRS) -> Iterator[Row]:
    """Yield the rows: never slower than waiting where nothing else is wrong, and by far sooner than a script."""
    clean = _boots(pairs, _bootheal, _nobody, drift=False)
    yield _medians(f"nothing else is wrong, median of {pairs}", clean, "whole", "doing nothing", most_ratio=0.8)
    worst = max(ours.whole - theirs.whole for ours, theirs in clean)
    yield Row(PART, "beyond doing nothing, in the worst pair", worst, "s", most=1.0)
    drifted = _boots(pairs, _bootheal, _script, drift=True)
    yield _medians(f"a password has drifted, median of {pairs}", drifted, "whole", SCRIPT)
    # PostgreSQL's recovery is the same for both.
    yield _medians("the same, from when PostgreSQL accepts", drifted, "after", SCRIPT, most_ratio=0.6)


def _medians(what: str, pairs: Pairs, span: str, against: str, most_ratio: float | None = None) -> Row:
    ours, theirs = (statistics.median(getattr(boot, span) for boot in boots) for boots in zip(*pairs, strict=True))
    return Row(PART, what, ours, "s", theirs, against, most_ratio=most_ratio)


def _boots(pairs: int, one: Healer, other: Healer, *, drift: bool) -> Pairs:
    """Cut the power of one machine again and again; both meet each recovery time."""
    low, high = RECOVERY
    recoveries = [low + (high - low) * (pair + 0.5) / pairs for pair in range(pairs)]
    with TemporaryDirectory() as directory, Stack(Path(directory), StackOptions(fsync=False, drift=drift)) as stack:
        stack.configure({"cleanup": None})
        return [(_boot(stack, seconds, one), _boot(stack, seconds, other)) for seconds in recoveries]


def _boot(stack: Stack, recovery: float, healer: Healer) -> Boot:
    """Cut the power, give it back, and watch until every application serves: at the healer's end, and since when."""
    stack.power_cut()
    stack.boot(replace(KUBELET, crash_recovery=recovery))
    began = time.monotonic()
    with healer(stack) as goes_on:
        stack.wait_until("PostgreSQL to accept", lambda: _accepts(stack), timeout=LONGEST)
        accepts = time.monotonic()
        served = _served(stack)
        while goes_on():
            if not all(stack.serving().values()):  # a script breaks what serves already
                served = _served(stack)
            time.sleep(0.05)
    return Boot(served - began, served - accepts)


def _served(stack: Stack) -> float:
    stack.wait_until("all to serve", lambda: all(stack.serving().values()), timeout=LONGEST)
    return time.monotonic()


def _accepts(stack: Stack) -> bool:
    with suppress(psycopg.OperationalError, DemoError), stack.postgres.admin():
        return True
    return False


@contextmanager
def _bootheal(stack: Stack) -> Iterator[Callable[[], bool]]:
    with running("-m", "bootheal", "run", "--once", "--config", str(stack.config)) as healing:
        yield lambda: healing.process.poll() is None
        healing.result()


@contextmanager
def _script(stack: Stack) -> Iterator[Callable[[], bool]]:
    with ThreadPoolExecutor(1) as pool:
        healing = pool.submit(six_steps.heal, stack)
        yield lambda: not healing.done()
        healing.result()


def _nobody(_stack: Stack) -> AbstractContextManager[Callable[[], bool]]:
    return nullcontext(lambda: False)
