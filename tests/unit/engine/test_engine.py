"""The engine on a clock that jumps: order, waiting, acting, failing, remembering."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from bootheal.engine import Limits
from bootheal.errors import ConflictError, PermanentError, StateError, UnreachableError
from bootheal.model import ActionRecord, Ending, EventKind, Remembered, Report, Verdict
from bootheal.ports import Interest
from bootheal.step import Act, GiveUp, Judgement, Past, Settled, Wait
from support.engine import START, Bench, Deed, Disk, LostWorkers, Restart, Scripted, SlowWorkers, Unbounded

PODS = Interest("pod", "shop")


def endings(report: Report) -> dict[str, str]:
    return {outcome.step: outcome.ending.value for outcome in report.outcomes}


def why(report: Report, step: str) -> str:
    return next(outcome.why for outcome in report.outcomes if outcome.step == step)


def hint(report: Report, step: str) -> str:
    return next(outcome.hint for outcome in report.outcomes if outcome.step == step)


def noted(notes: list[Any], note: Any) -> bool:
    notes.append(note)
    return True


class Ready:
    """A part of the simulated world that becomes well `after` seconds from when it is first looked at."""

    def __init__(self, bench: Bench, after: float) -> None:
        self._bench, self._after, self.first = bench, after, None
        self.at: float | None = None

    def sees(self) -> bool:
        now = self._bench.clock.time
        if self.at is None:
            self.at = now + self._after
        return now >= self.at

    @staticmethod
    def judges(well: Any, _past: Past) -> Judgement:
        return Settled("well") if well else Wait("not yet")


def test_nothing_to_do_is_healthy() -> None:
    """A run in which every look finds all well is healthy, acts on nothing and takes no time."""
    report = Bench([Scripted(name="a"), Scripted(name="b", after=("a",))]).run()
    assert (report.verdict, report.seconds, list(report.actions())) == (Verdict.HEALTHY, 0.0, [])


def test_a_step_is_not_looked_at_before_what_it_comes_after_has_settled() -> None:
    """The look of a dependant happens after the dependency's last one, never before it settled."""
    bench = Bench([])
    looks: list[str] = []
    slow = Ready(bench, 10)
    bench.steps = [
        Scripted(name="slow", sees=lambda: noted(looks, "slow") and slow.sees(), judges=Ready.judges),
        Scripted(name="next", after=("slow",), sees=lambda: looks.append("next")),
    ]
    bench.run()
    assert looks[-1] == "next"
    assert looks.count("next") == 1


def test_independent_branches_advance_together() -> None:
    """Two branches of 10 s each take 10 s, not 20."""
    bench = Bench([])
    bench.steps = [Scripted(name=n, sees=Ready(bench, 10).sees, judges=Ready.judges) for n in ("a", "b")]
    assert bench.run().seconds == pytest.approx(10, abs=0.3)


def test_waiting_is_never_more_than_about_two_percent_late() -> None:
    """What becomes well after 100 s is seen by 103 s without any watch, and asked for some 200 times."""
    bench = Bench([])
    looks: list[float] = []
    part = Ready(bench, 100)
    bench.steps = [Scripted(name="a", sees=lambda: noted(looks, bench.clock.time) and part.sees(), judges=Ready.judges)]
    assert bench.run().seconds <= 103
    assert len(looks) < 220


def test_a_watch_wakes_a_waiting_step_at_once() -> None:
    """A step that asked to wait an hour is looked at within 0.1 s of a change it is interested in."""
    bench = Bench([])
    bench.clock.at(5, lambda: bench.cluster.changed(PODS))
    judged: Iterator[Judgement] = iter([Wait("pods", again=3600), Settled("ok")])
    bench.steps = [Scripted(name="a", wakes_on=frozenset({PODS}), judges=lambda *_: next(judged))]
    assert bench.run().seconds == pytest.approx(5, abs=0.1)


def test_a_settled_step_is_looked_at_again_when_what_it_saw_changes() -> None:
    """A change after settling makes the step wait again, and the run does not end before it is well again."""
    bench = Bench([])
    slow = Ready(bench, 20)
    bench.clock.at(3, lambda: bench.cluster.changed(PODS))
    judged: Iterator[Judgement] = iter([Settled("ok"), Wait("a pod went away"), Settled("ok again")])
    bench.steps = [
        Scripted(name="a", wakes_on=frozenset({PODS}), judges=lambda *_: next(judged)),
        Scripted(name="slow", sees=slow.sees, judges=Ready.judges),
    ]
    report = bench.run()
    assert why(report, "a") == "ok again"
    assert EventKind.UNSETTLED in {event.kind for event in bench.events}


