"""The engine that stays: it rests while all is well, heals what falls ill, and keeps trying what it could not heal."""

from itertools import pairwise
from typing import Any

import pytest

from bootheal.cli.healing.daemon import last_code
from bootheal.engine import Engine, Limits, Renew
from bootheal.errors import DeniedError
from bootheal.model import EventKind, Report, Verdict
from bootheal.ports import Interest
from bootheal.step import Act, GiveUp, Judgement, Past, Settled, Wait, judge_error
from support.engine import START, Bench, Deed, Scripted

PODS = Interest("pod", "shop")
STAY = Limits(deadline=float("inf"), stay=True)


class Patient:
    """A part of the simulated world that is `ill` or not, and is cured by a deed."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.ill, self.cures = bench, False, 0

    def falls_ill(self, *, watched: bool) -> None:
        self.ill = True
        if watched:
            self.bench.cluster.changed(PODS)

    def cure(self) -> None:
        self.ill, self.cures = False, self.cures + 1

    def sees(self) -> bool:
        return self.ill

    def judges(self, ill: Any, _past: Past) -> Judgement:
        return Act("is ill", (Deed(cause="ill", does=self.cure),)) if ill else Settled("well")


def lives(bench: Bench, seconds: float, **options: Any) -> tuple[Engine, list[Report]]:
    """Let an engine stay for so long, as the daemon does: pass, rest, pass, …"""
    bench.limits = STAY
    bench.clock.at(seconds, bench.inbox.stop)
    engine, reports = bench.engine(**options), []
    while not (engine.stopped or engine.renewed):
        reports.append(engine.run("boot-1"))
        engine.rest()
    return engine, reports


def left_over(bench: Bench) -> Patient:
    """A part that serves, and of which something is to be put away after 40 s."""
    patient = Patient(bench)
    patient.ill = True

    def judges(left: Any, past: Past) -> Judgement:
        if left and (wait := START + 40 - past.now) > 0:
            return Settled("serves; something is left", again=wait)
        return patient.judges(left, past)

    bench.steps = [Scripted(name="a", sees=patient.sees, judges=judges), Scripted(name="b")]
    return patient


def test_what_nobody_needs_holds_up_no_verdict_and_is_done_in_its_time() -> None:
    """At 20 s everything served once, and "healed" was said at 53 s because of a dead pod's grace."""
    bench = Bench([])
    patient = left_over(bench)
    _, (first, second) = lives(bench, 300)
    assert (first.verdict, first.seconds) == (Verdict.HEALTHY, 0)
    assert patient.cures == 1
    assert second.began == START + 40


def test_who_leaves_stays_until_that_is_done_too() -> None:
    """`run --once`: nobody would be there to do it."""
    bench = Bench([])
    patient = left_over(bench)
    assert bench.run("boot-1").seconds == 40
    assert patient.cures == 1


@pytest.mark.parametrize(("watched", "within"), [(True, 0.2), (False, 67.0)])
def test_what_falls_ill_is_healed_in_a_pass_of_its_own(watched: bool, within: float) -> None:
    """At once where a watch tells, else when it is looked at again, every minute; each pass has its report."""
    bench = Bench([])
    patient = Patient(bench)
    bench.steps = [
        Scripted(name="a", sees=patient.sees, judges=patient.judges, wakes_on=frozenset({PODS})),
        Scripted(name="b"),
    ]
    bench.clock.at(90, lambda: patient.falls_ill(watched=watched))  # between two looks, however they are jittered
    _, reports = lives(bench, 1000)
    assert [report.verdict for report in reports] == [Verdict.HEALTHY, Verdict.HEALED]
    assert 90 <= reports[1].began - START <= 90 + within
    assert [done.object for done in reports[1].actions()] == ["thing/test/thing"]
    assert {outcome.ending.value for outcome in reports[1].outcomes} == {"settled"}


