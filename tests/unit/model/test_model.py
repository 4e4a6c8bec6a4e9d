"""Secrets that cannot be printed, verdicts that cannot be too good, reports that survive JSON."""

import copy
import json
import pickle

import pytest

from bootheal.model import (
    ActionRecord,
    Credentials,
    Ending,
    Outcome,
    Report,
    Secret,
    Verdict,
    from_json,
    to_json,
)

CANARY = "canary-7f3a"


def test_a_secret_has_no_text_but_the_one_it_reveals() -> None:
    """Not by str, repr, format, inside other values, in JSON or pickled."""
    secret = Secret(CANARY)
    holder = Credentials("app", secret)
    for text in (str(secret), repr(secret), f"{secret}", f"{secret:>10}", repr(holder), repr([secret]), f"{holder}"):
        assert CANARY not in text
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        to_json(holder)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)
    assert secret.reveal() == CANARY


def test_a_secret_is_not_compared_by_accident() -> None:
    """Comparing is done where the texts are revealed, in constant time."""
    with pytest.raises(TypeError):
        assert Secret("a") == Secret("a")
    with pytest.raises(TypeError):
        hash(Secret("a"))


def outcome(ending: Ending, *, person: bool = False, actions: tuple[ActionRecord, ...] = ()) -> Outcome:
    return Outcome("a", ending, "why", person=person, actions=actions)


@pytest.mark.parametrize(
    ("outcomes", "interrupted", "verdict"),
    [
        ([outcome(Ending.SETTLED)], False, Verdict.HEALTHY),
        ([outcome(Ending.SETTLED, actions=(ActionRecord(0, "x", "x", "x", 1.0, "x"),))], False, Verdict.HEALED),
        ([outcome(Ending.SETTLED), outcome(Ending.GAVE_UP)], False, Verdict.NOT_HEALED),
        ([outcome(Ending.SETTLED), outcome(Ending.SKIPPED)], False, Verdict.NOT_HEALED),
        ([outcome(Ending.SETTLED), outcome(Ending.UNFINISHED)], False, Verdict.NOT_HEALED),
        ([outcome(Ending.UNFINISHED)], True, Verdict.INTERRUPTED),
        ([outcome(Ending.GAVE_UP, person=True)], True, Verdict.NEEDS_PERSON),
        ([outcome(Ending.BUG), outcome(Ending.GAVE_UP, person=True)], False, Verdict.BUG),
    ],
)
def test_a_run_is_judged_by_its_worst_step(outcomes: list[Outcome], interrupted: bool, verdict: Verdict) -> None:
    """Never better than what was seen."""
    assert verdict is Report("boot", 1.0, 2.0, tuple(outcomes), interrupted=interrupted).verdict


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ([Outcome("a", Ending.SETTLED, "well")], ""),
        ([Outcome("a", Ending.SKIPPED, "x"), Outcome("b", Ending.GAVE_UP, "y")], "b: y"),
        ([Outcome("a", Ending.GAVE_UP, "x"), Outcome("b", Ending.GAVE_UP, "y")], "a: x"),
        ([Outcome("a", Ending.UNFINISHED, "x"), Outcome("b", Ending.GAVE_UP, "y")], "b: y"),
        ([Outcome("a", Ending.GAVE_UP, "x"), Outcome("b", Ending.GAVE_UP, "y", person=True)], "b: y"),
        ([Outcome("a", Ending.GAVE_UP, "x", person=True), Outcome("b", Ending.BUG, "y")], "b: y"),
    ],
)
def test_the_reason_is_that_of_the_step_that_decided_the_verdict(outcomes: list[Outcome], reason: str) -> None:
    """What is told of a run in one line is what a person has to look at first."""
    assert reason == Report("boot", 1.0, 2.0, tuple(outcomes)).reason
    assert Report("boot", 1.0, 2.0, (outcome(Ending.UNFINISHED),), interrupted=True).reason == ""


def test_a_report_survives_json() -> None:
    """What `status` reads is what `run` wrote."""
    done = ActionRecord(0, "delete-pod", "pod/a/b", "Unknown", 3.0, "delete it", "done", {"uid": "x"})
    step = Outcome("a", Ending.SETTLED, "ok", began=0.0, ended=1.0, after=("b",), actions=(done,), remarks=("r",))
    report = Report("boot", 1.0, 2.0, (step,))
    assert from_json(Report, json.loads(json.dumps(to_json(report)))) == report
