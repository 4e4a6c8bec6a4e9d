"""What a power cut of the hundred finds and leaves behind: drawn at random, so that no two are alike."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from bootheal.demo.shop import Layout
from bootheal.demo.stack import BootScript, Fault, Stack

LAYOUTS: tuple[Layout, ...] = ("plaintext", "verifier", "auth_query")
FAULTY = 0.1


@dataclass(frozen=True)
class Misfortune:
    """A fault of the catalogue: what brings it about, what ends it, and whether it passes without a person."""

    begin: Callable[[Stack], object]
    end: Callable[[Stack], object] = lambda _stack: None
    passes: bool = True


def _spoil(*faults: Fault) -> Misfortune:
    return Misfortune(lambda stack: [stack.faults.add(fault) for fault in faults], lambda stack: stack.faults.clear())


MISFORTUNES = {
    "an API server that resets": _spoil(Fault(path="/api", cut="reset", times=15)),
    "an API server that hangs up": _spoil(Fault(path="/api", cut="eof", times=15)),
    "401 at first": _spoil(Fault(path="/api/v1", status=401, times=3)),
    "429 with a pause": _spoil(Fault(path="/pods$", status=429, headers={"Retry-After": "3"}, times=2)),
    "watches that expire": _spoil(Fault(query="watch=", status=410, times=6)),
    "a login page": _spoil(Fault(path="/api/v1", status=200, body="<html>Log in</html>", times=5)),
    "many dead pods": Misfortune(lambda stack: stack.leave_dead(40)),
    "a pod that should have gone": Misfortune(lambda stack: stack.leave_terminating(120)),
    "settings that PostgreSQL refuses": Misfortune(
        lambda stack: stack.postgres.misconfigure(), lambda stack: stack.postgres.correct(), passes=False
    ),
}


@dataclass(frozen=True)
class Story:
    """One power cut: `begins` is how many seconds after power-on bootheal does."""

    layout: Layout
    replicas: int
    drift: bool
    script: BootScript
    begins: float
    misfortune: str = ""

    def __str__(self) -> str:
        drift = "drifted" if self.drift else "clean"
        what = f", {self.misfortune}" if self.misfortune else ""
        return f"{self.layout}, {self.replicas} pooler, {drift}{what}"


def story(seed: int, number: int) -> Story:
    """Draw one; the same for the same seed and number."""
    source = random.Random(f"{seed} {number}")  # noqa: S311 - a story, not a secret
    script = BootScript(
        api=source.uniform(0.1, 2.0),
        unready=source.uniform(0.1, 2.0),
        node_fresh=source.uniform(0.6, 4.0),
        pod_found=(0.1, source.uniform(0.2, 3.0)),
        pod_started=(0.1, source.uniform(0.2, 2.0)),
        crash_recovery=source.choice([0.0, source.uniform(0.5, 15.0)]),
        slices_lag=source.uniform(0.0, 2.0),
        proxy_lag=source.uniform(0.0, 1.5),
        backoff_first=source.choice([1.0, 2.0, 10.0]),
        backoff_cap=source.choice([10.0, 60.0]),
        backoff_silent=source.choice([0.0, 10.0]),
        sandbox=(0.0, source.uniform(0.1, 3.0)),
        stuck=source.choice(["", "nginx", "django", "pooler"]),
        leftover=source.random() < 0.5,
    )
    faulty = source.random() < FAULTY
    return Story(
        layout=source.choice(LAYOUTS),
        replicas=source.choice([1, 1, 2]),
        drift=source.random() < 0.5,
        script=script,
        begins=source.choice([0.0, source.uniform(0.0, 8.0)]),
        misfortune=source.choice([*MISFORTUNES]) if faulty else "",
    )
