"""The picture as SVG: for a page, for a README, for a chat. No script, nothing from elsewhere."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from bootheal.model import ENDINGS, MarkKind, SpanKind
from bootheal.model.layout import shortened
from bootheal.picture.draw import marks_of
from bootheal.picture.picture import Lane, Picture

WIDTH, ROW, HEAD, NAMES, MARGIN = 960, 22, 44, 250, 12
BAR = WIDTH - NAMES - MARGIN - 70
LONGEST_NAME = 36

# About so many lines for the scale, at round seconds.
TICKS = 8
ROUND = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)

# Okabe and Ito's colours, which colour-blind readers can tell apart; marks have shapes as well.
STYLE = """\
svg.bootheal{--ink:#1b1f24;--dim:#57606a;--paper:#ffffff;--line:#d8dee4;--machine:#8c959f;--looking:#b6c2cf;\
--waiting:#e69f00;--acting:#0072b2;--bad:#c2410c;--good:#00775b;font:13px system-ui,sans-serif;background:var(--paper)}
@media (prefers-color-scheme:dark){svg.bootheal{--ink:#e6edf3;--dim:#9da7b3;--paper:#0d1117;--line:#30363d;\
--machine:#6e7681;--looking:#484f58;--waiting:#f0b429;--acting:#58a6ff;--bad:#ff8a5c;--good:#3fd0a4}}
@media print{svg.bootheal{--ink:#000;--dim:#444;--paper:#fff;--line:#ccc;--machine:#8c959f;--looking:#b6c2cf;\
--waiting:#e69f00;--acting:#0072b2;--bad:#c2410c;--good:#00775b}}
.bootheal text{fill:var(--ink)}.bootheal .dim{fill:var(--dim)}.bootheal .path{font-weight:700}
.bootheal .tick{stroke:var(--line)}.bootheal .arrow{fill:none;stroke:var(--dim);stroke-width:1}
.bootheal .machine{fill:var(--machine)}.bootheal .looking{fill:var(--looking)}
.bootheal .waiting{fill:var(--waiting)}.bootheal .acting{fill:var(--acting)}
.bootheal .frame{fill:none;stroke:var(--ink);stroke-width:1.5}
.bootheal .action{fill:var(--acting);stroke:var(--paper)}.bootheal .failed,.bootheal .unsettled{fill:var(--bad);\
stroke:var(--paper)}.bootheal .ready{fill:var(--good);stroke:var(--paper)}
.bootheal .ill{fill:var(--bad);font-weight:700}"""

LEGEND = (
    (SpanKind.MACHINE, "machine"),
    (SpanKind.LOOKING, "looking"),
    (SpanKind.WAITING, "waiting"),
    (SpanKind.ACTING, "acting"),
)


def svg(picture: Picture, *, heading: bool = True) -> str:
    """Return the whole document; without `heading` it has no title in sight, where it stands below one."""
    height = HEAD + ROW * len(picture.lanes) + 52
    body = "\n".join(_parts(picture, height, heading=heading))
    return (
        f'<svg class="bootheal" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" aria-labelledby="bootheal-title">\n'
        f'<title id="bootheal-title">{escape(picture.title)}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n'
    )


def _parts(picture: Picture, height: int, *, heading: bool) -> Iterator[str]:
    if heading:
        yield f'<text x="{MARGIN}" y="18" class="path">{escape(shortened(picture.title, 120))}</text>'
    bottom = HEAD + ROW * len(picture.lanes)
    for at in _ticks(picture):
        x = _x(picture, at)
        yield f'<line class="tick" x1="{x:.1f}" y1="{HEAD - 6}" x2="{x:.1f}" y2="{bottom}"/>'
        yield f'<text class="dim" x="{x:.1f}" y="{HEAD - 10}" text-anchor="middle">{at:g} s</text>'
    for arrow in picture.arrows:
        x, top, to = _x(picture, arrow.at), _y(arrow.source) + ROW - 5, _y(arrow.to) + ROW / 2
        yield f'<path class="arrow" d="M{x:.1f} {top:.1f}V{to:.1f}"/>'
    for number, lane in enumerate(picture.lanes):
        yield from _lane(picture, lane, _y(number))
    x = MARGIN
    shown = {span.kind for lane in picture.lanes for span in lane.spans}
    for kind, name in (each for each in LEGEND if each[0] in shown):
        yield f'<rect class="{kind.value}" x="{x}" y="{height - 40}" width="14" height="12"/>'
        yield f'<text class="dim" x="{x + 20}" y="{height - 30}">{name}</text>'
        x += 90
    yield (
        f'<text class="dim" x="{MARGIN}" y="{height - 10}">framed, bold: the longest path · dots: actions, '
        "diamonds: failed or unsettled, triangle: ready</text>"
    )


def _lane(picture: Picture, lane: Lane, y: float) -> Iterator[str]:
    style = "path" if lane.critical else ""
    yield f'<g><title>{escape(_told(lane))}</title><text class="{style}" x="{MARGIN}" y="{y + 15:.1f}">'
    yield f"{escape(shortened(lane.name, LONGEST_NAME))}</text>"
    for span in lane.spans:
        x, width = _x(picture, span.began), max(1.0, span.seconds / picture.seconds * BAR)
        text = f"{span.kind.value}, {span.seconds:.1f} s" + (f": {span.text}" if span.text else "")
        yield (
            f'<rect class="{span.kind.value}" x="{x:.1f}" y="{y + 4:.1f}" width="{width:.1f}" height="{ROW - 8}">'
            f"<title>{escape(text)}</title></rect>"
        )
    if lane.spans:
        if lane.critical:
            x, end = _x(picture, lane.spans[0].began), _x(picture, lane.spans[-1].ended)
            width = max(1.0, end - x)
            yield f'<rect class="frame" x="{x:.1f}" y="{y + 3:.1f}" width="{width:.1f}" height="{ROW - 6}"/>'
        yield f'<text class="dim" x="{WIDTH - MARGIN}" y="{y + 15:.1f}" text-anchor="end">'
        yield f"{lane.seconds:.1f} s</text>"
    elif lane.ending:
        yield f'<text class="ill" x="{NAMES}" y="{y + 15:.1f}">{escape(ENDINGS[lane.ending].mark)}</text>'
    for mark in marks_of(lane):
        yield _mark(mark.kind, _x(picture, mark.at), y + ROW / 2, f"{mark.at:.1f} s: {mark.text}")
    yield "</g>"


def _mark(kind: MarkKind, x: float, y: float, text: str) -> str:
    title = f"<title>{escape(text)}</title>"
    match kind:
        case MarkKind.ACTION:
            return f'<circle class="action" cx="{x:.1f}" cy="{y:.1f}" r="4.5">{title}</circle>'
        case MarkKind.READY:
            return f'<path class="ready" d="M{x:.1f} {y - 5:.1f}l5 9h-10z">{title}</path>'
        case _:
            return f'<path class="{kind.value}" d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z">{title}</path>'


def _told(lane: Lane) -> str:
    how = f" ({ENDINGS[lane.ending].mark})" if lane.ending else ""
    waited = f"; waited longest for: {lane.waited_for}" if lane.waited_for else ""
    return f"{lane.name}{how}{f': {lane.why}' if lane.why else ''}{waited}"


def _x(picture: Picture, at: float) -> float:
    return NAMES + (min(max(at, picture.began), picture.ended) - picture.began) / picture.seconds * BAR


def _y(number: int) -> float:
    return HEAD + ROW * number


def _ticks(picture: Picture) -> Iterator[float]:
    step = next((each for each in ROUND if picture.seconds / each <= TICKS), picture.seconds / TICKS)
    number = int(picture.began // step) + (1 if picture.began % step else 0)
    while number * step <= picture.ended:
        yield round(number * step, 3)
        number += 1
