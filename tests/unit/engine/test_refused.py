"""The API server refuses us: for a while it may pass, and what an action destroys is on disk before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bootheal.backoff import reconnecting
from bootheal.engine import Limits
from bootheal.errors import BoothealError, DeniedError, UnreachableError
from bootheal.model import Ending, EventKind, Verdict
from bootheal.ports import World
from bootheal.step import Act, Judgement, Past, Settled, Wait
from support.engine import START, Bench, Deed, Disk, Scripted, SlowWorkers

FORBIDDEN = DeniedError("cannot list pods in namespace shop: the API server says 403", status=403, hint="see its Role")


def refused_for(seconds: float, error: BoothealError) -> Any:
    """Run a step whose looks are refused for so long; return how it ended, and after how many seconds."""
    bench = Bench([])

    def sees() -> None:
        if bench.clock.time - START < seconds:
            raise error

    bench.steps = [Scripted(name="a", sees=sees)]
    (outcome,) = bench.run().outcomes
    return outcome


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_that_passes_is_waited_for(status: int) -> None:
    """The API server answers before it has loaded its roles."""
    outcome = refused_for(30, DeniedError("cannot list pods", status=status))
    assert outcome.ending is Ending.SETTLED
    assert 30 <= outcome.ended < 31


def test_a_refusal_that_lasts_is_believed_after_a_minute() -> None:
    """Then it is a matter of rights, and the hint says where to look."""
    outcome = refused_for(1e9, FORBIDDEN)
    assert (outcome.ending, outcome.hint) == (Ending.GAVE_UP, "see its Role")
    assert 60 <= outcome.ended < 62


def test_a_refusal_of_somebody_else_is_believed_at_once() -> None:
    """A console's, say: it does not come from a server that is still starting."""
    assert refused_for(1e9, DeniedError("cannot open a session", status=0)).ended == 0


def test_a_pause_that_is_asked_for_is_kept() -> None:
    """No look before."""
    outcome = refused_for(1, UnreachableError("the API server says 429", again=7))
    assert outcome.ended == 7


@dataclass(frozen=True, kw_only=True)
class Dispensable(Scripted):
    """A step that all can serve without."""

    dispensable = True


def test_what_is_dispensable_is_not_asked_for_in_vain_for_long() -> None:
    """A list that the API server answers with nonsense kept a machine from being healed on which all served."""
    unread = UnreachableError("cannot get leases: what answers is not an API server, or not yet")

    def sees() -> None:
        raise unread

    report = Bench([Dispensable(name="leases", sees=sees), Scripted(name="other")]).run()
    assert report.verdict is Verdict.HEALTHY
    assert report.seconds == pytest.approx(30.0, abs=2.0)
    assert (report.outcomes[0].why, report.outcomes[0].remarks) == ("was not looked at", (str(unread),))


def test_what_is_dispensable_is_looked_at_again_where_that_passes() -> None:
    """Half a minute begins anew with each look that could be finished."""
    bench = Bench([])
    looks: list[float] = []

    def sees() -> float:
        looks.append(bench.clock.time - START)
        if not 25.0 <= looks[-1] < 27.0:
            raise UnreachableError("no answer in time")
        return looks[-1]

    bench.steps = [Dispensable(name="leases", sees=sees, judges=lambda *_: Wait("watched"))]
    assert bench.run().seconds == pytest.approx(57.0, abs=3.0)


@pytest.mark.parametrize("refusal", [UnreachableError("no answer in time"), FORBIDDEN], ids=["unread", "refused"])
def test_nobody_has_been_refused_while_the_gate_was_shut_and_nothing_was_asked(refusal: BoothealError) -> None:
    """The API server went away for minutes, and its first words after that are as hasty as those of any that starts."""
    bench, looks = Bench([]), list[float]()

    def at() -> float:
        return bench.clock.time - START

    def sees() -> None:
        looks.append(at())
        if at() < 6.0 or 100.0 <= at() < 103.0:
            raise refusal

    opens: Any = lambda now, _: Wait("shut", again=1.0) if 5 <= now < 100 else Settled("open", again=1.0)  # noqa: E731
    gate, dns = Scripted(name="gate", sees=at, judges=opens), Dispensable(name="dns", after=("gate",), sees=sees)
    late = Scripted(name="late", judges=lambda _, past: Settled("ok") if past.now > START + 110 else Wait("late"))
    bench.steps, bench.workers = [gate, dns, late], SlowWorkers(bench.clock, 0.3)
    bench.limits = Limits(deadline=300.0, stay=True)
    report = bench.run()
    assert not any(6 <= look < 100 for look in looks)
    (settled,) = [event for event in bench.events if (event.step, event.kind) == ("dns", EventKind.SETTLED)]
    assert settled.text == "ok"
    assert 103 <= settled.at - START < 106
    assert report.verdict is Verdict.HEALTHY


@pytest.mark.parametrize(
    "error",
    [
        DeniedError("cannot delete pods: 401", status=401),
        DeniedError("cannot delete pods: 403", status=403),
        UnreachableError("429", again=3),
    ],
)
def test_an_action_that_is_refused_once_is_judged_anew(error: BoothealError) -> None:
    """An unknown credential may be known again, and the API server says 403 while its roles load."""
    failures = [error]

    def does() -> None:
        if failures:
            raise failures.pop()

    def judges(_: Any, past: Past) -> Judgement:
        done = any(done.result == "done" for done in past.done)
        return Settled("ok") if done else Act("must", (Deed(cause="x", does=does),))

    (outcome,) = Bench([Scripted(name="a", judges=judges)]).run().outcomes
    assert outcome.ending is Ending.SETTLED


@dataclass(frozen=True, kw_only=True)
class Destroying(Deed):
    """A deed that something goes with."""

    disk: Disk = field(default_factory=Disk)

    def evidence(self, world: World) -> Mapping[str, str]:
        return {"log main": "its last words"}

    def apply(self, world: World) -> None:
        assert self.disk.records["a"][-1].evidence == {"log main": "its last words"}


def test_what_an_action_destroys_is_recorded_before_it_happens() -> None:
    """And is in the report."""
    bench = Bench([])
    deed = Destroying(cause="x", disk=bench.disk)
    bench.steps = [Scripted(name="a", judges=lambda _, past: Settled("ok") if past.done else Act("must", (deed,)))]
    (done,) = bench.run().actions()
    assert (done.result, done.evidence) == ("done", {"log main": "its last words"})


def test_reconnecting_keeps_the_pause_that_it_is_told() -> None:
    """And its own, where that is longer."""
    sleeps: list[float] = []
    errors = [UnreachableError("429", again=30.0), UnreachableError("500")]
    for attempt in reconnecting(UnreachableError, sleeps.append, longest=1.0):
        with attempt:
            if errors:
                raise errors.pop(0)
    assert sleeps[0] == 30.0
    assert sleeps[1] <= 1.0
