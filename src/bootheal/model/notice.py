"""What the owner is told of a boot: one occasion, and what a person wants to know of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Occasion(StrEnum):
    """When the owner is told."""

    STARTED = "started"
    HEALED = "healed"
    NEEDS_PERSON = "needs-person"
    NOT_HEALED = "not-healed"
    UNWELL_AGAIN = "unwell-again"
    FORETOLD = "foretold"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. `boot` is the cluster's, `machine` this machine's, `host` its name; `at` is a time of day.

    `verdict` is one line; `step` decided it, for `why`, and `next` is what a person does. `exit_code` is that of the
    run. `tail` are the last lines of what was told of the run, for those who may read them.
    """

    occasion: Occasion
    boot: str
    machine: str
    host: str
    at: float
    verdict: str
    step: str = ""
    why: str = ""
    next: str = ""
    seconds: float = 0.0
    repaired: int = 0
    exit_code: int = 0
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """A notice that has not arrived. `since`: monotonic, of the boot of `machine`; `owner`: the process that tries."""

    notice: Notice
    since: float
    machine: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What one target was told of a boot, in this order, and what it is still to be told."""

    boot: str = ""
    machine: str = ""
    told: tuple[str, ...] = ()
    due: tuple[Due, ...] = ()


@dataclass(frozen=True, slots=True)
class Outbox:
    """By the targets' names."""

    targets: Mapping[str, Told] = field(default_factory=dict)
