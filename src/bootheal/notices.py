"""Events -> what the owner is told: when, to whom, and in which words. Pure; adapters send it.

Each outcome once a boot; a monitor, which shows the present state, is told of each change of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bootheal.exit_codes import ExitCode
from bootheal.model import (
    VERDICTS,
    Due,
    Event,
    EventKind,
    Notice,
    Occasion,
    Report,
    Told,
    Verdict,
)
from bootheal.model.quoted import quoted
from bootheal.narrate import Novelty, sentence

# Of a target that is down. The network of a machine that boots may come late.
TRIED_SECONDS = 3600.0

TAIL_LINES = 10

# A boot has no more than these to tell; what comes beyond would be a loop.
MOST_DUE = 8

OCCASIONS = {
    Verdict.HEALTHY: Occasion.HEALED,
    Verdict.HEALED: Occasion.HEALED,
    Verdict.NOT_HEALED: Occasion.NOT_HEALED,
    Verdict.NEEDS_PERSON: Occasion.NEEDS_PERSON,
    Verdict.BUG: Occasion.NOT_HEALED,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Of which occasions a target is told. `repaired`: of a healed boot only where something was repaired.

    `changes`: of each change of the outcome, not of each outcome once.
    """

    occasions: frozenset[Occasion]
    repaired: bool = False
    changes: bool = False

    def wants(self, known: Told, notice: Notice) -> bool:
        """Tell whether the notice is news to it that it wants to have. It knows what it was told of this boot."""
        if notice.occasion not in self.occasions:
            return False
        if self.repaired and notice.occasion is Occasion.HEALED and not notice.repaired:
            return False
        if notice.occasion is Occasion.FORETOLD:
            return True  # it is made of what is new only
        if notice.occasion is Occasion.STARTED or not self.changes:
            return notice.occasion.value not in known.told
        return not known.told or known.told[-1] != notice.occasion.value


def of_boot(known: Told, notice: Notice) -> Told:
    """Return what is known of the notice's boot: of another one nothing was told, but all of that is still due."""
    if known.machine == notice.machine and "" in (known.boot, notice.boot):  # the gate has not named it yet
        return replace(known, boot=known.boot or notice.boot)
    same = (known.machine, known.boot) == (notice.machine, notice.boot)
    return known if same else replace(known, boot=notice.boot, machine=notice.machine, told=())


def posted(known: Told, due: Due) -> Told:
    """Take a notice in: it counts as told, and is due."""
    known = of_boot(known, due.notice)
    return replace(known, told=(*known.told, due.notice.occasion.value), due=(*known.due, due)[-MOST_DUE:])


def settled(known: Told, due: Due) -> Told:
    """It has arrived, or is given up."""
    return replace(known, due=tuple(other for other in known.due if other != due))


def left_to_try(due: Due, machine: str, now: float) -> float:
    """Return for how many seconds it is still tried; after a reboot its time begins anew. `now` is monotonic."""
    return TRIED_SECONDS - (now - due.since) if due.machine == machine else TRIED_SECONDS


