"""What a boot passes on its way, beside the steps: when the API began to answer, and what was lost to back-off."""

import re
from collections.abc import Iterable, Iterator

from bootheal.model import Event, EventKind, Span, SpanKind, Track
from bootheal.platform import gate

_BACK_OFF = re.compile(r"(?i)back-?off|held back|holds back|server_login_retry|tries again only after")


def api_answers(event: Event) -> bool:
    """Tell whether the API server is ready by now: the gate waits for a node, or for nothing any more."""
    if event.step != gate.NAME:
        return False
    if event.kind is EventKind.SETTLED:
        return True
    return event.kind is EventKind.WAITING and gate.waits_for_a_node(event.text)


def back_offs(tracks: Iterable[Track]) -> Iterator[tuple[str, Span]]:
    """Yield each wait that was somebody's back-off, and whose step had to wait."""
    for track in tracks:
        yield from (
            (track.step, span) for span in track.spans if span.kind is SpanKind.WAITING and _BACK_OFF.search(span.text)
        )


def longest_path(tracks: Iterable[Track]) -> tuple[str, ...]:
    """Name the steps that the end had to wait for, in their order: from the last to end, back over what came last."""
    known = {track.step: track for track in tracks if track.ended is not None}
    if not known:
        return ()
    path = [max(known.values(), key=lambda track: track.ended or 0.0)]
    while before := [known[name] for name in path[-1].after if name in known]:
        path.append(max(before, key=lambda track: track.ended or 0.0))
    return tuple(track.step for track in reversed(path))
