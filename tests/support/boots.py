"""Boots to draw and to compare: one that drifted, told as the engine tells it, and what was before it."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from bootheal.history.boots import with_pass
from bootheal.history.trail import Trail
from bootheal.model import (
    ActionRecord,
    BootRecord,
    Ending,
    Event,
    EventKind,
    History,
    Outcome,
    PassRecord,
    Report,
    Span,
    SpanKind,
    Track,
    Verdict,
)

BEGAN = 1_700_000_000.0

# What the machine did before bootheal was started, 14 s after the kernel.
FIRMWARE = 8.0
STARTED = 14.0
PHASES = (
    Span(SpanKind.MACHINE, 0.0, 6.2, "firmware"),
    Span(SpanKind.MACHINE, 6.2, 8.0, "loader"),
    Span(SpanKind.MACHINE, 8.0, 10.5, "kernel"),
    Span(SpanKind.MACHINE, 10.5, 22.0, "user space"),
    Span(SpanKind.MACHINE, 16.0, 24.0, "k3s.service"),
)
DJANGO = "deployment/shop/django"
HOSTILE = "<script>alert('&\"')</script>\x1b]0;owned\x07\u202e"

Told = tuple[float, EventKind, str, str]


def same(text: str) -> str:
    """Tell everything as it is."""
    return text


def events(told: Iterable[Told], began: dict[str, float]) -> Iterator[Event]:
    """Make events of (elapsed, kind, step, text)."""
    for elapsed, kind, step, text in told:
        took = elapsed - began[step] if step else None
        yield Event(kind, at=BEGAN + elapsed, elapsed=elapsed, step=step, text=text, took=took)


DRIFTED: tuple[Told, ...] = (
    (0.0, EventKind.STARTED, "", ""),
    (0.1, EventKind.WAITING, "gate", "cannot reach the API server: connection refused"),
    (5.0, EventKind.WAITING, "gate", "node shop still shows the previous boot"),
    (9.0, EventKind.SETTLED, "gate", "node shop is Ready in this boot"),
    (9.1, EventKind.WAITING, "database/shop", "starting up (57P03)"),
    (20.0, EventKind.SETTLED, "database/shop", "the primary serves"),
    (20.2, EventKind.ACTING, "pooler-credential/shop", "reset the password of role pooler"),
    (20.4, EventKind.ACTED, "pooler-credential/shop", "reset the password of role pooler"),
    (21.0, EventKind.SETTLED, "pooler-credential/shop", "the login works"),
    (21.1, EventKind.WAITING, DJANGO, "2 of 2 pods in crash-loop back-off"),
    (24.0, EventKind.ACTING, DJANGO, "delete pod/shop/django-1"),
    (24.1, EventKind.ACTED, DJANGO, "delete pod/shop/django-1"),
    (24.2, EventKind.WAITING, DJANGO, "1 of 2 pods are ready"),
    (27.0, EventKind.UNSETTLED, "database/shop", "connection reset"),
    (27.5, EventKind.SETTLED, "database/shop", "the primary serves"),
    (29.0, EventKind.SETTLED, DJANGO, "it serves"),
    (29.5, EventKind.ENDED, "", "healed"),
)
STEPS = {"gate": 0.0, "database/shop": 9.0, "pooler-credential/shop": 20.0, DJANGO: 21.0}


def action(kind: str, sentence: str, evidence: str = "") -> ActionRecord:
    kept = {"log": evidence} if evidence else {}
    return ActionRecord(0, kind, "pod/shop/x", "cause", BEGAN, sentence, "done", evidence=kept)


REPORT = Report(
    "1f5c8b1e-boot",
    BEGAN,
    29.5,
    (
        Outcome("gate", Ending.SETTLED, "node shop is Ready in this boot", began=0.0, ended=9.0),
        Outcome("database/shop", Ending.SETTLED, "the primary serves", began=9.0, ended=20.0, after=("gate",)),
        Outcome(
            "pooler-credential/shop",
            Ending.SETTLED,
            "the login works",
            began=20.0,
            ended=21.0,
            after=("database/shop",),
            actions=(action("reset-password", "reset the password of role pooler"),),
        ),
        Outcome(
            DJANGO,
            Ending.SETTLED,
            "it serves",
            began=21.0,
            ended=29.0,
            after=("pooler-credential/shop",),
            actions=(action("delete-pod", "delete pod/shop/django-1", "a line of its log"),),
        ),
        Outcome("hook/flux", Ending.SKIPPED, "not tried, because x failed", after=(DJANGO,)),
    ),
)


def drifted() -> PassRecord:
    """A pass after a power cut, in which the pooler's password was wrong."""
    trail = Trail()
    for event in events(DRIFTED, STEPS):
        trail.hear(event, STARTED + event.elapsed)
    return trail.record(REPORT, -FIRMWARE, same)


def boot(epoch: str = "1f5c8b1e-boot", phases: tuple[Span, ...] = PHASES) -> BootRecord:
    return BootRecord(epoch, epoch, BEGAN - STARTED - FIRMWARE, -FIRMWARE, phases)


def one_boot() -> BootRecord:
    """That boot, as it is kept."""
    return with_pass(History(), boot(), drifted()).boots[0]


def quick_pass(seconds: float, *repaired: str, verdict: Verdict = Verdict.HEALTHY, began: float = 22.0) -> PassRecord:
    """A pass of one step, which did what is named."""
    from bootheal.model import Repair

    repairs = tuple(Repair(what, f"did {what}") for what in repaired)
    track = Track("pooler/shop", Ending.SETTLED, began=began, ended=began + seconds, repairs=repairs)
    return PassRecord(BEGAN, began, seconds, Verdict.HEALED if repaired else verdict, tracks=(track,))


def many(*passes: PassRecord) -> History:
    """So many boots, a pass each."""
    history = History()
    for number, record in enumerate(passes):
        history = with_pass(history, boot(f"boot-{number:02}"), record)
    return history


def crowded(steps: int, name: str = "deployment/shop/app-{}") -> BootRecord:
    """A boot of very many steps, in chains of four."""
    names = [name.format(number) for number in range(steps)]
    tracks = [
        Track(
            step,
            Ending.SETTLED,
            why=f"why {step}",
            after=(names[number - 1],) if number % 4 else (),
            began=22.0 + number % 4 * 5,
            ended=27.0 + number % 4 * 5,
            spans=(
                Span(SpanKind.WAITING, 22.0 + number % 4 * 5, 25.0 + number % 4 * 5, f"waits for {step}"),
                Span(SpanKind.ACTING, 25.0 + number % 4 * 5, 27.0 + number % 4 * 5, f"restarts {step}"),
            ),
        )
        for number, step in enumerate(names)
    ]
    assert all(one != other for one, other in pairwise(names))
    return BootRecord(
        "crowded", "b", BEGAN, 0.0, PHASES, (PassRecord(BEGAN + 22, 22.0, 20.0, Verdict.HEALED, tracks=tuple(tracks)),)
    )
