"""A boot -> its picture: which passes it shows, in which lanes, and on which path the time went."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bootheal.history.boots import FAR_SECONDS
from bootheal.history.stations import back_offs, longest_path
from bootheal.model import VERDICTS, BootRecord, Mark, PassRecord, Span, SpanKind, Track
from bootheal.model.layout import clock
from bootheal.picture.picture import Arrow, Lane, Picture

# Less is not worth a sentence.
WORTH_SECONDS = 1.0

MACHINE = "machine"


def draw(boot: BootRecord, remarks: Iterable[str] = ()) -> Picture:
    """Draw the recovery of a boot: from power-on, where it began with that; else from its first pass.

    The boot has a pass.
    """
    chosen = recovery(boot)
    from_power_on = chosen[0] is boot.passes[0] and chosen[0].began < FAR_SECONDS
    phases = boot.phases if from_power_on else ()
    before = 0.0 if from_power_on else chosen[0].began
    shown = tuple(_earlier(record, before) for record in chosen)
    first, last = shown[0], shown[-1]
    tracks = _joined(shown)
    path = longest_path(tracks)
    lanes = (*(Lane(phase.text or MACHINE, (phase,)) for phase in phases), *(_lane(track, path) for track in tracks))
    return Picture(
        title=f"boot {boot.epoch or 'unknown'}, {clock(first.at)}: {VERDICTS[last.verdict].words}",
        verdict=last.verdict,
        zero=boot.zero + before,
        began=min([0.0, *(phase.began for phase in phases)]),
        ended=max([last.ended, *(span.ended for lane in lanes for span in lane.spans)]),
        lanes=lanes,
        arrows=tuple(_arrows(lanes, tracks)),
        remarks=tuple(remarks),
        notes=tuple(_notes(boot, chosen, tracks, path)),
    )


def recovery(boot: BootRecord) -> tuple[PassRecord, ...]:
    """Choose the passes to show: those that follow each other, up to the last that changed anything, else the first."""
    stretches: list[list[PassRecord]] = []
    for record in boot.passes:
        if stretches and record.began - stretches[-1][-1].ended < FAR_SECONDS:
            stretches[-1].append(record)
        else:
            stretches.append([record])
    changed = [stretch for stretch in stretches if any(record.changes for record in stretch)]
    return tuple((changed or stretches[:1])[-1])


def _earlier(record: PassRecord, seconds: float) -> PassRecord:
    """Count from a zero that is so much later."""
    return replace(
        record, began=record.began - seconds, tracks=tuple(_track_earlier(track, seconds) for track in record.tracks)
    )


def _track_earlier(track: Track, seconds: float) -> Track:
    return replace(
        track,
        began=None if track.began is None else track.began - seconds,
        ended=None if track.ended is None else track.ended - seconds,
        spans=tuple(replace(span, began=span.began - seconds, ended=span.ended - seconds) for span in track.spans),
        marks=tuple(replace(mark, at=mark.at - seconds) for mark in track.marks),
    )


def _joined(shown: tuple[PassRecord, ...]) -> list[Track]:
    """Return one track a step: as it ended last, with all that it went through."""
    tracks: dict[str, Track] = {}
    for record in shown:
        for track in record.tracks:
            before = tracks.get(track.step)
            tracks[track.step] = _continued(before, track) if before else track
    return sorted(tracks.values(), key=lambda track: (track.began is None, track.began or 0.0))


def _continued(before: Track, track: Track) -> Track:
    return Track(
        step=track.step,
        ending=track.ending,
        why=track.why,
        hint=track.hint,
        after=track.after,
        began=before.began if track.began is None else track.began if before.began is None else before.began,
        ended=track.ended,
        spans=(*before.spans, *track.spans),
        marks=(*before.marks, *track.marks),
        repairs=(*before.repairs, *track.repairs),
    )


def _lane(track: Track, path: tuple[str, ...]) -> Lane:
    waits = [span for span in track.spans if span.kind is SpanKind.WAITING]
    longest = max(waits, key=lambda span: span.seconds, default=None)
    return Lane(
        name=track.step,
        spans=_whole(track),
        marks=track.marks,
        ending=track.ending,
        why=track.why,
        hint=track.hint,
        critical=track.step in path,
        waited_for=longest.text if longest and longest.seconds >= WORTH_SECONDS else "",
    )


def _whole(track: Track) -> tuple[Span, ...]:
    """Return its spans; what is too long or too short to have any is shown by its beginning and end alone."""
    if track.spans or track.began is None:
        return track.spans
    return (Span(SpanKind.LOOKING, track.began, track.began if track.ended is None else track.ended),)


def _arrows(lanes: tuple[Lane, ...], tracks: list[Track]) -> Iterator[Arrow]:
    """Yield an arrow to each step from the one whose end it had to wait for."""
    numbers = {lane.name: number for number, lane in enumerate(lanes) if lane.ending is not None}
    ends = {track.step: track.ended for track in tracks if track.ended is not None}
    for track in tracks:
        before = [name for name in track.after if name in ends]
        if before and track.began is not None:
            last = max(before, key=lambda name: ends[name])
            if ends[last] <= track.began + WORTH_SECONDS:
                yield Arrow(numbers[last], numbers[track.step], track.began)


def _notes(
    boot: BootRecord, shown: tuple[PassRecord, ...], tracks: list[Track], path: tuple[str, ...]
) -> Iterator[str]:
    if path:
        yield f"the longest path: {' -> '.join(path)}"
    waited = [span for track in tracks if track.step in path for span in track.spans if span.kind is SpanKind.WAITING]
    for span in sorted(waited, key=lambda span: -span.seconds)[:3]:
        if span.seconds >= WORTH_SECONDS:
            yield f"{span.seconds:.1f} s of it went by waiting: {span.text}"
    lost: dict[str, float] = {}
    for step, span in back_offs(tracks):
        lost[step] = lost.get(step, 0.0) + span.seconds
    for step, seconds in lost.items():
        if seconds >= WORTH_SECONDS:
            yield f"{seconds:.1f} s were lost to back-off: {step}"
    if machine := [phase for phase in boot.phases if phase.seconds >= WORTH_SECONDS]:
        yield f"before that: {', '.join(f'{phase.text} {phase.seconds:.1f} s' for phase in machine)}"
    for record in boot.passes:
        if record not in shown:
            yield f"another pass of this boot, {clock(record.at)}: {VERDICTS[record.verdict].words}, {_changes(record)}"


def _changes(record: PassRecord) -> str:
    return f"{record.changes} action{'s' * (record.changes != 1)}"


def marks_of(lane: Lane) -> Iterator[Mark]:
    """Yield a lane's marks in the order of time."""
    yield from sorted(lane.marks, key=lambda mark: mark.at)
