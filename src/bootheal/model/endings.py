"""How steps and runs end: one table, read by everything that tells of it.

The value of a verdict, or of an ending, is its name wherever a program reads it: in the state file, in `--json`, as
the journal's BOOTHEAL_ENDING, as a label of the metrics.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bootheal.exit_codes import ExitCode


class Level(IntEnum):
    """How loud something is told: syslog's severities, as journald takes them for PRIORITY."""

    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6


class Ending(StrEnum):
    """How a step ended."""

    SETTLED = "settled"
    GAVE_UP = "gave-up"
    SKIPPED = "skipped"
    UNFINISHED = "unfinished"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class StepEnding:
    """How the end of a step is told: by a `mark` on the terminal, and in the journal.

    `level` is None where nothing happens that could be told: the run ended first, and only its account has it.
    """

    ending: Ending
    mark: str
    level: Level | None


ENDINGS: Mapping[Ending, StepEnding] = {
    row.ending: row
    for row in (
        StepEnding(Ending.SETTLED, "ok", Level.INFO),
        StepEnding(Ending.GAVE_UP, "GAVE UP", Level.ERROR),
        StepEnding(Ending.SKIPPED, "skipped", Level.WARNING),
        StepEnding(Ending.UNFINISHED, "unfinished", None),
        StepEnding(Ending.BUG, "BUG", Level.ERROR),
    )
}


class Verdict(StrEnum):
    """The whole run in one word."""

    HEALTHY = "healthy"
    HEALED = "healed"
    NOT_HEALED = "not-healed"
    NEEDS_PERSON = "needs-person"
    INTERRUPTED = "interrupted"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class RunEnding:
    """How the end of a run is told: to a shell, to the journal, and in words to whoever reads it.

    An interruption by another signal than SIGTERM has another exit code.
    """

    verdict: Verdict
    exit_code: ExitCode
    level: Level
    words: str

    @property
    def well(self) -> bool:
        """Whether everything serves."""
        return self.exit_code is ExitCode.HEALED


# Each stop in the middle of a pass is an interruption, which is what somebody asked for: no error.
VERDICTS: Mapping[Verdict, RunEnding] = {
    row.verdict: row
    for row in (
        RunEnding(Verdict.HEALTHY, ExitCode.HEALED, Level.NOTICE, "healthy: nothing had to be done"),
        RunEnding(Verdict.HEALED, ExitCode.HEALED, Level.NOTICE, "healed"),
        RunEnding(Verdict.NOT_HEALED, ExitCode.NOT_HEALED, Level.ERROR, "NOT healed"),
        RunEnding(Verdict.NEEDS_PERSON, ExitCode.PERSON, Level.ERROR, "a person is needed: data may be at risk"),
        RunEnding(Verdict.INTERRUPTED, ExitCode.SIGTERM, Level.WARNING, "interrupted before the end"),
        RunEnding(Verdict.BUG, ExitCode.BUG, Level.ERROR, "ended by a bug in bootheal; please report it"),
    )
}
