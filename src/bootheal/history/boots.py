"""The last boots together: what is kept of them, how this one compares, what is repaired again and again."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from bootheal.model import VERDICTS, BootRecord, History, PassRecord, Repair, Span, SpanKind, to_json
from bootheal.model.sqlstates import RECOVERING

MOST_BOOTS = 20

# Of one boot: its first passes tell how it came back, its last how it is.
MOST_PASSES = 6

# All of it together, as JSON. Twenty boots of sixty steps take a tenth of it.
LONGEST_BYTES = 2_000_000

# A comparison with fewer says nothing.
FEWEST = 3
COMPARED = 10

# A pass that begins so long after power-on, or after the one before it, belongs to another trouble.
FAR_SECONDS = 3600.0

# What was needed in so many of the last boots is a habit.
HABIT_BOOTS, HABIT_TIMES = 5, 3


def with_pass(history: History, boot: BootRecord, record: PassRecord) -> History:
    """Add a pass of this boot; `boot` is what is known of it if it is not in the history yet.

    The oldest boots, and what lies between a boot's first passes and its last, are left out where there are too many.
    """
    known = history.boots[-1] if history.boots and same(history.boots[-1], boot) else None
    passes = [*(known.passes if known else ()), record]
    if len(passes) > MOST_PASSES:
        del passes[MOST_PASSES // 2]
    kept = replace(known or boot, passes=tuple(passes))
    before = history.boots[:-1] if known else history.boots
    return History((*before, kept)[-MOST_BOOTS:])


def same(one: BootRecord, other: BootRecord) -> bool:
    """Tell whether both are of the same boot."""
    return (one.epoch, one.boot) == (other.epoch, other.boot)


def fitted(history: History) -> History:
    """Leave out the oldest until the rest fits; of the newest, if it is too much alone, all but how the steps ended."""
    sizes = [_size(boot) for boot in history.boots]
    while sum(sizes) > LONGEST_BYTES and len(sizes) > 1:
        del sizes[0]
    kept = history.boots[len(history.boots) - len(sizes) :]
    return History((_bare(kept[-1]),) if kept and sum(sizes) > LONGEST_BYTES else kept)


def _size(boot: BootRecord) -> int:
    """Return about how many bytes it takes; `to_json` makes no text, and that is most of the work."""
    return len(repr(to_json(boot)).encode(errors="replace"))


def _bare(boot: BootRecord) -> BootRecord:
    passes = (
        replace(record, tracks=tuple(replace(track, spans=(), marks=()) for track in record.tracks[:1000]))
        for record in boot.passes[-1:]
    )
    return replace(boot, passes=tuple(passes))


def recovery_seconds(boot: BootRecord) -> float | None:
    """Return how long it took from the beginning of the first pass until all was well; None where it never was."""
    for record in boot.passes:
        if VERDICTS[record.verdict].well:
            return record.ended - boot.passes[0].began
    return None


def compared(history: History) -> str:
    """Say in a line how the newest boot compares: "healed in 26.1 s, the median of the last ten is 27.4 s"."""
    if not history.boots or (seconds := recovery_seconds(history.boots[-1])) is None:
        return ""
    others = [took for boot in history.boots[:-1][-COMPARED:] if (took := recovery_seconds(boot)) is not None]
    told = f"well after {seconds:.1f} s"
    if any(record.changes for record in history.boots[-1].passes):
        told = f"healed in {seconds:.1f} s"
    if len(others) < FEWEST:
        return told
    return f"{told}, the median of the last {_number(len(others))} is {median(others):.1f} s"


def median(values: list[float]) -> float:
    """Return the middle of some values. The library's own takes longer to import than `status` takes to run."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def repaired(boot: BootRecord) -> Iterator[str]:
    """Name each thing that was repaired in a boot: the step, what was done, and how often."""
    for (step, action), count in repairs(boot).items():
        yield f"{step}: {action}" + (f" ({count} times)" if count > 1 else "")


def repairs(boot: BootRecord) -> Counter[tuple[str, str]]:
    """Count what was done, by step and kind of action."""
    counts = Counter[tuple[str, str]]()
    for step, repair in _done(boot):
        counts[step, repair.action] += repair.count
    return counts


def _done(boot: BootRecord) -> Iterator[tuple[str, Repair]]:
    for record in boot.passes:
        for track in record.tracks:
            yield from ((track.step, repair) for repair in track.repairs if not repair.failed)


def needed(history: History) -> Counter[tuple[str, str]]:
    """Count in how many of the last boots something was repaired that was broken, by step and kind of action.

    What a boot needs by design is left out: nobody could make it unnecessary.
    """
    return Counter(
        what
        for boot in history.boots[-HABIT_BOOTS:]
        for what in dict.fromkeys((step, repair.action) for step, repair in _done(boot) if not repair.by_design)
    )


def habits(history: History) -> Iterator[str]:
    """Say what is repaired at nearly every boot: a habit, of which somebody should know."""
    latest = len(history.boots[-HABIT_BOOTS:])
    for (step, action), boots in needed(history).items():
        if boots >= HABIT_TIMES:
            yield f"{step}: {action} was needed in {boots} of the last {latest} boots: what breaks it each time?"


def recoveries(history: History) -> dict[str, float]:
    """Return for how long databases said that they were starting up: the longest of the last boots, by step."""
    found: dict[str, float] = {}
    for boot in history.boots[-HABIT_BOOTS:]:
        for record in boot.passes:
            for track in record.tracks:
                took = sum(span.seconds for span in track.spans if _starts_up(span))
                if took:
                    found[track.step] = max(took, found.get(track.step, 0.0))
    return found


def _starts_up(span: Span) -> bool:
    return span.kind is SpanKind.WAITING and any(f"({code})" in span.text for code in RECOVERING)


def healthy_after(boot: BootRecord) -> float | None:
    """Return how long it took from power-on until all served; None where it never did, or bootheal came much later."""
    if boot.passes and boot.passes[0].began < FAR_SECONDS:
        return next((record.ended for record in boot.passes if VERDICTS[record.verdict].well), None)
    return None


def phases_after(phases: tuple[Span, ...], zero: float) -> tuple[Span, ...]:
    """Shift phases that count from the kernel's start so that they count from `zero`, which is no later."""
    return tuple(replace(phase, began=phase.began - zero, ended=phase.ended - zero) for phase in phases)


_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)
