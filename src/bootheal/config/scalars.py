"""A value without quotes -> what it means: as YAML 1.2 has it, and a doubt where YAML 1.1 has it otherwise.

Editors and Kubernetes' own tools read the one version or the other. What both read alike is taken so. Of the rest, `no`
and 010000 and 2:13:20, nobody can say what was meant.
"""

import math
import re
from typing import NamedTuple

from bootheal.model.quoted import quoted

NULLS = {"", "~", "null", "Null", "NULL"}
TRUE, FALSE = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"0o": 8, "0x": 16}

# No number in this file needs more, and reading a long one takes long.
_LONGEST_NUMBER = 18

_SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_NUMBERS_BEGIN = tuple("+-.0123456789")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"([-+]?)0[0-9]+")
_UNDERSCORE = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?|0x[0-9a-fA-F_]+|0b[01_]+")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?")


class Meant(NamedTuple):
    """A value, and why it is in doubt, "" if it is not: then the value is the text as it stands."""

    value: str | int | float | bool | None
    doubt: str = ""


def meaning(text: str) -> Meant:
    """Return what a plain scalar means."""
    if text in NULLS:
        return Meant(None)
    if text in TRUE or text in FALSE:
        return Meant(text in TRUE)
    if doubt := _doubt(text):
        return Meant(text, f"cannot be {quoted(text, 60)} without quotes: {doubt}")
    if _INTEGER.fullmatch(text):
        return Meant(int(text, _BASES.get(text[:2], 10)))
    if _FLOAT.fullmatch(text):
        return Meant(float(text))
    return Meant(text)


def _doubt(text: str) -> str:  # noqa: PLR0911 - a list of the kinds of doubt
    """Say what else it might mean, and what to write for each; "" where there is no doubt."""
    switch = text.lower() in _SWITCHES
    if not (switch or text.startswith(_NUMBERS_BEGIN)):  # so begin most
        return ""
    in_quotes = f'"{quoted(text, 60)}" for the text'
    if switch and text in (text.lower(), text.capitalize(), text.upper()):
        truth = _SWITCHES[text.lower()]
        return f"some readers of YAML take it for {truth}; write {truth}, or {in_quotes}"
    if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and not math.isfinite(float(text))):
        return f"it is no number that can be counted with; write one, or {in_quotes}"
    if found := _LEADING_ZERO.fullmatch(text):
        number = text[len(found[1]) :].lstrip("0") or "0"
        return (
            f"some readers of YAML count by eight where a 0 leads; write {found[1]}{quoted(number, 60)}, or {in_quotes}"
        )
    if len(text) > _LONGEST_NUMBER and _INTEGER.fullmatch(text):
        return f"it is too long for a number; write {in_quotes}"
    if _UNDERSCORE.fullmatch(text) and ("_" in text or text.startswith("0b")):
        return f"some readers of YAML take it for a number; write its digits alone, or {in_quotes}"
    if _BASE_60.fullmatch(text):
        return f"some readers of YAML count by sixty where there is a colon; write {in_quotes}"
    if _DATE.fullmatch(text):
        return f"some readers of YAML take it for a date; write {in_quotes}"
    return ""
