"""The rules of what is remembered, over one value: each returns what is remembered from then on. Pure.

Who keeps it, and when it must be on disk, is the recorder's business.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from bootheal.engine.folding import MANY, added, fold
from bootheal.model import ActionRecord, Event, EventKind, Outcome, Progress, Remembered, Report, StepMemory, Verdict
from bootheal.model.past import rebooted

# Of the actions that a step did in one pass, so many stay in the report.
MOST_REPORTED = 50

# Nodes come and go. Of those that are gone, so many are known to have been there, and in which boot.
MOST_GONE = 200

_NOTHING = StepMemory()

# The incident of what is carried over from another epoch.
BEFORE = -1


def step(remembered: Remembered, name: str) -> StepMemory:
    """Return what is remembered of a step."""
    return remembered.steps.get(name, _NOTHING)


def next_number(remembered: Remembered, name: str) -> int:
    """Return the number of the step's next action."""
    return 1 + max((done.number for done in step(remembered, name).done), default=-1)


def taken_up(remembered: Remembered, boot: str) -> Remembered:
    """Go on with what another process has left: durations of another boot of this machine are not believed."""
    believed = remembered.of_boot(boot)
    steps = {
        name: replace(
            memory,
            first_seen=memory.first_seen if believed else {},
            done=fold(memory.done, memory.incident),
        )
        for name, memory in remembered.steps.items()
    }
    return replace(remembered, steps=steps)


def turned_to(remembered: Remembered, epoch: str, boot: str, boots: Mapping[str, str] | None = None) -> Remembered:
    """Begin the memory of `epoch`, or go on with it. A report of another boot of this machine is not one of this.

    `boots` are those of the nodes, as far as they are known by now. What a step did on nodes that have not rebooted is
    remembered, whatever the epoch is called; of the others what was lent is, and how much was repaired.
    """
    known = _joined(remembered.boots, boots or {})
    if (remembered.epoch, remembered.boot, remembered.boots) == (epoch, boot, known):
        return remembered
    same, last = remembered.epoch == epoch, remembered.last_report
    over = {name for name, memory in remembered.steps.items() if not _lasts(memory, known, same_epoch=same)}
    on = replace(
        remembered,
        boots=known,
        steps={name: memory for name, memory in remembered.steps.items() if name not in over} | _left(remembered, over),
        boots_in_vain=_boots_in_vain(remembered, over) if over else remembered.boots_in_vain,
    )
    if (remembered.epoch, remembered.boot) == (epoch, boot):
        return on
    return Remembered(
        epoch=epoch,
        boot=boot,
        steps=on.steps,
        recovering_since=remembered.recovering_since if remembered.boot == boot else None,
        previous=last,
        last_boot=last or remembered.last_boot,
        baseline=remembered.baseline,
        boots_in_vain=on.boots_in_vain,
        boots=known,
    )


def _joined(before: Mapping[str, str], boots: Mapping[str, str]) -> Mapping[str, str]:
    """Return the latest boots of all nodes: one that is away for long may come back in the boot that it was in."""
    gone = [(node, boot) for node, boot in before.items() if node not in boots]
    return dict(islice(gone, max(0, len(gone) - MOST_GONE), None)) | dict(boots) if boots else before


def _lasts(memory: StepMemory, boots: Mapping[str, str], *, same_epoch: bool) -> bool:
    return not rebooted(memory.boots, boots) if memory.boots else same_epoch


def _left(remembered: Remembered, over: Collection[str]) -> dict[str, StepMemory]:
    """Return what is left of steps whose epoch is over. While others go on, repairs are counted on for their sake."""
    steps = {name: memory for name, memory in remembered.steps.items() if name in over}
    left = open_loans(replace(remembered, steps=steps))
    if len(over) < len(remembered.steps):
        for name, memory in steps.items():
            if repairs := memory.repairs + repaired(memory):
                left[name] = replace(left.get(name, StepMemory()), repairs=repairs)
    return left


def repaired(memory: StepMemory) -> int:
    """Count what a step has repaired in its epoch."""
    return sum(done.count for done in memory.done if done.mended)


def open_loans(remembered: Remembered) -> dict[str, StepMemory]:
    """Return what was lent and not repaid: the object may live on in another epoch, as a pod of another node does."""
    left: dict[str, StepMemory] = {}
    for name, memory in remembered.steps.items():
        loans: dict[object, ActionRecord] = {}
        for done in memory.done:
            about = done.object, done.note.get("uid"), done.note.get("key")
            if done.loan == "taken" and not done.failed:
                loans[about] = replace(done, incident=BEFORE)
            elif done.loan == "repaid" and done.result == "done":
                loans.pop(about, None)
        if loans:
            left[name] = StepMemory(done=tuple(loans.values()))
    return left