def test_rest_changes_nothing() -> None:
    """What falls ill is acted on in a pass only: whoever holds the lock by then."""
    bench = Bench([])
    patient = Patient(bench)
    bench.limits = STAY
    bench.steps = [Scripted(name="a", sees=patient.sees, judges=patient.judges, wakes_on=frozenset({PODS}))]
    engine = bench.engine()
    engine.run("boot-1")
    bench.clock.at(100, lambda: patient.falls_ill(watched=True))
    engine.rest()
    assert (patient.ill, patient.cures) == (True, 0)
    patient.ill = False  # somebody else has healed it meanwhile
    assert engine.run("boot-1").verdict is Verdict.HEALTHY
    assert patient.cures == 0


def test_rest_is_cheap() -> None:
    """What is well is looked at every minute or so, not more."""
    bench = Bench([])
    looks: list[float] = []
    bench.steps = [Scripted(name="a", sees=lambda: looks.append(bench.clock.time))]
    lives(bench, 3600)
    assert 54 <= len(looks) <= 70


def test_a_heartbeat_wakes_who_waits_for_it_only() -> None:
    """A Lease is renewed every ten seconds for years: whoever has settled does not look each time."""
    bench = Bench([], limits=STAY)
    looks: list[float] = []
    lease = Interest("lease", "kube-node-lease", pulse=True)
    judged = iter([Wait("no heartbeat yet", again=3600)])
    bench.steps = [
        Scripted(
            name="gate",
            wakes_on=frozenset({lease}),
            sees=lambda: looks.append(bench.clock.time),
            judges=lambda *_: next(judged, Settled("open")),
        )
    ]
    for beat in range(10, 3600, 10):
        bench.clock.at(beat, lambda: bench.cluster.changed(Interest("lease", "kube-node-lease", "box")))
    _, reports = lives(bench, 3600)
    assert reports[0].seconds == pytest.approx(10, abs=0.1)
    assert len(looks) < 80


def test_what_failed_is_tried_again_ever_more_seldom() -> None:
    """A step that gives up is looked at with back-off, and stays failed while it gives up; that is told once."""
    bench = Bench([])
    looks: list[float] = []
    bench.steps = [
        Scripted(name="a", sees=lambda: looks.append(bench.clock.time - START), judges=lambda *_: GiveUp("broken")),
        Scripted(name="b", after=("a",)),
    ]
    _, reports = lives(bench, 3600)
    assert [report.verdict for report in reports] == [Verdict.NOT_HEALED]
    assert 7 <= len(looks) <= 12
    assert looks[1] == pytest.approx(60, rel=0.11)
    assert looks[-1] - looks[-2] == pytest.approx(600, rel=0.11)
    assert [event.text for event in bench.events if event.kind is EventKind.GAVE_UP] == ["broken"]


@pytest.mark.parametrize("watched", [True, False])
def test_what_failed_is_healed_when_it_can_be(watched: bool) -> None:
    """And then all that was skipped because of it, too; a change that it looks at is noticed at once."""
    bench = Bench([])
    mended: list[int] = []

    def mend() -> None:
        mended.append(1)
        if watched:
            bench.cluster.changed(PODS)

    bench.clock.at(1000, mend)
    bench.steps = [
        Scripted(
            name="a",
            wakes_on=frozenset({PODS}),
            judges=lambda *_: Settled("ok") if mended else GiveUp("broken", person=False),
        ),
        Scripted(name="b", after=("a",)),
        Scripted(name="c", after=("b",)),
    ]
    _, reports = lives(bench, 3000)
    assert [report.verdict for report in reports] == [Verdict.NOT_HEALED, Verdict.HEALTHY]
    assert reports[1].began - START == pytest.approx(1000, abs=1 if watched else 661)
    assert {outcome.ending.value for outcome in reports[1].outcomes} == {"settled"}


def test_what_is_skipped_names_what_has_failed_now() -> None:
    """Not what has been mended since: of two that were broken, the report names the one that still is."""
    bench = Bench([])
    mended: list[int] = []
    bench.clock.at(1000, lambda: mended.append(1))
    bench.steps = [
        Scripted(name="a", judges=lambda *_: Settled("ok") if mended else GiveUp("broken")),
        Scripted(name="b", judges=lambda *_: GiveUp("broken, too")),
        Scripted(name="c", after=("a", "b")),
    ]
    _, reports = lives(bench, 3000)
    assert [report.outcomes[-1].why for report in reports] == [
        "not tried, because a and b failed",
        "not tried, because b failed",
    ]


