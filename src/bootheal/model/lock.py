"""The record by which several processes agree on which of them acts: a Lease of Kubernetes, as far as we read it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LockRecord:
    """What a Lease says. `holder` is "" where nobody holds it; `version` is its resourceVersion, "" before it is made.

    `acquired` and `renewed` are texts, of the clock of whoever wrote them: they are compared for being the same, and
    never with a clock of ours. `seconds` is for how long its holder asks to be believed. `said` is what it lets the
    others know, in its own words, "" for nothing: of who held it before, nothing is left.
    """

    holder: str = ""
    seconds: float = 15.0
    acquired: str = ""
    renewed: str = ""
    transitions: int = 0
    version: str = ""
    said: str = ""
