"""Each fault of an API server at each request of each step, before and after its deed, over simulated boots.

By day one place of it for each fault, by the seed that a session prints (`--hypothesis-seed`); by night all of it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from queue import SimpleQueue

import pytest

from bootheal.config import load
from bootheal.engine import Engine, Inbox, Limits, Recorder
from bootheal.engine.plan import Plan
from bootheal.model import Report, Verdict
from support.engine import FakeStore, InlineWorkers
from support.faulty import EVIDENCE, FAULTS, PASSES, READS, WATCHES, WRITES, Faulty, busiest
from support.replay import APPS, CONFIGURATION, Machine, SettableClock
from support.thorough import thorough, times

DEADLINE, SHORT = 600.0, 90.0
"""In seconds; the short one for what never ends."""

STORM = 400
"""What all steps together may ask in ten seconds, where nothing that is asked is answered."""
WELL = (Verdict.HEALTHY, Verdict.HEALED)
BOOTS = 16


@dataclass(frozen=True)
class Cell:
    """One place of the matrix: `first` is the call at which it begins, `times` None: it never ends."""

    method: str
    first: int
    times: int | None
    after: bool


def cells() -> Iterator[Cell]:
    """All places; a fault after a question that changes nothing is the same as one before it."""
    for method, first, often in product((*READS, *EVIDENCE, *WRITES), (0, 3), (1, 3, None)):
        yield Cell(method, first, often, after=False)
        if method in WRITES:
            yield Cell(method, first, often, after=True)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """What is to be healed."""
    file = tmp_path_factory.mktemp("matrix") / "bootheal.yaml"
    file.write_text(CONFIGURATION)
    return load(file).plan


@pytest.fixture(scope="module")
def boots(plan: Plan) -> list[int]:
    """Boots that end well within the short deadline, where nothing fails."""
    quick = (seed for seed in range(BOOTS) if boot(plan, seed, fault="none", method="", times=None)[0].seconds < 60)
    return [*islice(quick, times(2))]


@pytest.fixture
def drawn(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> random.Random:
    """What draws: the same for the same seed and the same test."""
    return random.Random(f"{pytestconfig.option.hypothesis_seed} {request.node.name}")  # noqa: S311


def boot(plan: Plan, seed: int, **fault: object) -> tuple[Report, Faulty]:
    """Let bootheal make a pass over one boot."""
    clock = SettableClock()
    machine = Machine(seed, clock)
    faulty = Faulty(machine, **fault)  # type: ignore[arg-type]
    clock.receive(SimpleQueue(), machine.draw(0, 12))
    deadline = DEADLINE if faulty.times is not None or faulty.method == "watch" else SHORT
    memory, limits = Recorder(FakeStore(), clock), Limits(deadline=deadline)
    engine = Engine(
        plan,
        faulty.world,
        clock=clock,
        workers=InlineWorkers(),
        memory=memory,
        tell=lambda _event: None,
        inbox=Inbox(),
        limits=limits,
    )
    began = clock.time
    report = engine.run("old-boot")
    assert clock.time - began < deadline + 60
    return report, faulty


def check(report: Report, faulty: Faulty) -> None:
    """What holds whatever happens to a request."""
    machine = faulty.machine
    assert machine.unsound == []
    assert len(machine.deleted) == len(set(machine.deleted))
    assert all(number == 1 for number in faulty.deeds.values()), faulty.deeds
    if report.verdict in WELL:
        assert all(machine.serves(app) for app in APPS)
    assert busiest(faulty.moments, 10.0) < STORM, "a storm of requests"


@pytest.mark.timeout(3_600)  # of all places at night
@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_that_fails(plan: Plan, boots: list[int], fault: str, drawn: random.Random) -> None:
    """A truthful verdict in time, no deed twice for one cause, no storm; what passes is forgotten."""
    matrix = list(cells())
    for cell in matrix if thorough() else drawn.sample(matrix, 1):
        seed = drawn.choice(boots)
        told = f"{fault}, {cell}, boot {seed}"
        report, faulty = boot(
            plan, seed, fault=fault, method=cell.method, first=cell.first, times=cell.times, after=cell.after
        )
        try:
            check(report, faulty)
            if cell.times is not None and fault in PASSES:
                assert report.verdict in WELL, [o for o in report.outcomes if o.ending != "settled"]
            if report.verdict not in WELL:
                assert faulty.happened
                said = [outcome.why for outcome in report.outcomes]
                assert any(str(FAULTS[fault](f"{cell.method} of the shop")) in why for why in said), said
        except AssertionError as error:
            raise AssertionError(f"{told}: {error}") from error


@pytest.mark.parametrize("fault", WATCHES)
def test_a_watch_that_fails(plan: Plan, fault: str, drawn: random.Random) -> None:
    """What is told twice, late, or not at all is looked at all the same."""
    for seed in range(BOOTS) if thorough() else drawn.sample(range(BOOTS), 1):
        report, faulty = boot(plan, seed, fault=fault, method="watch")
        check(report, faulty)
        assert report.verdict in WELL


def test_the_matrix_would_notice(plan: Plan) -> None:
    """A deed of which nobody believes that it was done is done again by whoever does not look."""
    report, faulty = boot(plan, 1, fault="reset", method="delete_pod", after=True)
    faulty.deeds["roll_out", "deployment/shop/nginx"] = 2
    with pytest.raises(AssertionError):
        check(report, faulty)
