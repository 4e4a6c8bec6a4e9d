"""Is the data still there? What was found, against what was good in the last boot. Pure; numbers only, never rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isfinite

from bootheal.model import Answer

IDENTIFIER = "system identifier"

# SQLSTATE classes whose messages name objects. Others may quote what stands in a row, or what a function raises.
_TELLING = ("08", "25", "28", "3D", "3F", "42", "53", "57", "58", "XX")

# What a check runs into while the server is starting, full or slow.
_PASSING = ("08", "53", "57")

_NOT_A_NUMBER = "its answer is not one number"


@dataclass(frozen=True, slots=True)
class Check:
    """A question about the data whose answer is one number.

    `may_shrink`: by how much it may be less than in the last good boot; None: it is not compared.
    """

    name: str
    sql: str
    at_least: float | None = None
    may_shrink: float | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was answered: a number as text in `answer.value`, or why there is none."""

    check: Check
    answer: Answer

    @property
    def fact(self) -> str:
        """The name that its number is kept under."""
        return f"check {self.check.name}"

    @property
    def transient(self) -> bool:
        """Whether asking again may help where there was no number."""
        return transient(self.answer) and self.answer.text != _NOT_A_NUMBER


# What it answers is written down, and told.
LONGEST_NUMBER = 40


def transient(answer: Answer) -> bool:
    """Tell whether asking again may help after a refusal, or silence."""
    return not answer.sqlstate or answer.sqlstate.startswith(_PASSING)


def checked(check: Check, answer: Answer) -> Checked:
    """Let a number through, and no other answer; of a refusal only what cannot quote a row."""
    if answer.ok and _number(answer.value) is None:
        answer = replace(answer, ok=False, value="", text=_NOT_A_NUMBER)
    elif not answer.ok and answer.sqlstate and not answer.sqlstate.startswith(_TELLING):
        answer = replace(answer, text="the query fails")
    return Checked(check, answer)


def facts(identifier: str, answers: Iterable[Checked]) -> dict[str, str]:
    """Return what is worth remembering."""
    known = {IDENTIFIER: identifier} if identifier else {}
    return known | {item.fact: item.answer.value for item in answers}


def lost(
    identifier: str, answers: Iterable[Checked], good: Mapping[str, str], accepted: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Say what is not as it was when it was `good`; () where nothing is amiss.

    `accepted` is what a person has seen and wants, even if it is less than `at_least`.
    """
    found = [_identity(identifier, good.get(IDENTIFIER, identifier))]
    found += [_shortage(item, good.get(item.fact, ""), (accepted or {}).get(item.fact, "")) for item in answers]
    return tuple(text for text in found if text)


def _identity(identifier: str, good: str) -> str:
    if not identifier or identifier == good:
        return ""
    return (
        f"this is another database cluster: its system identifier is {identifier}, and was {good} in the last good "
        "boot; was it made anew (initdb) on an empty volume?"
    )


def _shortage(item: Checked, good: str, accepted: str) -> str:
    check, value, before, wanted = item.check, _number(item.answer.value), _count(good), _count(accepted)
    if value is None:
        return ""
    least = check.at_least
    if least is not None and wanted is not None:
        least = min(least, wanted)
    if least is not None and not value >= least:
        return f"{check.name}: {item.answer.value}, and at least {least:g} are expected"
    if check.may_shrink is not None and before is not None and not value >= before - check.may_shrink:
        return f"{check.name}: {item.answer.value}, and {good} in the last good boot"
    return ""


def _number(text: str) -> float | None:
    try:
        return float(text) if len(text) <= LONGEST_NUMBER else None
    except ValueError:
        return None


def _count(text: str) -> float | None:
    """Understand what others are measured by: with NaN or Infinity every later answer would be a loss."""
    number = _number(text)
    return number if number is not None and isfinite(number) else None