@dataclass(slots=True)
class Observer:
    """Listens to what happens and makes notices of it. `machine` is this boot of the machine, `host` its name."""

    machine: str
    host: str
    tell: Callable[[str], str]
    _tail: list[str] = field(default_factory=list)
    _resting_well: bool = False
    _begun: bool = False
    _novelty: Novelty = field(default_factory=Novelty)

    def hear(self, event: Event) -> Notice | None:
        """Return what the owner may want to know at once: that it began, or that something is ill again."""
        if self._novelty.of(event):
            self._tail = [*self._tail, quoted(self.tell(sentence(event)))][-TAIL_LINES:]
        match event.kind:
            case EventKind.STARTED:
                first, self._begun, self._resting_well = not self._begun, True, False
                return self._notice(Occasion.STARTED, event.epoch, event.at, "healing has begun") if first else None
            case EventKind.UNSETTLED if self._resting_well:
                self._resting_well = False
                what = quoted(self.tell(event.text))
                return replace(
                    self._notice(Occasion.UNWELL_AGAIN, event.epoch, event.at, "unwell again, healing begins"),
                    step=event.step,
                    why=what,
                    exit_code=int(ExitCode.NOT_HEALED),
                )
            case _:
                return None

    def foretold(self, verdict: str, why: str, at: float) -> Notice:
        """Return what the owner may want to know before the next boot."""
        notice = Notice(Occasion.FORETOLD, "", self.machine, self.host, at, quoted(verdict))
        return replace(notice, why=quoted(why), step="preflight", next="see: bootheal preflight")

    def hindered(self, why: str, hint: str, at: float) -> Notice:
        """Return what the owner has to know of what keeps a pass from being made, or from being written down."""
        self._resting_well = False
        ending = VERDICTS[Verdict.NOT_HEALED]
        notice = self._notice(Occasion.NOT_HEALED, "", at, ending.words)
        why, hint = quoted(self.tell(why)), quoted(hint) or "see: bootheal status"
        return replace(notice, step="bootheal", why=why, next=hint, exit_code=int(ending.exit_code))

    def conclude(self, report: Report) -> Notice | None:
        """Return what the owner may want to know of a pass that has ended; of one that was interrupted nothing."""
        ending = VERDICTS[report.verdict]
        self._resting_well = ending.well
        if report.verdict not in OCCASIONS:
            return None
        occasion = OCCASIONS[report.verdict]
        notice = self._notice(occasion, report.epoch, report.began + report.seconds, ending.words)
        notice = replace(notice, seconds=report.seconds, repaired=report.changes, exit_code=int(ending.exit_code))
        if (worst := report.worst) is None:
            return notice
        return replace(
            notice,
            step=worst.step,
            why=quoted(self.tell(worst.why)),
            next=quoted(self.tell(worst.hint)) or "see: bootheal status",
        )

    def _notice(self, occasion: Occasion, epoch: str, at: float, verdict: str) -> Notice:
        return Notice(occasion, quoted(epoch), self.machine, self.host, at, verdict, tail=tuple(self._tail))


def title(notice: Notice) -> str:
    """Say it in a line for a phone."""
    return f"{notice.host}: {notice.verdict}"


def text(notice: Notice, *, full: bool) -> str:
    """Say it in a few lines; `full`: also what a stranger should not read, such as names of steps and what was told."""
    return "\n".join(_lines(notice, full=full))


def _lines(notice: Notice, *, full: bool) -> Iterator[str]:
    took = f", {notice.seconds:.1f} s" if notice.seconds else ""
    done = f", {notice.repaired} action{'s' * (notice.repaired != 1)}" if notice.repaired else ""
    yield f"{notice.host}: {notice.verdict}{took}{done}"
    if not full:
        if notice.exit_code:
            yield "see: bootheal status"
        return
    if notice.step:
        yield f"{notice.step}: {notice.why}"
    if notice.next:
        yield f"next: {notice.next}"
    yield from notice.tail


def facts(notice: Notice, *, full: bool) -> Mapping[str, object]:
    """Say it to a program."""
    said: dict[str, object] = {
        "occasion": notice.occasion.value,
        "host": notice.host,
        "boot": notice.boot,
        "at": notice.at,
        "verdict": notice.verdict,
        "seconds": round(notice.seconds, 3),
        "actions": notice.repaired,
        "exit_code": notice.exit_code,
    }
    if full:
        said |= {"step": notice.step, "why": notice.why, "next": notice.next, "tail": list(notice.tail)}
    return said


def example(host: str, machine: str, at: float) -> Notice:
    """Return what `bootheal notify --test` sends."""
    return Notice(Occasion.HEALED, "test", machine, host, at, "this is a test of bootheal's notifications")
