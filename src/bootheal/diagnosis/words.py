"""A diagnosis in lines for people, and as JSON for scripts. Pure."""

from collections.abc import Iterator
from typing import Any

from bootheal.causes import Gravity
from bootheal.diagnosis.diagnose import Diagnosis
from bootheal.diagnosis.item import Item
from bootheal.model.durations import HOUR, MINUTE, spoken
from bootheal.model.gaps import folded
from bootheal.model.quoted import plain, quoted

LONGEST_SENTENCE = 600

_HEADS = {
    Gravity.DATA: "DATA IS AT RISK",
    Gravity.PERSON: "needs a person",
    Gravity.HEALED: "bootheal heals it",
    Gravity.PASSES: "is not well",
}


def lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield what is not well, the gravest first, then what passes, what is held, what is well."""
    if not diagnosis.present:
        yield "the API server tells nothing: only what this host knows itself was looked at"
    head = ""
    for each in diagnosis.found:
        if head != (head := _HEADS[each.gravest]):
            yield f"{head}:"
        yield from _item(each, diagnosis)
    if diagnosis.passing:
        yield "passes by itself, or is healed, and has not lasted longer than that usually takes:"
        yield from (f"  {_short(each, diagnosis)}" for each in diagnosis.passing)
    if diagnosis.held:
        yield f"held on purpose: {'; '.join(f'{ref} ({why})' for ref, why in diagnosis.held)}"
    for gap in folded(diagnosis.gaps):
        yield f"not looked at: {quoted(gap, LONGEST_SENTENCE)}"
    yield f"checked and well: {', '.join(diagnosis.well) or 'nothing'}"
    if diagnosis.present and diagnosis.blind:
        yield "cannot say whether all is well: the API server tells nothing of pods"


def _item(each: Item, diagnosis: Diagnosis) -> Iterator[str]:
    alike = f" and {len(each.alike)} more alike" if each.alike else ""
    yield f"  {each.about}{alike}: {_means(each)}  [{each.id}]"
    yield f"      evidence: {_evidence(each, diagnosis)}"
    yield f"      matters:  {each.matters}"
    if each.next_step:
        yield f"      next:     {each.next_step}"
    for beneath in each.follows:
        for part in beneath.all():
            yield f"      so also:  {part.about}: {_means(part)}  [{part.id}]"


def _short(each: Item, diagnosis: Diagnosis) -> str:
    age = _age(each, diagnosis)
    lasts = f" ({age}, usually up to {spoken(each.usual)})" if age else ""
    follows = ", ".join(dict.fromkeys(str(part.about) for part in each.all() if part.about != each.about))
    return f"{each.about}: {_means(each)}{lasts}{f'; so also {follows}' if follows else ''}  [{each.id}]"


def lasted(seconds: float) -> str:
    """Return how long something has lasted, in the one unit in which it is told best: "42 s", "7 min", "3 h"."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.0f} h"


def _means(each: Item) -> str:
    return quoted(plain(each.finding.means), LONGEST_SENTENCE)


def _evidence(each: Item, diagnosis: Diagnosis) -> str:
    fields = [f"{name}={quoted(value)}" for name, value in each.evidence]
    return ", ".join([*fields, _age(each, diagnosis) or "now"])


def _age(each: Item, diagnosis: Diagnosis) -> str:
    """Say for how long it has lasted, "" where nothing tells; of what only the boot bounds it may be less."""
    age = each.age(diagnosis.now)
    if age is None:
        return ""
    return f"for {'at most ' if each.at_most or each.since == diagnosis.began else ''}{lasted(age)}"


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return it as JSON has it; `id` is stable."""
    return {
        "exit_code": int(diagnosis.exit_code),
        "api_server": diagnosis.present,
        "missing": [str(ref) for ref in diagnosis.missing],
        "found": [_as_json(each, diagnosis.now) for each in diagnosis.found],
        "passing": [_as_json(each, diagnosis.now) for each in diagnosis.passing],
        "held": [{"object": str(ref), "why": why} for ref, why in diagnosis.held],
        "well": list(diagnosis.well),
        "not_looked_at": list(diagnosis.gaps),
    }


def _as_json(each: Item, now: float) -> dict[str, Any]:
    return {
        "id": each.id,
        "gravity": each.gravity.value,
        "object": str(each.about),
        "container": each.finding.evidence.container,
        "alike": [str(ref) for ref in each.alike],
        "fact": _means(each),
        "evidence": {name: quoted(value) for name, value in each.evidence},
        "age_seconds": each.age(now),
        "matters": each.matters,
        "next_step": each.next_step,
        "consequences": [_as_json(beneath, now) for beneath in each.follows],
    }