def test_a_failed_step_does_not_hold_up_the_healing_of_others() -> None:
    """One step is broken for good; another falls ill: its pass ends as soon as that one is well."""
    bench = Bench([])
    patient = Patient(bench)
    bench.steps = [
        Scripted(name="bad", judges=lambda *_: GiveUp("broken")),
        Scripted(name="a", sees=patient.sees, judges=patient.judges, wakes_on=frozenset({PODS})),
    ]
    bench.clock.at(600, lambda: patient.falls_ill(watched=True))
    _, reports = lives(bench, 700)
    assert len(reports) == 2
    assert reports[1].seconds < 1
    assert [outcome.ending.value for outcome in reports[1].outcomes] == ["gave-up", "settled"]


def test_a_new_epoch_begins_a_new_pass() -> None:
    """The gate says that the machine is in another boot: everything is judged anew, with an empty past."""
    bench = Bench([])
    boots = ["boot-1"]
    pasts: list[tuple[str, int]] = []

    def judges(_: Any, past: Past) -> Judgement:
        pasts.append((past.epoch, len(past.done)))
        return Settled("ok") if past.done else Act("once per boot", (Deed(cause="x"),))

    bench.clock.at(100, lambda: boots.append("boot-2"))
    bench.steps = [
        Scripted(name="gate", judges=lambda *_: Settled("open", epoch=boots[-1])),
        Scripted(name="a", after=("gate",), judges=judges),
    ]
    _, reports = lives(bench, 200)
    assert [(report.epoch, report.verdict) for report in reports] == [
        ("boot-1", Verdict.HEALED),
        ("boot-2", Verdict.HEALED),
    ]
    assert [past for past in pasts if past[1] == 0] == [("boot-1", 0), ("boot-2", 0)]


def test_what_waits_again_has_all_its_patience() -> None:
    """A step that needed most of its patience at first, and falls ill an hour later, is waited for again."""
    bench = Bench([])
    ill = [True]

    def ill_again() -> None:
        ill.append(True)
        bench.cluster.changed(PODS)

    for moment, happen in ((50, ill.clear), (3600, ill_again), (3650, ill.clear)):
        bench.clock.at(moment, happen)
    bench.steps = [
        Scripted(
            name="a",
            patience=60,
            wakes_on=frozenset({PODS}),
            judges=lambda *_: Wait("not yet") if ill else Settled("ok"),
        )
    ]
    _, reports = lives(bench, 5000)
    assert [report.verdict for report in reports] == [Verdict.HEALTHY, Verdict.HEALTHY]


def test_stop_ends_the_rest() -> None:
    """Within the same second."""
    bench = Bench([Scripted(name="a")])
    lives(bench, 77)
    assert bench.clock.time - START == pytest.approx(77)


def test_a_new_configuration_ends_the_rest_a_bad_one_does_not() -> None:
    """Renew asks; what is refused changes nothing."""
    bench = Bench([Scripted(name="a")])
    answers = iter([False, True])
    for moment in (10, 20):
        bench.clock.at(moment, lambda: bench.inbox.put(Renew()))
    engine, _ = lives(bench, 100, renew=lambda: next(answers))
    assert engine.renewed
    assert bench.clock.time - START == pytest.approx(20)


def test_the_loop_turns_as_often_as_its_watchdog_wants() -> None:
    """While nothing happens at all, the loop sleeps no longer than it may, in a pass and at rest."""
    bench = Bench([Scripted(name="a", judges=lambda *_: Wait("long", again=500))])
    turns: list[float] = []
    bench.limits = Limits(deadline=100, stay=True, longest_sleep=5)
    engine = bench.engine(turned=lambda: turns.append(bench.clock.time))
    engine.run("boot-1")
    bench.clock.at(200, bench.inbox.stop)
    engine.rest()
    pauses = [later - earlier for earlier, later in pairwise(turns)]
    assert max(pauses) <= 5
    assert turns[-1] - turns[0] >= 100


