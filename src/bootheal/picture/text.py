"""The picture in a terminal: one line a lane, a bar for where its time went, and what was done below.

Letters tell what a bar shows, so that nothing is lost without colours.
"""

from collections.abc import Iterator

from bootheal.model import ENDINGS, Ending, Mark, MarkKind, SpanKind
from bootheal.model.layout import shortened, wrapped
from bootheal.picture.draw import marks_of
from bootheal.picture.picture import Lane, Picture

NARROWEST, TIMES = 60, 9

# Names have a third of the width, but no more than they need for a namespace and a long name.
SHARE_OF_NAMES, WIDEST_NAME = 3, 44

LETTERS = {SpanKind.MACHINE: "=", SpanKind.LOOKING: "-", SpanKind.WAITING: ".", SpanKind.ACTING: "#"}
MARKS = {MarkKind.ACTION: "#", MarkKind.FAILED: "x", MarkKind.UNSETTLED: "!", MarkKind.READY: "|"}
LEGEND = "= machine  - looking  . waiting  # acting  x failed  ! unsettled  | ready  > on the longest path"

# Of the terminal's own sixteen colours: they are readable on whatever background its owner has chosen.
COLOURS = {"=": "34", "-": "2", ".": "33", "#": "36", "x": "31", "!": "31", "|": "32"}
ENDING_COLOURS = {Ending.SETTLED: "32", Ending.GAVE_UP: "31", Ending.BUG: "31"}


def lines(picture: Picture, width: int = 80, *, colour: bool = False) -> Iterator[str]:
    """Yield the picture's lines, none longer than `width`, or 60 where it is less."""
    width = max(width, NARROWEST)
    names = min(width // SHARE_OF_NAMES, WIDEST_NAME)
    room = width - names - TIMES - 2
    yield from wrapped(picture.title, width)
    for remark in picture.remarks:
        yield from wrapped(remark, width)
    yield ""
    yield f"{'':{names + 1}}{_scale(picture, room)}{'took':>{TIMES + 1}}"
    for lane in picture.lanes:
        yield _row(picture, lane, names, room, colour=colour)
    yield ""
    yield from wrapped(LEGEND, width)
    done = list(_actions(picture))
    if done:
        yield ""
        yield "What was done:"
        for text in done:
            yield from wrapped(text, width, hanging=11)
    if ill := [lane for lane in picture.lanes if lane.ending not in (None, Ending.SETTLED)]:
        yield ""
        for lane in ill:
            yield from wrapped(f"{_mark(lane)} {lane.name}: {lane.why}", width, hanging=2)
            if lane.hint:
                yield from wrapped(f"  > {lane.hint}", width, hanging=4)
    if picture.notes:
        yield ""
        for note in picture.notes:
            yield from wrapped(note, width, hanging=2)


def _row(picture: Picture, lane: Lane, names: int, room: int, *, colour: bool) -> str:
    bar = bar_of(picture, lane, room)
    name = f"{shortened(('> ' if lane.critical else '  ') + lane.name, names):<{names}}"
    took = f"{lane.seconds:.1f} s" if lane.spans else ""
    if not took and lane.ending:
        took = _mark(lane)[:TIMES]
    if not colour:
        return f"{name} {bar} {took:>{TIMES}}".rstrip()
    paint = ENDING_COLOURS.get(lane.ending) if lane.ending else None
    told = f"\x1b[{paint}m{took:>{TIMES}}\x1b[0m" if paint else f"{took:>{TIMES}}"
    return f"{_bold(name) if lane.critical else name} {_painted(bar)} {told}"


def bar_of(picture: Picture, lane: Lane, room: int) -> str:
    """Return the lane's bar in `room` characters; what is too short for one is still seen."""
    bar = [" "] * room
    for span in lane.spans:
        first, last = _column(picture, span.began, room), _column(picture, span.ended, room)
        for column in range(first, max(first, last - 1) + 1):
            bar[column] = LETTERS[span.kind]
    for mark in marks_of(lane):
        bar[_column(picture, mark.at, room)] = MARKS[mark.kind]
    return "".join(bar)


def _column(picture: Picture, at: float, room: int) -> int:
    return min(room - 1, max(0, int((at - picture.began) / picture.seconds * room)))


def _scale(picture: Picture, room: int) -> str:
    left, right = f"{picture.began:.0f} s", f"{picture.ended:.0f} s"
    middle = f"{(picture.began + picture.ended) / 2:.0f} s"
    gap = room - len(left) - len(middle) - len(right)
    return f"{left}{' ' * (gap // 2)}{middle}{' ' * (gap - gap // 2)}{right}"


def _actions(picture: Picture) -> Iterator[str]:
    done: list[tuple[float, Lane, Mark]] = [
        (mark.at, lane, mark)
        for lane in picture.lanes
        for mark in lane.marks
        if mark.kind in (MarkKind.ACTION, MarkKind.FAILED)
    ]
    for at, lane, mark in sorted(done, key=lambda each: each[0]):
        failed = "failed: " if mark.kind is MarkKind.FAILED else ""
        yield f"{at:7.1f} s  {lane.name}: {failed}{mark.text}"


def _mark(lane: Lane) -> str:
    return ENDINGS[lane.ending].mark if lane.ending else ""


def _painted(bar: str) -> str:
    painted, last = "", ""
    for letter in bar:
        if letter != last:
            painted += ("\x1b[0m" if last and last != " " else "") + (
                f"\x1b[{COLOURS[letter]}m" if letter != " " else ""
            )
        painted, last = painted + letter, letter
    return painted + ("\x1b[0m" if last and last != " " else "")


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"
