"""The picture as Chrome trace events, which ui.perfetto.dev and chrome://tracing open.

A process a boot, a thread a lane, flow arrows along the edges, actions as instants. Times are microseconds.
"""

from collections.abc import Iterator
from typing import Any

from bootheal.picture.picture import Picture


def trace(*pictures: Picture) -> dict[str, Any]:
    """Return the trace of one boot or several, each from its own power-on."""
    events = [event for number, picture in enumerate(pictures, 1) for event in _process(number, picture)]
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def _process(pid: int, picture: Picture) -> Iterator[dict[str, Any]]:
    yield _named(pid, 0, "process_name", picture.title)
    for tid, lane in enumerate(picture.lanes, 1):
        where = {"pid": pid, "tid": tid}
        yield _named(pid, tid, "thread_name", f"{lane.name} (longest path)" if lane.critical else lane.name)
        yield {"ph": "M", "name": "thread_sort_index", "args": {"sort_index": tid}, **where}
        for span in lane.spans:
            yield {
                "ph": "X",
                "name": span.text or span.kind.value,
                "cat": span.kind.value,
                "ts": _micro(picture, span.began),
                "dur": max(1, round(span.seconds * 1e6)),
                **where,
            }
        for mark in lane.marks:
            at = _micro(picture, mark.at)
            yield {"ph": "i", "s": "t", "name": mark.text or mark.kind.value, "cat": mark.kind.value, "ts": at, **where}
    for number, arrow in enumerate(picture.arrows, 1):
        flow = {"name": "after", "cat": "after", "id": pid * 100_000 + number, "pid": pid}
        source = picture.lanes[arrow.source].spans
        left = source[-1].began if source else arrow.at
        yield {"ph": "s", "tid": arrow.source + 1, "ts": _micro(picture, left), **flow}
        yield {"ph": "f", "bp": "e", "tid": arrow.to + 1, "ts": _micro(picture, arrow.at), **flow}


def _named(pid: int, tid: int, name: str, value: str) -> dict[str, Any]:
    return {"ph": "M", "name": name, "pid": pid, "tid": tid, "args": {"name": value}}


def _micro(picture: Picture, at: float) -> int:
    return max(0, round((at - picture.began) * 1e6))
