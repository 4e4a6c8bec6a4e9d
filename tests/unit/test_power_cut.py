"""A hundred power cuts with random timings, through the real engine and the real steps, on a clock that jumps.

tests/support/replay.py plays the machine; what is asserted here is what must hold however the boot goes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

import pytest

from bootheal.config import load
from bootheal.engine import Engine, Inbox, Limits, Recorder
from bootheal.engine.node import SETTLE_DOWN_SECONDS
from bootheal.engine.plan import Plan
from bootheal.model import Event, EventKind, Ref, Report, Verdict
from support.engine import FakeStore, InlineWorkers
from support.replay import APPS, CONFIGURATION, Machine, SettableClock
from support.thorough import times

HOUR = 3600.0
YEAR = 365 * 24 * HOUR

# What comes with a watch is looked at within the engine's SETTLE_DOWN_SECONDS; /readyz has no watch, and is polled.
WATCHED, POLLED = SETTLE_DOWN_SECONDS + 0.001, 0.25


@dataclass
class Replay:
    """One power cut, one boot, one run of bootheal that begins some time into it."""

    seed: int
    plan: Plan
    error: float = 0.0
    clock: SettableClock = field(default_factory=SettableClock)
    settled: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.machine = Machine(self.seed, self.clock, self.error)
        self.unsound = self.machine.unsound

    def run(self) -> Report:
        begin = self.machine.draw(0, 12)
        self.clock.receive(SimpleQueue(), begin)
        self.began = self.clock.time
        engine = Engine(
            self.plan,
            self.machine.world,
            clock=self.clock,
            workers=InlineWorkers(),
            memory=Recorder(FakeStore(), self.clock),
            tell=self._tell,
            inbox=Inbox(),
            limits=Limits(deadline=1200),
        )
        return engine.run("old-boot")

    def _tell(self, event: Event) -> None:
        """Compare what is said with what is true at this moment."""
        if event.kind is not EventKind.SETTLED:
            return
        self.settled.setdefault(event.step, self.clock.time)
        app = "postgres" if event.step == "database/shop" else event.step.rpartition("/")[2]
        shut = event.step == "gate" and not self.machine.gate_is_true()
        if shut or (app in APPS and not self.machine.serves(app)):
            self.unsound.append(f"{self.clock.up:.2f} s: {event.step} was read as well: {event.text}")

    @property
    def late(self) -> float:
        """By how much the gate opened after it could, or after we began."""
        assert self.machine.gate_true is not None
        return self.settled["gate"] - max(self.machine.gate_true, self.began)


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Replay]:
    """Return what sets up the replay of a seed."""
    file = tmp_path_factory.mktemp("replay") / "bootheal.yaml"
    file.write_text(CONFIGURATION)
    plan = load(file).plan
    return lambda seed, error=0.0: Replay(seed, plan, error)


def check(run: Replay) -> None:
    """What must hold however a boot goes; every run ends with everything serving."""
    report = run.run()
    told = f"seed {run.seed}, clock wrong by {run.error:g} s"
    assert run.unsound == [], told
    assert report.verdict in (Verdict.HEALTHY, Verdict.HEALED), told
    assert all(run.machine.serves(app) for app in APPS), told
    assert run.late <= (POLLED if run.machine.gate_by == "readyz" else WATCHED), told


@pytest.mark.parametrize("seed", range(0, times(10), 10))
def test_nothing_is_read_as_healthy_before_it_is_of_this_boot(replay: Callable[..., Replay], seed: int) -> None:
    """A hundred boots, for every change ten of them: no stale state is believed, no healthy pod deleted, none late."""
    for number in range(seed, seed + 10):
        check(replay(number))


@pytest.mark.parametrize("error", [-YEAR, -HOUR, -1.0, 1.0, HOUR, YEAR])
def test_a_clock_that_is_set_while_the_machine_boots_changes_none_of_this(
    replay: Callable[..., Replay], error: float
) -> None:
    """It is wrong by that until somewhere in the first 25 s: stamps of both clocks are of this boot."""
    for number in range(1000, 1000 + times(1)):
        check(replay(number, error))


@pytest.mark.parametrize("seconds", [1.0, HOUR, YEAR])
def test_a_machine_that_sleeps_while_it_boots_is_healed_when_it_wakes(
    replay: Callable[..., Replay], seconds: float
) -> None:
    """Suspended between two moments: its wall clock goes on, what counts seconds stands, and every Lease looks old."""
    for number in range(2000, 2000 + times(1)):
        run = replay(number)
        clock = run.clock
        clock.at(run.machine.draw(1, 30), lambda clock=clock: setattr(clock, "offset", clock.offset + seconds))  # type: ignore[misc]
        check(run)


def test_the_replay_tells_healthy_from_stale(replay: Callable[..., Replay]) -> None:
    """The judge is worth something only if it would notice: at power-on everything looks well and nothing is."""
    run = replay(1)
    run.clock.receive(SimpleQueue(), 4.5)
    assert run.machine.nodes()[0].ready
    assert run.machine.workload(Ref("deployment", "shop", "agent")).available == 1
    assert not run.machine.gate_is_true()
    assert not any(run.machine.serves(app) for app in APPS)
    run._tell(Event(EventKind.SETTLED, 0.0, 0.0, "deployment/shop/agent"))
    assert len(run.unsound) == 1