def _boots_in_vain(remembered: Remembered, over: Collection[str]) -> dict[str, dict[str, int]]:
    """Count what steps did in their epoch that is over now, and did not help while it lasted."""
    counts = {name: dict(actions) for name, actions in remembered.boots_in_vain.items()}
    for name in sorted(over):
        memory = remembered.steps[name]
        present = (done for done in memory.done if done.incident == memory.incident)
        for action in {done.action for done in present if not done.failed}:
            actions = counts.setdefault(name, {})
            actions[action] = actions.get(action, 0) + 1
    return counts


def observed(
    remembered: Remembered,
    name: str,
    conditions: frozenset[str],
    now: float,
    boots: Mapping[str, str] | None = None,
) -> Remembered:
    """Remember since when each condition holds, and forget those that have ended. `now` is monotonic.

    `boots`: see `StepMemory`; None leaves them as they are.
    """
    before = step(remembered, name)
    boots = before.boots if boots is None else boots
    if before.first_seen.keys() == conditions and before.boots == boots:
        return remembered
    first_seen = {condition: before.first_seen.get(condition, now) for condition in sorted(conditions)}
    return _with(remembered, name, replace(before, first_seen=first_seen, boots=boots))


def recorded(remembered: Remembered, name: str, done: ActionRecord) -> Remembered:
    """Add a record, or put it in the place of the one that has its number."""
    memory = step(remembered, name)
    records = added(memory.done, done)
    left = records if len(records) < MANY else fold(records, memory.incident)
    return _with(remembered, name, replace(memory, done=left))


def closed(remembered: Remembered, name: str) -> Remembered:
    """A pass has ended with this step settled: if it did anything since it was last mended, that has helped."""
    memory, vain = step(remembered, name), dict(remembered.boots_in_vain)
    if vain.pop(name, None) is not None:
        remembered = replace(remembered, boots_in_vain=vain)
    if not any(done.incident == memory.incident for done in memory.done):
        return remembered
    incident = memory.incident + 1
    return _with(remembered, name, replace(memory, done=fold(memory.done, incident), incident=incident))


def with_baseline(remembered: Remembered, baseline: Mapping[str, Mapping[str, str]]) -> Remembered:
    """Remember what steps settled with, in place of what they settled with before."""
    return replace(remembered, baseline={**remembered.baseline, **baseline})


def told(remembered: Remembered, event: Event) -> Remembered:
    """Remember the latest of each step. A pass that begins goes on recovering where another one was cut short."""
    if event.kind is EventKind.STARTED:
        since = event.at if remembered.recovering_since is None else remembered.recovering_since
        remembered = replace(withdrawn(remembered), progress={}, recovering_since=since, stands_by="", elsewhere=None)
    if event.step:
        news = Progress(event.kind, event.text, event.at)
        remembered = replace(remembered, progress={**remembered.progress, event.step: news})
    return remembered


def finished(remembered: Remembered, report: Report) -> Remembered:
    """The pass has ended with this report."""
    outcomes = tuple(_abridged(outcome) for outcome in report.outcomes)
    return replace(remembered, report=replace(report, outcomes=outcomes), progress={}, recovering_since=None)


def stood_by(remembered: Remembered, why: str, elsewhere: Verdict | None) -> Remembered:
    """This process leaves the healing to another one, and what it has reported itself is over."""
    return replace(withdrawn(remembered), stands_by=why, elsewhere=elsewhere, recovering_since=None)


def withdrawn(remembered: Remembered) -> Remembered:
    """The last report is one of the past: who waits for one waits for the next."""
    return replace(remembered, report=None, previous=remembered.last_report)


def _with(remembered: Remembered, name: str, memory: StepMemory) -> Remembered:
    return replace(remembered, steps={**remembered.steps, name: memory})


def _abridged(outcome: Outcome) -> Outcome:
    """Leave out the earliest of very many actions: a pass may last for hours, and its report is on disk for long."""
    return replace(outcome, actions=tuple(_latest(outcome.actions)))


def _latest(actions: tuple[ActionRecord, ...]) -> Iterator[ActionRecord]:
    earlier, latest = actions[:-MOST_REPORTED], actions[-MOST_REPORTED:]
    if earlier:
        count = sum(done.count for done in earlier)
        sentence = f"{count} earlier actions: the journal tells which"
        yield replace(earlier[-1], sentence=sentence, result="done", count=count, note={}, evidence={})
    yield from latest