def test_an_action_is_recorded_before_it_happens_and_after() -> None:
    """At the moment of the change the intent is on the disk; afterwards its result is."""
    disk = Disk()
    during: list[str] = []
    deed = Deed(cause="because", does=lambda: during.append(disk.records["a"][0].result))

    def judges(_: Any, past: Past) -> Judgement:
        return Settled("ok") if past.done else Act("must", (deed,))

    report = Bench([Scripted(name="a", judges=judges)], disk=disk).run()
    assert during == ["intended"]
    assert [done.result for done in disk.records["a"]] == ["done"]
    assert report.verdict is Verdict.HEALED


def test_a_failure_stops_descendants_only() -> None:
    """What comes after a failed step is skipped and says because of whom; everything else is healed."""
    steps = [
        Scripted(name="bad", judges=lambda *_: GiveUp("broken", hint="mend it")),
        Scripted(name="child", after=("bad",)),
        Scripted(name="grandchild", after=("child",)),
        Scripted(name="other"),
    ]
    bench = Bench(steps)
    report = bench.run()
    assert endings(report) == {"bad": "gave-up", "child": "skipped", "grandchild": "skipped", "other": "settled"}
    assert why(report, "child") == why(report, "grandchild") == "not tried, because bad failed"
    assert (bench.events[-1].text, bench.events[-1].cause) == ("not-healed", "bad: broken")
    assert report.verdict is Verdict.NOT_HEALED


def test_data_at_risk_needs_a_person() -> None:
    """One step that asks for a person decides the verdict."""
    report = Bench([Scripted(name="db", judges=lambda *_: GiveUp("rows gone", person=True))]).run()
    assert report.verdict is Verdict.NEEDS_PERSON


def test_patience_runs_out_and_says_for_what() -> None:
    """A step that waits longer than its patience fails with the last reason."""
    report = Bench([Scripted(name="a", patience=60, judges=lambda *_: Wait("no answer"))]).run()
    told = Bench([Scripted(name="a", patience=25, judges=lambda *_: Wait("no answer", hint="kubectl -n shop x"))]).run()
    assert why(told, "a") == "no answer; patience of 25 s has run out"
    assert hint(told, "a") == "kubectl -n shop x; if it only needs longer, raise its patience"
    assert why(report, "a") == "no answer; patience of 1 min has run out"
    assert hint(report, "a") == "kubectl get pods,events -A shows more; if it only needs longer, raise its patience"
    assert report.seconds == pytest.approx(60, abs=2)


def test_patience_counts_while_it_is_being_looked_at() -> None:
    """Looks that take twenty seconds each, as at somebody who does not answer: else the pauses alone would count."""
    bench = Bench([Scripted(name="a", patience=100.0, judges=lambda *_: Wait("not yet", again=1.0))])
    bench.workers = SlowWorkers(bench.clock, 20.0)
    report = bench.run()
    assert why(report, "a") == "not yet; patience of 100 s has run out"
    assert 100 <= report.seconds <= 145


def test_the_clock_of_patience_stands_still_while_waiting_does_not_count() -> None:
    """Ten minutes of crash recovery don't use up a patience of one minute."""
    bench = Bench([])
    part = Ready(bench, 600)
    bench.steps = [
        Scripted(
            name="db",
            patience=60,
            sees=part.sees,
            judges=lambda well, _: Settled("ok") if well else Wait("starting up (57P03)", counts=False),
        )
    ]
    assert bench.run().verdict is Verdict.HEALTHY


def test_the_deadline_ends_a_run_truthfully() -> None:
    """What has not ended by the deadline is reported as unfinished, and the run as not healed."""
    steps = [Scripted(name="a", judges=lambda *_: Wait("no answer")), Scripted(name="b", after=("a",))]
    report = Bench(steps, limits=Limits(deadline=30)).run()
    assert endings(report) == {"a": "unfinished", "b": "unfinished"}
    assert report.seconds == pytest.approx(30, abs=0.1)
    assert report.verdict is Verdict.NOT_HEALED


