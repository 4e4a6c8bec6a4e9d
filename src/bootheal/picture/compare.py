"""Two boots side by side, step by step: what took longer, what was needed in one only."""

from collections.abc import Iterator

from bootheal.history.boots import repairs
from bootheal.model import BootRecord
from bootheal.model.layout import shortened
from bootheal.picture.draw import draw
from bootheal.picture.picture import Lane

NAME = 36


def compare(one: BootRecord, other: BootRecord) -> Iterator[str]:
    """Yield a line for each step, the greatest difference first, and what was repaired in only one of them."""
    first, second = draw(one), draw(other)
    yield f"A: {first.title}"
    yield f"B: {second.title}"
    yield ""
    yield f"{'':{NAME}} {'A':>10} {'B':>10} {'B - A':>10}"
    lanes_a, lanes_b = _by_name(first.lanes), _by_name(second.lanes)
    rows = [(name, _took(lanes_a.get(name)), _took(lanes_b.get(name))) for name in {**lanes_a, **lanes_b}]
    for name, a, b in sorted(rows, key=lambda row: -abs((row[2] or 0.0) - (row[1] or 0.0))):
        yield f"{shortened(name, NAME):<{NAME}} {_seconds(a)} {_seconds(b)} {_difference(a, b)}".rstrip()
    yield f"{'in all':<{NAME}} {_seconds(first.seconds)} {_seconds(second.seconds)} " + _difference(
        first.seconds, second.seconds
    )
    in_a, in_b = repairs(one), repairs(other)
    for letter, only in (("A", in_a.keys() - in_b.keys()), ("B", in_b.keys() - in_a.keys())):
        for step, action in sorted(only):
            yield f"only {letter} needed: {step}: {action}"


def _by_name(lanes: tuple[Lane, ...]) -> dict[str, Lane]:
    return {lane.name: lane for lane in lanes}


def _took(lane: Lane | None) -> float | None:
    return lane.seconds if lane and lane.spans else None


def _seconds(value: float | None) -> str:
    return f"{'-':>10}" if value is None else f"{value:>8.1f} s"


def _difference(a: float | None, b: float | None) -> str:
    return "" if a is None or b is None else f"{b - a:>+8.1f} s"
