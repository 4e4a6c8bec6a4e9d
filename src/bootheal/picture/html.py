"""The picture as one page: nothing from elsewhere, no script, for a phone, a printer and a screen reader.

The page forbids itself whatever it does not hold: what a name could smuggle in would not be loaded or run.
"""

from collections.abc import Iterator
from html import escape

from bootheal.model import ENDINGS, VERDICTS, Ending, Span, SpanKind
from bootheal.model.layout import clock
from bootheal.picture.draw import marks_of
from bootheal.picture.picture import Lane, Picture
from bootheal.picture.svg import svg

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

STYLE = """\
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--paper:#fff;--line:#d8dee4;--bad:#b42318;--good:#00664f}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9da7b3;--paper:#0d1117;--line:#30363d;--bad:#ff8a5c;\
--good:#3fd0a4}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:75rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);\
background:var(--paper)}
h1{font-size:1.25rem;line-height:1.3;overflow-wrap:anywhere}h2{font-size:1.05rem;margin-top:2rem}
.verdict{font-weight:700}.well{color:var(--good)}.ill{color:var(--bad)}
.picture{overflow-x:auto;border:1px solid var(--line);border-radius:.5rem}
.picture:focus-visible,summary:focus-visible{outline:3px solid #0072b2;outline-offset:2px}
.picture svg{display:block;min-width:46rem;width:100%;height:auto}
.tablebox{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:start;color:var(--dim);padding-block:.25rem}
th,td{text-align:start;vertical-align:top;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line)}
tbody th,td:last-child{overflow-wrap:anywhere;min-width:9rem}
td.number{text-align:end;white-space:nowrap;font-variant-numeric:tabular-nums}
.path th{font-weight:700}tr:not(.path) th{font-weight:400}
ul{padding-inline-start:1.2rem}li,p{overflow-wrap:anywhere}.dim{color:var(--dim)}
@media (max-width:40rem){thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
tr{display:block;padding-block:.4rem;border-bottom:1px solid var(--line)}
tbody th,tbody td{display:block;border:0;padding:0}td.number{text-align:start}
td:empty{display:none}
td[data-name]::before{content:attr(data-name) ": ";color:var(--dim)}}
@media print{body{max-width:none;padding:0}.picture{border:0;overflow:visible}.picture svg{min-width:0}
tr,li{break-inside:avoid}}"""


def html(picture: Picture) -> str:
    """Return the whole document."""
    return "\n".join(_parts(picture)) + "\n"


def _parts(picture: Picture) -> Iterator[str]:
    title, well = escape(picture.title), VERDICTS[picture.verdict].well
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<link rel="icon" href="data:,">'
    yield f"<title>bootheal: {title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
    shown = f"{picture.seconds:.1f} s from {clock(picture.zero + picture.began)}"
    how, words = "well" if well else "ill", escape(VERDICTS[picture.verdict].words)
    yield f'<p class="verdict {how}">{words}<span class="dim">; the picture shows {shown}</span></p>'
    yield from _list(picture.remarks)
    yield '<div class="picture" role="region" aria-label="waterfall of the recovery; the table below tells the same" '
    yield f'tabindex="0">\n{svg(picture, heading=False)}</div>'
    if picture.notes:
        yield "<h2>Where the time went</h2>"
        yield from _list(picture.notes)
    if actions := [*_actions(picture)]:
        yield "<h2>What happened</h2>"
        yield from _list(actions)
    yield "<h2>Step by step</h2>"
    yield from _table(picture)
    yield "</main>\n</body>\n</html>"


def _list(texts: tuple[str, ...] | list[str]) -> Iterator[str]:
    if texts:
        items = (escape(text).replace(" -&gt; ", " &rarr; ") for text in texts)  # an arrow that no line breaks
        yield f"<ul>{''.join(f'<li>{each}</li>' for each in items)}</ul>"


def _actions(picture: Picture) -> Iterator[str]:
    marks = [(mark.at, lane.name, mark) for lane in picture.lanes for mark in marks_of(lane) if lane.ending]
    for at, name, mark in sorted(marks, key=lambda each: each[0]):
        yield f"{at:.1f} s, {name}: {mark.kind.value}: {mark.text}"


def _table(picture: Picture) -> Iterator[str]:
    yield '<div class="tablebox"><table>\n<caption>Times are seconds; bold: on the longest path.</caption>'
    heads = ("step", "ending", "began", "took", "waiting", "acting", "why")
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    yield f"<thead><tr>{cells}</tr></thead>\n<tbody>"
    for lane in picture.lanes:
        yield _row(lane)
    yield "</tbody>\n</table></div>"


def _row(lane: Lane) -> str:
    times = ("", "") if lane.began is None else (f"{lane.began:.1f}", f"{lane.seconds:.1f}")
    ill = ' class="ill"' if lane.ending not in (None, Ending.SETTLED) else ""
    numbers = (*times, _sum(lane.spans, SpanKind.WAITING), _sum(lane.spans, SpanKind.ACTING))
    names = ("began", "took", "waiting", "acting")
    cells = "".join(
        f'<td class="number" data-name="{name}">{number}</td>' for name, number in zip(names, numbers, strict=True)
    )
    path = ' class="path"' if lane.critical else ""
    why = "; ".join(filter(None, (lane.why, lane.hint, f"waited for: {lane.waited_for}" if lane.waited_for else "")))
    return (
        f'<tr{path}><th scope="row">{escape(lane.name).replace("/", "/<wbr>")}</th>'
        f"<td{ill}>{escape(ENDINGS[lane.ending].mark) if lane.ending else 'machine'}</td>{cells}"
        f"<td>{escape(why)}</td></tr>"
    )


def _sum(spans: tuple[Span, ...], kind: SpanKind) -> str:
    seconds = sum(span.seconds for span in spans if span.kind is kind)
    return f"{seconds:.1f}" if seconds else ""
