"""One pass in two parts: what is told of it, and what its report says."""

from bootheal.cli.healing.parts import Parts
from bootheal.engine.plan import Plan
from bootheal.model import ActionRecord, Ending, Event, EventKind, Outcome, Ref, Report, Verdict
from bootheal.platform.gate import Gate
from bootheal.workloads.workload import WorkloadStep

WEB = "deployment/shop/web"
DONE = ActionRecord(0, "start-component", "host/k3s.service", "it has failed", 5.0, "start k3s.service", "done")
GATE = Outcome("gate", Ending.SETTLED, "open", began=0.0, ended=7.0, actions=(DONE,))
FIRST = Report("boot", 1000.0, 7.5, (GATE,))


def plan() -> Plan:
    web = WorkloadStep(name=WEB, after=("gate",), workload=Ref("deployment", "shop", "web"))
    return Plan({"gate": Gate(), WEB: web})


def event(kind: EventKind, elapsed: float, step: str = "", text: str = "") -> Event:
    return Event(kind, at=1000.0 + elapsed, elapsed=elapsed, step=step, text=text, total=1)


def heard(parts: Parts, told: list[Event], *events: Event) -> list[tuple[str, str, float]]:
    told.clear()
    for each in events:
        parts.hear(each)
    return [(each.kind.value, each.step, each.elapsed) for each in told]


def test_two_parts_are_told_as_one_pass() -> None:
    """It begins once, ends once, and the gate is told of once; times are those of the whole."""
    told: list[Event] = []
    parts = Parts(told.append, plan(), opening=True)
    assert heard(
        parts,
        told,
        event(EventKind.STARTED, 0.0, text="1 steps"),
        event(EventKind.WAITING, 1.0, "gate"),
        event(EventKind.SETTLED, 7.0, "gate"),
        event(EventKind.ENDED, 7.5, text="healed"),
    ) == [("started", "", 0.0), ("waiting", "gate", 1.0), ("settled", "gate", 7.0)]
    assert told[0].text == "2 steps"
    assert {each.total for each in told} == {2}
    parts.opened(FIRST)
    assert heard(
        parts,
        told,
        event(EventKind.STARTED, 0.0),
        event(EventKind.SETTLED, 0.1, "gate"),
        event(EventKind.SETTLED, 2.0, WEB),
        event(EventKind.UNSETTLED, 3.0, "gate"),
        event(EventKind.ENDED, 4.0, text=Verdict.HEALTHY.value),
    ) == [("settled", WEB, 9.5), ("unsettled", "gate", 10.5), ("ended", "", 11.5)]
    assert told[-1].text == "healed", "the first part has repaired something"


def test_a_deed_of_the_gate_in_the_second_part_is_told() -> None:
    """Only what it says again is no news."""
    told: list[Event] = []
    parts = Parts(told.append, plan(), opening=True)
    parts.opened(FIRST)
    assert heard(parts, told, event(EventKind.STARTED, 0.0), event(EventKind.ACTING, 0.1, "gate")) == [
        ("acting", "gate", 7.6)
    ]


def test_the_report_is_of_the_whole_and_marks_what_was_found() -> None:
    """What the gate did is in it; the next pass has a report of its own."""
    parts = Parts(lambda _: None, plan(), opening=True)
    parts.opened(FIRST)
    web = Outcome(WEB, Ending.SETTLED, "serves", began=0.2, ended=2.0)
    again = Outcome("gate", Ending.SETTLED, "open", began=0.0, ended=0.1)
    second = Report("boot", 1007.5, 4.0, (again, web))
    whole = parts.whole(second, [WEB])
    assert (whole.began, whole.seconds, whole.verdict) == (1000.0, 11.5, Verdict.HEALED)
    assert whole.outcomes[0] == GATE
    assert (whole.outcomes[1].began, whole.outcomes[1].ended, whole.outcomes[1].found) == (7.7, 9.5, True)
    assert parts.whole(second, []) == second


def test_without_a_cluster_the_first_part_is_the_whole_pass() -> None:
    """Its end is told, and what was not tried is in its report."""
    told: list[Event] = []
    parts = Parts(told.append, plan(), opening=True)
    heard(parts, told, event(EventKind.ENDED, 1800.0, text=Verdict.NOT_HEALED.value))
    assert told == []
    report = parts.whole(Report("", 0.0, 1800.0, (Outcome("gate", Ending.GAVE_UP, "no answer", began=0.0),)), [])
    assert [(each.step, each.ending) for each in report.outcomes] == [
        ("gate", Ending.GAVE_UP),
        (WEB, Ending.SKIPPED),
    ]
    assert (report.verdict, report.reason) == (Verdict.NOT_HEALED, "gate: no answer")
    assert [each.kind for each in told] == [EventKind.ENDED]


def test_a_bug_of_the_gate_is_no_reason_to_wait_for_it() -> None:
    """What comes after it was not tried, as after any other end of it that is not well."""
    parts = Parts(lambda _: None, plan(), opening=True)
    outcome = Outcome("gate", Ending.BUG, "KeyError: 'x'")
    (_, web) = parts.whole(Report("boot", 1000.0, 7.5, (outcome,)), ()).outcomes
    assert (web.ending, web.why) == (Ending.SKIPPED, "not tried, because gate failed")