def test_what_was_being_looked_at_when_the_stop_came_had_been_reached() -> None:
    """Its times are there; that it was not reached is said of what comes after it."""
    bench = Bench([Scripted(name="a"), Scripted(name="b", after=("a",))], workers=LostWorkers())
    bench.clock.at(5, bench.inbox.stop)
    report = bench.run()
    assert (why(report, "a"), why(report, "b")) == ("was still being looked at", "not reached")


def test_stop_finishes_the_action_under_way_and_reports() -> None:
    """A signal during an action: that action is finished and recorded, no other is begun."""
    bench = Bench([])
    bench.limits = Limits()
    first = Deed(cause="x", name="first", does=bench.inbox.stop)
    bench.steps = [
        Scripted(name="a", judges=lambda _, past: Settled("ok") if past.done else Act("must", (first,))),
        Scripted(name="b", after=("a",), judges=lambda *_: Act("must", (Deed(cause="x", name="second"),))),
    ]
    report = bench.run()
    assert [done.object for done in report.actions()] == ["thing/test/first"]
    assert report.verdict is Verdict.INTERRUPTED


@pytest.mark.parametrize(
    ("error", "ending"),
    [(UnreachableError("cannot reach it"), "settled"), (ConflictError("it changed"), "settled")],
)
def test_a_passing_error_is_waited_for(error: Exception, ending: str) -> None:
    """A look that fails for a passing reason is repeated, and its reason is told meanwhile."""
    bench = Bench([])
    failures = [error, error]

    def sees() -> None:
        if failures:
            raise failures.pop()

    bench.steps = [Scripted(name="a", sees=sees)]
    assert endings(bench.run()) == {"a": ending}
    assert str(error) in {event.text for event in bench.events}


def test_a_lasting_error_ends_the_step_with_its_hint() -> None:
    """A look that fails for good fails the step, and the hint reaches the report."""

    def sees() -> None:
        raise PermanentError("cannot find secret/shop/pooler", hint="make it")

    report = Bench([Scripted(name="a", sees=sees)]).run()
    assert [(o.ending, o.why, o.hint) for o in report.outcomes] == [
        (Ending.GAVE_UP, "cannot find secret/shop/pooler", "make it")
    ]


@pytest.mark.parametrize("where", ["look", "judge", "apply"])
def test_a_bug_is_reported_as_one_and_stops_only_its_descendants(where: str) -> None:
    """An unforeseen exception anywhere in a step is a bug in the report (exit 70), not the end of the run."""

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("oops")

    step = {
        "look": Scripted(name="a", sees=fail),
        "judge": Scripted(name="a", judges=fail),
        "apply": Scripted(name="a", judges=lambda *_: Act("must", (Deed(cause="x", does=fail),))),
    }[where]
    report = Bench([step, Scripted(name="b", after=("a",)), Scripted(name="c")]).run()
    assert endings(report) == {"a": "bug", "b": "skipped", "c": "settled"}
    assert why(report, "a") == "ZeroDivisionError: oops"
    assert report.verdict is Verdict.BUG


def test_a_failed_action_is_tried_again_after_a_new_look() -> None:
    """An action that meets a conflict is recorded as failed; the next look decides anew."""
    tries: list[int] = []

    def does() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ConflictError("it changed")

    def judges(_: Any, past: Past) -> Judgement:
        return (
            Settled("ok") if any(d.result == "done" for d in past.done) else Act("must", (Deed(cause="x", does=does),))
        )

    report = Bench([Scripted(name="a", judges=judges)]).run()
    assert [done.result for done in report.actions()] == ["failed: it changed", "done"]


def test_the_same_action_for_the_same_cause_is_not_repeated_for_ever() -> None:
    """The circuit breaker: after five times in vain the step gives up instead."""
    tries: list[int] = []
    deed = Deed(cause="x", does=lambda: tries.append(1))
    report = Bench([Scripted(name="a", judges=lambda *_: Act("must", (deed,)))]).run()
    assert len(tries) == 5
    assert why(report, "a") == "cannot change thing again: it was done 5 times and did not help"
    assert hint(report, "a") == "find out what undoes it, or what else is wrong with thing/test/thing"


