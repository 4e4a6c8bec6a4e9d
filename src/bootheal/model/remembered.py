"""What survives the process. The rules by which it changes are the engine's; a store keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bootheal.model.endings import Verdict
from bootheal.model.report import ActionRecord, EventKind, Report


@dataclass(frozen=True, slots=True)
class StepMemory:
    """What is remembered of one step in its epoch.

    `first_seen`: since when each condition holds, by this machine's monotonic clock. `done` is oldest first.
    `incident` counts how often the step has been mended. `boots` are the nodes that what it is about lives on, each
    with its boot: it is forgotten when one of them reboots, and outlives the reboot of others. Where they are not
    known, it is of the whole cluster's epoch. `repairs` counts what it repaired before it was last forgotten.
    """

    first_seen: Mapping[str, float] = field(default_factory=dict)
    done: tuple[ActionRecord, ...] = ()
    incident: int = 0
    boots: Mapping[str, str] = field(default_factory=dict)
    repairs: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """The latest news of a step in the pass that is under way; `at` is wall-clock time."""

    kind: EventKind
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Remembered:
    """All that is remembered. Of another epoch than `epoch` nothing is, but `baseline` and `boots_in_vain`.

    `boot` is this machine's boot: the times in `first_seen` are of its clock, and mean nothing in another one.
    `recovering_since` is when the pass under way began, in a former process perhaps; None: none is under way.
    `report` is the last pass' of this boot, `previous` the one before it, `last_boot` the last of another boot.
    `baseline` is what each step last settled with, `boots_in_vain` in how many epochs in a row it did each kind of
    action and was not mended. `stands_by` is why this process leaves the healing to another one, "" where it does not.
    `elsewhere` is how that other one's last pass ended, None while that is not known.
    `boots` are those of the cluster's nodes, by their names, as the gate told last; those of nodes that are gone, too.
    """

    epoch: str = ""
    boot: str = ""
    steps: Mapping[str, StepMemory] = field(default_factory=dict)
    recovering_since: float | None = None
    progress: Mapping[str, Progress] = field(default_factory=dict)
    report: Report | None = None
    previous: Report | None = None
    last_boot: Report | None = None
    baseline: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    boots_in_vain: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    stands_by: str = ""
    elsewhere: Verdict | None = None
    boots: Mapping[str, str] = field(default_factory=dict)

    @property
    def last_report(self) -> Report | None:
        """The report of the last pass that has ended, in whatever boot."""
        return self.report or self.previous

    def of_boot(self, boot: str) -> bool:
        """Tell whether it is of this boot of the machine. Where that is not known (""), it is taken to be."""
        return boot in ("", self.boot)