def test_a_pause_lets_time_pass_but_hears_of_a_stop() -> None:
    """As while another pass holds the lock: no look, and a signal ends it."""
    looks: list[int] = []
    bench = Bench([Scripted(name="a", sees=lambda: looks.append(1))], limits=STAY)
    engine = bench.engine()
    engine.pause(10)
    assert (bench.clock.time - START, looks) == (10, [])
    bench.clock.at(12, bench.inbox.stop)
    engine.pause(10)
    assert (bench.clock.time - START, engine.stopped) == (12, True)


def test_stop_is_heard_between_two_actions_of_one_judgement() -> None:
    """Of three changes that a step wants at once, those after the signal are not made."""
    bench = Bench([])
    deeds = (
        Deed(cause="x", name="one"),
        Deed(cause="x", name="two", does=bench.inbox.stop),
        Deed(cause="x", name="three"),
    )
    bench.steps = [Scripted(name="a", judges=lambda *_: Act("must", deeds))]
    report = bench.run()
    assert [done.object for done in report.actions()] == ["thing/test/one", "thing/test/two"]
    assert report.verdict is Verdict.INTERRUPTED


def test_what_was_mended_and_falls_ill_again_is_a_new_incident() -> None:
    """Once per boot is judged from the whole past, once per trouble from `present`: each trouble gets its cure."""
    bench = Bench([])
    patient = Patient(bench)
    patient.ill = True
    pasts: list[tuple[int, int]] = []

    def judges(ill: Any, past: Past) -> Judgement:
        pasts.append((past.times(Deed), past.present.times(Deed)))
        if not ill:
            return Settled("well")
        return GiveUp("ill again") if past.present.times(Deed) else patient.judges(ill, past)

    bench.steps = [Scripted(name="a", sees=patient.sees, judges=judges, wakes_on=frozenset({PODS}))]
    bench.clock.at(600, lambda: patient.falls_ill(watched=True))
    _, reports = lives(bench, 700)
    assert [report.verdict for report in reports] == [Verdict.HEALED, Verdict.HEALED]
    assert {(0, 0), (1, 1), (1, 0), (2, 1), (2, 0)} == set(pasts)


def test_what_was_done_too_often_makes_no_new_pass() -> None:
    """The circuit breaker has spoken: the step is looked at now and then, and reported once."""
    bench = Bench([Scripted(name="a", judges=lambda *_: Act("ill", (Deed(cause="x"),)))])
    _, reports = lives(bench, 3600)
    assert [len(list(report.actions())) for report in reports] == [5]


@pytest.mark.parametrize(("hours", "cured"), [(25, 8), (2, 5)])
def test_a_machine_that_is_up_for_long_is_healed_of_each_trouble(hours: int, cured: int) -> None:
    """What helped yesterday may be done today, for the same cause; what is needed every other hour does not help."""
    bench = Bench([])
    patient = Patient(bench)
    bench.steps = [Scripted(name="a", sees=patient.sees, judges=patient.judges, wakes_on=frozenset({PODS}))]
    for number in range(1, 9):
        bench.clock.at(number * hours * 3600, lambda: patient.falls_ill(watched=True))
    lives(bench, 9 * hours * 3600)
    assert patient.cures == cured


@pytest.mark.parametrize(
    ("judgement", "code"),
    [
        (Settled("ok"), None),
        (GiveUp("broken"), None),
        (GiveUp("rows gone", person=True), 3),
        (judge_error(DeniedError("cannot use pods", status=401)), 1),
        (judge_error(DeniedError("cannot use pods", status=403)), None),
    ],
)
def test_the_daemon_ends_only_where_staying_is_of_no_use(judgement: Judgement, code: int | None) -> None:
    """A person is needed, or a credential is refused for good, which a new process reads afresh; a bug, see below."""
    assert code == last_code(Bench([Scripted(name="a", judges=lambda *_: judgement)]).run())


def test_the_daemon_ends_with_a_bug() -> None:
    """Exit 70: systemd starts it again."""
    assert last_code(Bench([Scripted(name="a", judges=lambda *_: 1 / 0)]).run()) == 70  # type: ignore[arg-type]