def test_what_failed_has_not_been_done() -> None:
    """Failed attempts don't use up the circuit breaker, nor does the step take them for done."""
    tries: list[int] = []

    def does() -> None:
        tries.append(1)
        if len(tries) <= 8:
            raise UnreachableError("no answer")

    def judges(_: Any, past: Past) -> Judgement:
        return Settled("ok") if past.times(Deed) else Act("must", (Deed(cause="x", does=does),))

    assert Bench([Scripted(name="a", judges=judges)]).run().verdict is Verdict.HEALED
    assert len(tries) == 9


def test_a_loan_is_never_refused_for_having_been_taken_often() -> None:
    """Some actions may be repeated as often as there is cause."""
    tries: list[int] = []
    deed = Unbounded(cause="x", does=lambda: tries.append(1))
    judges = lambda *_: Settled("ok") if len(tries) == 9 else Act("must", (deed,))  # noqa: E731
    assert Bench([Scripted(name="a", judges=judges)]).run().verdict is Verdict.HEALED


def test_a_step_that_fell_ill_with_its_dependency_is_looked_at_when_that_is_well() -> None:
    """Both break at one moment, the dependency comes back: the run is not over before the other is well."""
    bench = Bench([])
    bench.clock.at(3, lambda: bench.cluster.changed(PODS))
    first: Iterator[Judgement] = iter([Settled("ok"), Wait("broken", again=5), Settled("ok")])

    def judges(_: Any, past: Past) -> Judgement:
        if bench.clock.time - START < 3 or past.times(Deed):
            return Settled("ok")
        return Act("broken", (Deed(cause="x"),))

    bench.steps = [
        Scripted(name="a", wakes_on=frozenset({PODS}), judges=lambda *_: next(first)),
        Scripted(name="b", after=("a",), wakes_on=frozenset({PODS}), judges=judges),
        Scripted(name="long", sees=Ready(bench, 20).sees, judges=Ready.judges),
    ]
    assert [done.object for done in bench.run().actions()] == ["thing/test/thing"]


@pytest.mark.parametrize("together", [True, False])
def test_what_stands_on_something_ill_is_not_mended_before_it(together: bool) -> None:
    """Three fall ill that come after each other, at one moment or one by one: they are mended in their order."""
    bench = Bench([])
    mended: list[tuple[str, float]] = []
    falls = {"a": 10.0, "b": 10.0 if together else 11.0, "c": 10.0 if together else 12.0}

    def step(name: str, after: tuple[str, ...] = ()) -> Scripted:
        deed = Deed(cause="x", name=name, does=lambda: mended.append((name, bench.clock.time - START)))

        def judges(_: Any, past: Past) -> Judgement:
            now = bench.clock.time - START
            if now < falls[name] or past.done:
                return Settled("well")
            return Wait("not yet") if name == "a" and now < 60.0 else Act("ill", (deed,))

        bench.clock.at(falls[name], lambda: bench.cluster.changed(Interest("pod", name)))
        return Scripted(name=name, after=after, judges=judges, wakes_on=frozenset({Interest("pod", name)}))

    long = Scripted(name="long", sees=Ready(bench, 100).sees, judges=Ready.judges)
    bench.steps = [step("a"), step("b", ("a",)), step("c", ("b",)), long]
    assert bench.run().verdict is Verdict.HEALED
    assert [name for name, _ in mended] == ["a", "b", "c"]
    assert all(60.0 <= when <= 62.0 for _, when in mended)


def test_a_change_during_a_look_is_not_lost() -> None:
    """A step that would wait an hour looks again at once if something changed while it looked."""
    bench = Bench([])
    looks: list[int] = []

    def sees() -> None:
        looks.append(1)
        if len(looks) == 1:
            bench.cluster.changed(PODS)

    judged: Iterator[Judgement] = iter([Wait("pods", again=3600), Settled("ok")])
    bench.steps = [Scripted(name="a", sees=sees, wakes_on=frozenset({PODS}), judges=lambda *_: next(judged))]
    assert bench.run().seconds < 1


def test_a_change_during_the_look_that_settles_holds_the_end_up_for_no_longer_than_a_look() -> None:
    """The step is looked at again at once, and the run ends then."""
    bench = Bench([])
    looks: list[int] = []

    def sees() -> None:
        looks.append(1)
        if len(looks) == 1:
            bench.cluster.changed(PODS)

    bench.steps = [Scripted(name="a", sees=sees, wakes_on=frozenset({PODS}))]
    assert bench.run().seconds < 1
    assert len(looks) == 2


