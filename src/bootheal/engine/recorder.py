"""Keeps what is remembered in a store: what must be on disk before anything is changed, and what may be a second late.

Records of actions are on disk before the action is; the rest is written at most once a second, and between passes
nothing but what is the baseline, seldom. Nothing is written without the lock: another pass may be under way.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from bootheal.engine import memory
from bootheal.errors import LockedError, StateError
from bootheal.model import ActionRecord, Event, EventKind, Remembered, Report, Verdict
from bootheal.ports import Clock, Store

SELDOM_SECONDS = 1.0
SELDOM_AT_REST_SECONDS = 600.0
NEVER = float("-inf")


class Recorder:
    """What the engine remembers. `boot` is this boot of the machine, by which its monotonic clock counts.

    It belongs to the engine's thread. What is not said to raise raises nothing.
    """

    def __init__(self, store: Store, clock: Clock, boot: str = "") -> None:
        self._store, self._clock, self._boot = store, clock, boot
        self._remembered = Remembered(boot=boot)
        self._unsaved: dict[str, Mapping[str, str]] = {}  # of the baseline
        self._saved = NEVER
        self._held = self._late = False

    @property
    def epoch(self) -> str:
        """The epoch that is remembered, "" for none."""
        return self._remembered.epoch

    @property
    def boots(self) -> Mapping[str, str]:
        """The latest boots of the cluster's nodes, by their names; {} as long as the gate has told of none."""
        return self._remembered.boots

    @property
    def recovering_since(self) -> float | None:
        """Since when a pass has been under way, a former process' included; None if none is."""
        return self._remembered.recovering_since

    @property
    def baselines(self) -> Mapping[str, Mapping[str, str]]:
        """What each step last settled with, in whatever epoch."""
        return self._remembered.baseline

    @property
    def remark(self) -> str:
        """What the owner of the state should know, "" for nothing."""
        return self._store.remark

    # --- from pass to pass ------------------------------------------------------------------------

    @contextmanager
    def hold(self) -> Iterator[str]:
        """Hold the lock of a healing pass, and yield the epoch that is remembered by then. Errors as of the store."""
        with self._store.hold():
            self._held = True
            try:
                yield self.load()
            finally:
                self._held = False

    def load(self) -> str:
        """Take up what another process has saved since, and return the epoch it belongs to. Errors as of the store."""
        if kept := self._store.load():
            self._remembered, self._unsaved = memory.taken_up(kept, self._boot), {}
        return self.epoch

    def turn_to(self, epoch: str, boots: Mapping[str, str] | None = None) -> None:
        """Do as `enter`, without writing anything."""
        self._remembered = memory.turned_to(self._remembered, epoch, self._boot, boots)

    def enter(self, epoch: str, boots: Mapping[str, str] | None = None) -> None:
        """Begin the memory of `epoch`, or go on with it, durably. StateError where it cannot be kept.

        `boots` are those of the nodes, where they are known.

        Where something is lent, that is on the disk already: then it is gone on with, so that it is given back.
        """
        before = self._remembered
        self.turn_to(epoch, boots)
        try:
            self._save(durable=True)
        except StateError:
            if self._remembered is not before or not memory.open_loans(before):
                raise

    def progress(self, event: Event) -> None:
        """Remember the latest of each step, for `bootheal status`."""
        self._remembered = memory.told(self._remembered, event)
        if event.kind is EventKind.STARTED:
            self._saved = NEVER
        if event.step or event.kind is EventKind.STARTED:
            self._save_soon()

    def finish(self, report: Report) -> None:
        """Write the report down, durably. StateError where that cannot be."""
        self._remembered = memory.finished(self._remembered, report)
        self._save(durable=True)

    def withdraw(self) -> None:
        """Let the last report be one of the past, if nobody is making another one. Errors as of the store."""
        self.load()
        if self._remembered.report:
            with self.hold():
                self._remembered = memory.withdrawn(self._remembered)
                self._save(durable=False)

    def stand_by(self, why: str, elsewhere: Verdict | None) -> bool:
        """Remember why the healing is left to another process, and how its last pass ended, None where nobody knows.

        False where that could not be kept: another pass is under way here, or the disk is full.
        """
        with suppress(LockedError, StateError), self.hold():
            self.turn_to(self.epoch)
            self._remembered = memory.stood_by(self._remembered, why, elsewhere)
            self._save(durable=False)
            return True
        return False

    # --- of a step --------------------------------------------------------------------------------

    def observe(
        self, step: str, conditions: frozenset[str], now: float, boots: Mapping[str, str] | None = None
    ) -> Mapping[str, float]:
        """Remember since when each condition holds, forget those that ended; return the first-seen times.

        `now` is of the monotonic clock, so that a jump of the wall clock does not matter. `boots`: see `StepMemory`.
        """
        before = self._remembered
        self._remembered = memory.observed(before, step, conditions, now, boots)
        if self._remembered is not before or self._late:
            self._save_soon()
        return memory.step(self._remembered, step).first_seen

    def done(self, step: str) -> tuple[ActionRecord, ...]:
        """Return what this step did in this epoch, oldest first, as far as it is not folded."""
        return memory.step(self._remembered, step).done

    def lived(self, step: str) -> Mapping[str, str]:
        """Return the nodes that this step was last seen to be about, with their boots."""
        return memory.step(self._remembered, step).boots

    def repairs(self, steps: Iterable[str]) -> list[ActionRecord]:
        """Return what any of these steps did in this epoch that repaired something."""
        known = self._remembered.steps
        did = (known[name].done for name in steps if name in known)
        return [done for records in did for done in records if done.mended]

    def repaired_before(self, steps: Iterable[str]) -> int:
        """Count what these steps repaired in epochs of theirs that are over, while those that come after them go on."""
        known = self._remembered.steps
        return sum(known[name].repairs for name in steps if name in known)

    def next_number(self, step: str) -> int:
        """Return the number of the step's next action."""
        return memory.next_number(self._remembered, step)

    def record(self, step: str, done: ActionRecord) -> None:
        """Write an action down, in place of what had its number. StateError where that cannot be.

        The intent outlives a power cut. Its result need not: after one it is as good to know
        that the action may have happened, and waiting for the disk twice delays the healing.
        """
        self._remembered = memory.recorded(self._remembered, step, done)
        self._save(durable=done.result == "intended")

    def incident(self, step: str) -> int:
        """Return how often this step has been mended in this epoch."""
        return memory.step(self._remembered, step).incident

    def close_incident(self, step: str) -> None:
        """A pass has ended with this step settled; that is on disk with its report."""
        self._remembered = memory.closed(self._remembered, step)

    def boots_in_vain(self, step: str, action: str) -> int:
        """Return in how many epochs in a row the step did this kind of action, and was not mended."""
        return self._remembered.boots_in_vain.get(step, {}).get(action, 0)

    def baseline(self, step: str) -> Mapping[str, str]:
        """Return what the step last settled with, in whatever epoch."""
        return self._remembered.baseline.get(step, {})

    def set_baseline(self, step: str, facts: Mapping[str, str]) -> None:
        """Remember what was good. Not durably: what was good before will do, should the power fail now.

        Between passes, too, which may be months apart: what has shrunk by and by since then is not a loss.
        """
        if self.baseline(step) != facts:
            self._unsaved[step] = dict(facts)
            self._remembered = memory.with_baseline(self._remembered, {step: facts})
            self._save_soon()
        if self._unsaved and not self._held and self._clock.monotonic() - self._saved >= SELDOM_AT_REST_SECONDS:
            self._save_baseline()

    def _save_baseline(self) -> None:
        """Add it to what another process may have saved meanwhile, unless one is at work right now."""
        self._saved, unsaved = self._clock.monotonic(), self._unsaved
        with suppress(LockedError, StateError), self.hold():
            self._unsaved = unsaved
            self._remembered = memory.with_baseline(self._remembered, self._unsaved)
            self._save(durable=False)

    # --- writing ----------------------------------------------------------------------------------

    def _save_soon(self) -> None:
        """Write at most once a second; what came too soon is written at one of the next looks."""
        self._late = True
        if self._held and self._clock.monotonic() - self._saved >= SELDOM_SECONDS:
            with suppress(StateError):
                self._save(durable=False)

    def _save(self, *, durable: bool) -> None:
        self._store.save(self._remembered, durable=durable)
        self._saved, self._late, self._unsaved = self._clock.monotonic(), False, {}
