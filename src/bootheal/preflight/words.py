"""A forecast in lines for people, and as JSON for scripts. Pure."""

from collections.abc import Iterator
from typing import Any

from bootheal.causes import Gravity
from bootheal.exit_codes import ExitCode
from bootheal.model.gaps import folded
from bootheal.model.quoted import plain, quoted
from bootheal.preflight.foreseen import Forecast, Foreseen, Sure

LONGEST_SENTENCE = 600

_HEADS = {
    Sure.BREAKS: "would break at the next boot",
    Sure.MAY_BREAK: "may break at the next boot",
    Sure.CHANGES: "would be different after the next boot",
    Sure.SLOWS: "would come back sooner with another setting",
}


def lines(forecast: Forecast, *, strict: bool = False) -> Iterator[str]:
    """Yield what would break, what may, what would change, what could not be looked at, what is well; the verdict."""
    head = ""
    for each in forecast.found:
        if head != (head := _head(each)):
            yield f"{head}:"
        yield from _told(each)
    for gap in folded(forecast.gaps):
        yield f"not looked at: {quoted(gap, LONGEST_SENTENCE)}"
    yield f"checked and well: {', '.join(forecast.well) or 'nothing'}"
    yield verdict(forecast, strict=strict)


def _head(each: Foreseen) -> str:
    return "DATA WOULD BE AT RISK" if each.gravity is Gravity.DATA else _HEADS[each.sure]


def _told(each: Foreseen) -> Iterator[str]:
    yield f"  {each.about}: {quoted(plain(each.finding.means), LONGEST_SENTENCE)}  [{each.id}]"
    if each.facts:
        yield f"      evidence: {', '.join(f'{name}={quoted(value)}' for name, value in each.facts)}"
    yield f"      next:     {each.finding.next_step}"


def verdict(forecast: Forecast, *, strict: bool = False) -> str:
    """Say in a sentence whether it would come back."""
    code = forecast.code(strict=strict)
    if code is ExitCode.PERSON:
        return "it must not be rebooted now: data would be at risk"
    broken = [each for each in forecast.found if each.sure is Sure.BREAKS]
    if forecast.blind and not broken:
        return "cannot say whether it would come back: the API server tells nothing of pods; see bootheal doctor"
    if broken and all(each.gravity is Gravity.HEALED for each in broken):
        return "it would not come back by itself: bootheal would have to heal it"
    if broken:
        return "it would not come back"
    may, changes = forecast.count(Sure.MAY_BREAK), forecast.count(Sure.CHANGES)
    though = [f"{may} thing{'s' * (may != 1)} may break"] if may else []
    though += [f"{changes} thing{'s' * (changes != 1)} would be different"] if changes else []
    unseen = "; not all could be looked at" if forecast.gaps else ""
    return (
        f"it would come back{f', though {chr(32).join(though[:1])}' if though else ''}"
        + (f" and {though[1]}" if len(though) > 1 else "")
        + unseen
    )


def as_json(forecast: Forecast, *, strict: bool = False) -> dict[str, Any]:
    """Return it as JSON has it; `id` is stable."""
    return {
        "exit_code": int(forecast.code(strict=strict)),
        "verdict": verdict(forecast, strict=strict),
        "blind": forecast.blind,
        "found": [_as_json(each) for each in forecast.found],
        "well": list(forecast.well),
        "not_looked_at": [quoted(gap, LONGEST_SENTENCE) for gap in forecast.gaps],
    }


def _as_json(each: Foreseen) -> dict[str, Any]:
    return {
        "id": each.id,
        "sure": each.sure.value,
        "gravity": each.gravity.value,
        "object": str(each.about),
        "fact": quoted(plain(each.finding.means), LONGEST_SENTENCE),
        "evidence": {name: quoted(value) for name, value in each.facts},
        "next_step": each.finding.next_step,
        "already": each.now,
    }