def test_restarts_are_bounded() -> None:
    """With two places, four restarts of 10 s each take 20 s, and never more than two are under way."""
    bench = Bench([], limits=Limits(max_parallel=2))
    under_way: set[str] = set()
    most = 0
    steps = []
    for name in "abcd":
        part = Ready(bench, 10)

        def begin(name: str = name) -> None:
            nonlocal most
            under_way.add(name)
            most = max(most, len(under_way))

        def judges(_: Any, past: Past, name: str = name, part: Ready = part, begin: Any = begin) -> Judgement:
            if not past.done:
                return Act("must", (Restart(cause="x", name=name, does=begin),))
            if not part.sees():
                return Wait("rolling out")
            under_way.discard(name)
            return Settled("ok")

        steps.append(Scripted(name=name, judges=judges))
    bench.steps = steps
    assert bench.run().seconds == pytest.approx(20, abs=1)
    assert most == 2


def test_a_place_that_becomes_free_wakes_one_of_those_that_wait_for_it() -> None:
    """Forty restarts one after the other take a few looks each, not forty each."""
    bench = Bench([], limits=Limits(max_parallel=1))
    looks: list[str] = []

    def judges(_: Any, past: Past) -> Judgement:
        return Settled("ok") if past.done else Act("must", (Restart(cause="x", name="x"),))

    names = [f"w{number:02}" for number in range(40)]
    bench.steps = [Scripted(name=name, judges=judges, sees=partial(looks.append, name)) for name in names]
    assert bench.run().verdict is Verdict.HEALED
    assert max(Counter(looks).values()) <= 3


def test_past_is_remembered_within_a_boot_and_not_beyond() -> None:
    """A second run in the same boot knows what was done; after a reboot it does not."""
    disk = Disk()
    deed = Deed(cause="once per boot")

    def judges(_: Any, past: Past) -> Judgement:
        return Settled("ok") if past.times(Deed) else Act("must", (deed,))

    verdicts = [Bench([Scripted(name="a", judges=judges)], disk=disk).run(boot).verdict for boot in ("1", "1", "2")]
    assert verdicts == [Verdict.HEALED, Verdict.HEALTHY, Verdict.HEALED]


def test_conditions_are_timed_from_when_they_were_first_seen() -> None:
    """`held` grows while a condition is seen, so that "dead for 60 s" can be judged."""

    def judges(_: Any, past: Past) -> Judgement:
        return Settled("long enough") if past.held("dead") >= 60 else Wait("dead", again=10)

    report = Bench([Scripted(name="a", holds=frozenset({"dead"}), judges=judges)]).run()
    assert report.seconds == pytest.approx(60)


def test_a_repair_upstream_is_known_downstream() -> None:
    """`repaired` is when anything that a step comes after, near or far, was last changed."""
    repairs: list[float | None] = []

    def acts_once(_: Any, past: Past) -> Judgement:
        return Settled("ok") if past.done else Act("must", (Deed(cause="x"),))

    def notes(_: Any, past: Past) -> Judgement:
        repairs.append(past.repaired)
        return Settled("ok")

    steps = [
        Scripted(name="a", judges=acts_once),
        Scripted(name="b", after=("a",)),
        Scripted(name="c", after=("b",), judges=notes),
        Scripted(name="d", judges=notes),
    ]
    Bench(steps).run()
    assert sorted(repairs, key=str) == [START, None]


def test_the_gate_says_which_epoch_it_is_and_the_rest_is_judged_in_it() -> None:
    """When the gate settles in a new epoch, later steps get that epoch, and an empty past."""
    disk = Disk()
    before = Bench([], disk=disk).memory
    before.enter("old")
    before.record("a", ActionRecord(0, "deed", "x", "x", START, "old deed"))
    epochs: list[tuple[str, int]] = []

    def notes(_: Any, past: Past) -> Judgement:
        epochs.append((past.epoch, len(past.done)))
        return Settled("ok")

    steps = [
        Scripted(name="gate", judges=lambda *_: Settled("open", epoch="new")),
        Scripted(name="a", after=("gate",), judges=notes),
    ]
    assert Bench(steps, disk=disk).run("old").epoch == "new"
    assert epochs == [("new", 0)]


