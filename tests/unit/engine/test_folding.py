"""Folding: judgements get the same answers from few records as from all that there were."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from bootheal.cluster.delete_pod import DeletePod
from bootheal.engine.folding import EARLIER, MOST_PAST, MOST_PRESENT, fold
from bootheal.model import ActionRecord, to_json
from bootheal.pgbouncer.actions import LowerSetting, RestartPooler, RestoreSetting, owed, restarted
from bootheal.step import Action, Past
from bootheal.workloads.actions import ScaleDown, ScaleUp
from bootheal.workloads.restart import last_scaling
from support.engine import Deed, Restart

DAY = 86_400.0
RESULTS = ("done", "intended", "failed: it changed")
KINDS: tuple[type[Action], ...] = (Deed, Restart)
DEEDS: dict[str, type[Action]] = {"l": LowerSetting, "r": RestoreSetting, "s": RestartPooler}
CAUSES, OBJECTS = ("loops", "unwell"), ("deployment/shop/a", "deployment/shop/b")

Drawn = tuple[type[Action], str, str, str, dict[str, str], int, float]


def history(drawn: Sequence[Drawn]) -> tuple[ActionRecord, ...]:
    """Return records whose incidents and times only grow."""
    incidents = accumulate(more for *_, more, _ in drawn)
    times = accumulate(seconds for *_, seconds in drawn)
    return tuple(
        ActionRecord(number, kind.kind(), about, cause, at, "", result, note, repairs=kind is Deed, incident=incident)
        for number, ((kind, about, cause, result, note, *_), incident, at) in enumerate(
            zip(drawn, incidents, times, strict=True)
        )
    )


def histories(
    kinds: Sequence[type[Action]], objects: Sequence[str], notes: Sequence[dict[str, str]] = ({},)
) -> st.SearchStrategy[tuple[ActionRecord, ...]]:
    drawn = st.tuples(
        st.sampled_from(kinds),
        st.sampled_from(objects),
        st.sampled_from(CAUSES),
        st.sampled_from(RESULTS),
        st.sampled_from(notes),
        st.sampled_from([0, 0, 1]),
        st.floats(0.0, DAY / 3),
    )
    return st.lists(drawn, max_size=MOST_PRESENT).map(history)


def past(records: tuple[ActionRecord, ...], incident: int) -> Past:
    return Past(now=0.0, done=records, incident=incident)


def folded_as_it_grows(records: Sequence[ActionRecord], incident: int) -> tuple[ActionRecord, ...]:
    """Fold as the memory does: again with each record that comes."""
    left: tuple[ActionRecord, ...] = ()
    for record in records:
        left = fold((*left, record), record.incident)
    return fold(left, incident)


def answers(records: tuple[ActionRecord, ...], incident: int) -> list[object]:
    """Return all that judgements and the circuit breaker ask."""
    known = past(records, incident)
    found: list[object] = []
    for kind in KINDS:
        for about in ("", *OBJECTS):
            last = known.last(kind, about)
            found += [known.times(kind, about), known.present.times(kind, about)]
            found.append(last and (last.number, last.at, last.note, last.incident))
    found.append(repaired(records))
    for kind in KINDS:
        for about in OBJECTS:
            for cause in CAUSES:
                like = ActionRecord(0, kind.kind(), about, cause, 0.0, "")
                same = [done for done in records if done.same_as(like) and not done.failed]
                end = max((done.at for done in records), default=0.0)
                found.append(
                    [min(EARLIER, sum(done.times_after(since) for done in same)) for since in (end - DAY, end - 9)]
                )
    return found


@given(histories(KINDS, OBJECTS), st.integers(0, 1))
def test_judgements_get_the_same_answers(records: tuple[ActionRecord, ...], mended: int) -> None:
    """How often, when last, in this incident and in all, what was repaired and when, how often within a day."""
    incident = mended + max((record.incident for record in records), default=0)
    left = folded_as_it_grows(records, incident)
    assert answers(left, incident) == answers(records, incident)
    assert past(left, incident).present.done == past(records, incident).present.done
    assert fold(left, incident) == left


def test_when_the_last_repair_was_stays_known() -> None:
    """Also of objects that are forgotten in another order than they were repaired in."""
    deeds = [("deed", "p", "done"), ("deed", "q", "done"), ("deed", "z", "failed: gone"), ("restart", "p", "done")]
    deeds += [("restart", f"pod-{number}", "done") for number in range(MOST_PAST)]
    records = tuple(
        ActionRecord(number, kind, about, "x", float(number), "", result, repairs=kind == "deed")
        for number, (kind, about, result) in enumerate(deeds)
    )
    left = fold(records, 1)
    assert not {"p", "q"} & {record.object for record in left}
    assert repaired(left) == repaired(records) == (2, 1.0)


def repaired(records: tuple[ActionRecord, ...]) -> tuple[int, float | None]:
    repairs = [done for done in records if done.result == "done" and done.repairs]
    return sum(done.count for done in repairs), max((done.at for done in repairs), default=None)


@given(st.lists(st.sampled_from("lrs"), max_size=60), st.lists(st.sampled_from("kj"), min_size=60, max_size=60))
def test_what_is_lent_stays_known(deeds: list[str], keys: list[str]) -> None:
    """Of whatever setting, and of whichever incarnation of a pod, in the order in which a pooler does it."""
    records: list[ActionRecord] = []
    uid = 0
    for number, (deed, key) in enumerate(zip(deeds, keys, strict=False)):
        note = {"uid": f"{uid}", "key": key, "value": f"{number}"}
        records.append(
            ActionRecord(
                number, DEEDS[deed].kind(), "pod/shop/pooler-0", "x", number, "", "done", note, incident=number
            )
        )
        uid += deed == "s"
    left = folded_as_it_grows(records, 99)
    named = [each for each in left if each.object]
    assert all(owed(left, f"{each}") == owed(records, f"{each}") for each in range(uid + 1)) or len(named) == MOST_PAST
    assert owed(left, f"{uid}") == owed(records, f"{uid}")
    assert restarted(left) == restarted(records) or len(named) == MOST_PAST


@given(histories((ScaleDown, ScaleUp, Deed), ("deployment/shop/a",)), st.integers(0, 200))
def test_a_scaling_that_must_be_ended_stays_known(records: tuple[ActionRecord, ...], pods: int) -> None:
    """Whatever was done to however many pods since."""
    last = records[-1] if records else ActionRecord(0, "deed", "x", "x", 0.0, "")
    since = [
        replace(last, number=last.number + n + 1, action="reset-pod", object=f"pod/shop/a-{n}") for n in range(pods)
    ]
    left = folded_as_it_grows((*records, *since), last.incident + 1)
    before, after = last_scaling(records), last_scaling(left)
    assert (before and before.note) == (after and after.note)
    assert (before is None) == (after is None)


def test_thousands_of_pods_are_counted_and_not_kept() -> None:
    """Each was another one; what was done once in this boot, before all of them, is still known by its note."""
    first = ActionRecord(0, "replace-pod", "pod/shop/a-0", "restart: always", 0.0, "", "done", {"mark": "e/always"})
    left: tuple[ActionRecord, ...] = (first,)
    for number in range(1, 3_001):
        record = ActionRecord(number, "delete-pod", f"pod/shop/a-{number}", "loops", float(number), "delete it", "done")
        left = fold((*left, replace(record, incident=number)), number + 1)
    assert len(left) <= MOST_PAST + 1
    assert len(json.dumps(to_json(left))) < 16_000
    known = past(left, 3_001)
    assert known.times(DeletePod) == known.objects(DeletePod) == 3_000
    assert [done.note for done in left if done.action == "replace-pod"] == [{"mark": "e/always"}]
    assert known.last(DeletePod) == replace(record, incident=3_000)


def test_an_incident_without_end_is_folded_too() -> None:
    """But for its last record, which may have only begun: its result takes its place."""
    left: tuple[ActionRecord, ...] = ()
    for number in range(1000):
        left = fold((*left, ActionRecord(number, "deed", f"pod/shop/a-{number % 3}", "loops", float(number), "")), 0)
        assert len(left) <= MOST_PRESENT
        assert left[-1].number == number
        assert left[-1].count == 1
    assert past(left, 0).present.times(Deed) == 1000


def test_evidence_of_what_is_over_is_in_its_report_only() -> None:
    """A pod's last words are long."""
    record = ActionRecord(0, "deed", "x", "x", 0.0, "", "done", evidence={"log": "words"})
    assert fold([record], 0) == (record,)
    assert fold([record], 1) == (replace(record, evidence={}),)
