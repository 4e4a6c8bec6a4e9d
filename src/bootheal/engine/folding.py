"""Compaction: what a step did is kept in a bounded number of records that answer what judgements ask. Pure.

Of incidents that are over, the last record of each kind, object, cause and result stays, and stands for those before
it. Objects that come and go, as pods do, would still fill the disk in time. So where too many are left, the object that
nothing was done to for the longest is forgotten as a whole, with a loan and its repayment alike; but not the last of a
kind and cause, by which a judgement knows what was done once in this boot. How often what is forgotten was done stays
known. The present incident is folded only where it has no end.
"""

from collections.abc import Iterable
from dataclasses import replace

from bootheal.model import ActionRecord

# Records of incidents that are over. Of a few objects and causes, as a workload or a host have, none is forgotten.
MOST_PAST = 32

# Records of the present incident that are kept as they are, and those of a step that are not folded yet.
MOST_PRESENT, MANY = 100, 150

# More than an action is ever repeated for one cause within a day.
EARLIER = 10


def added(records: Iterable[ActionRecord], done: ActionRecord) -> tuple[ActionRecord, ...]:
    """Return the records with one more, or with it in the place of the one that has its number.

    What fails again and again has one record: a failure takes the place of the one before it.
    """
    others = [record for record in records if record.number != done.number]
    before = sum(record.number < done.number for record in others)
    former = next((record for record in reversed(others[:before]) if record.same_as(done)), None)
    if former and former.failed and done.failed and former.incident == done.incident:
        others.remove(former)
        done, before = _on_top(former, done), before - 1
    return (*others[:before], done, *others[before:])


def fold(records: Iterable[ActionRecord], incident: int) -> tuple[ActionRecord, ...]:
    """Return fewer records, still oldest first; `incident` is the present one."""
    past: list[ActionRecord] = []
    present: list[ActionRecord] = []
    for record in records:
        (present if record.incident == incident else past).append(record)
    if len(present) > MOST_PRESENT:
        present = [*_bounded(present[:-1]), present[-1]]  # the last may have only begun
    return (*_bounded(replace(record, evidence={}) if record.evidence else record for record in past), *present)


def _bounded(records: Iterable[ActionRecord]) -> list[ActionRecord]:
    left = _merged(records)
    while len(named := [record for record in left if record.object]) > MOST_PAST:
        oldest = _dispensable(named)
        gone = [record for record in named if record.object == oldest] or named[:1]
        rest = [record for record in named if record.object != oldest] if oldest else named[1:]
        left = _merged([*(record for record in left if not record.object), *map(_nameless, gone), *rest])
    return left


def _merged(records: Iterable[ActionRecord]) -> list[ActionRecord]:
    """Leave the last of each sort, in the order of these."""
    merged: dict[object, ActionRecord] = {}
    for record in records:
        former = merged.pop(sort := _sort(record), None)
        merged[sort] = _on_top(former, record) if former else record
    return list(merged.values())


def _sort(record: ActionRecord) -> object:
    result = "failed" if record.failed else record.result
    exactly = record.object, record.note.get("uid"), record.note.get("key")  # that very pod, that setting of it
    return record.action, *exactly, record.cause, result, record.repairs, record.by_design


def _on_top(former: ActionRecord, record: ActionRecord) -> ActionRecord:
    return replace(
        record,
        at=record.at if record.object else max(former.at, record.at),
        objects=former.objects + record.objects,
        alike=max(former.alike, record.alike),
        count=former.count + record.count,
        earlier=(*former.earlier, former.at, *record.earlier)[-EARLIER:],
    )


def _dispensable(records: list[ActionRecord]) -> str:
    """Name the object that nothing was done to for the longest, and nothing of a kind and cause as the last; or ""."""
    last = {(record.action, record.cause): record.object for record in records}
    latest = {record.object: number for number, record in enumerate(records)}
    return min(latest.keys() - set(last.values()), key=latest.__getitem__, default="")


def _nameless(record: ActionRecord) -> ActionRecord:
    """Return what is left of it: that something of this kind was done, and how often."""
    return replace(record, object="", cause="", sentence="", note={}, earlier=(), evidence={})