def test_nothing_is_changed_without_a_record() -> None:
    """If the intent cannot be written to disk, the action does not happen, and the report says why."""

    class FullDisk(Disk):
        def save(self, remembered: Remembered, *, durable: bool) -> None:
            if remembered.steps:
                raise StateError("cannot write state.json: no space left", hint="free some space")

    tries: list[int] = []
    deed = Deed(cause="x", does=lambda: tries.append(1))
    report = Bench([Scripted(name="a", judges=lambda *_: Act("must", (deed,)))], disk=FullDisk()).engine().run("boot-1")
    assert tries == []
    assert [(o.ending, o.hint) for o in report.outcomes] == [(Ending.GAVE_UP, "free some space")]


def test_a_waiting_reason_is_told_once() -> None:
    """A reason that does not change is one event, however often it is looked at."""
    bench = Bench([])
    part = Ready(bench, 60)
    bench.steps = [Scripted(name="a", sees=part.sees, judges=Ready.judges)]
    bench.run()
    assert [e.text for e in bench.events if e.kind is EventKind.WAITING] == ["not yet"]


def test_what_a_step_settles_with_is_kept_for_the_next_boots() -> None:
    """A look that does not settle keeps nothing, and a step that says nothing of it forgets nothing."""
    bench = Bench([])
    found: list[Any] = []

    def judges(value: Any, past: Past) -> Judgement:
        found.append(dict(past.baseline))
        if value is None:
            return Settled("well")
        return Settled("well", baseline={"rows": "7"}) if value else Wait("not yet")

    bench.steps = [Scripted(name="a", sees=Ready(bench, 10).sees, judges=judges)]
    bench.run("boot-1")
    assert all(kept == {} for kept in found)
    bench.steps = [Scripted(name="a", judges=judges)]
    bench.run("boot-2")
    bench.run("boot-3")
    assert found[-2:] == [{"rows": "7"}, {"rows": "7"}]


def test_what_never_helps_is_held_back_longer_from_boot_to_boot() -> None:
    """A machine that reboots every 100 s: an action that does not help is done in the first boots, then no more."""
    disk, when = Disk(), []
    for boot in range(8):
        bench = Bench([], disk=disk, limits=Limits(deadline=100))
        deed = Deed(cause="x", does=lambda bench=bench, boot=boot: when.append((boot, bench.clock.time - START)))  # type: ignore[misc]
        judges = lambda _, past, deed=deed: Wait("no better") if past.times(Deed) else Act("must", (deed,))  # noqa: E731
        bench.steps = [Scripted(name="a", judges=judges)]
        report = bench.run(f"boot-{boot}")
    assert when == [(0, 0), (1, 0), (2, 30), (3, 60)]
    assert why(report, "a") == "holds back: a deed did not help in the last 4 boots; will change thing all the same"


def test_one_boot_in_which_it_is_well_and_nothing_is_held_back_any_more() -> None:
    """Whatever was done in vain before."""
    disk = Disk()
    for boot in range(3):
        Bench([Scripted(name="a", judges=lambda *_: Act("must", (Deed(cause="x"),)))], disk=disk).run(f"boot-{boot}")
    assert Bench([], disk=disk).memory.boots_in_vain("a", "deed") == 2
    Bench([Scripted(name="a")], disk=disk).run("boot-3")
    judges = lambda _, past: Settled("ok") if past.times(Deed) else Act("must", (Deed(cause="x"),))  # noqa: E731
    assert Bench([Scripted(name="a", judges=judges)], disk=disk).run("boot-4").seconds == 0


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_a_jump_of_the_wall_clock_changes_nothing(jump: float) -> None:
    """Held conditions, patience and deadline run on, in this process and in the next one of the same boot."""

    def judges(_: Any, past: Past) -> Judgement:
        return Settled("long enough") if past.held("dead") >= 60 else Wait("dead", again=10)

    disk = Disk()
    first = Bench([Scripted(name="a", holds=frozenset({"dead"}), judges=judges)], disk=disk)
    first.limits = Limits(deadline=35)
    first.clock.at(15, lambda: setattr(first.clock, "jumped", jump))
    assert first.run().seconds == 35
    second = Bench(first.steps, disk=disk)
    second.clock.time, second.clock.jumped = START + 40, -jump
    assert second.run().seconds == pytest.approx(20)
    impatient = Bench([Scripted(name="a", patience=60, judges=lambda *_: Wait("no answer"))])
    impatient.clock.at(15, lambda: setattr(impatient.clock, "jumped", jump))
    assert impatient.run().seconds == pytest.approx(60, abs=2)
