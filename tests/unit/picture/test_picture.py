"""The picture, as text, SVG, page and trace."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from bootheal.history.boots import with_pass
from bootheal.model import BootRecord, Ending, History, Repair, Span, SpanKind, Track
from bootheal.model.layout import shortened
from bootheal.picture import Picture, draw
from bootheal.picture.compare import compare
from bootheal.picture.html import html
from bootheal.picture.perfetto import trace
from bootheal.picture.svg import svg
from bootheal.picture.text import lines
from support.boots import BEGAN, DJANGO, boot, crowded, drifted, one_boot, quick_pass

SVG = "{http://www.w3.org/2000/svg}"
MARKUP = "<script>alert(1)</script>&\"'"

# A name like that comes from nowhere; where it would, it stays text.
HOSTILE = crowded(3, name=f"deployment/shop/{MARKUP}{{}}")


def test_it_begins_at_power_on() -> None:
    """With the machine's own phases, in their order, before the steps."""
    picture = draw(one_boot())
    assert [lane.name for lane in picture.lanes] == [
        "firmware",
        "loader",
        "kernel",
        "user space",
        "k3s.service",
        "gate",
        "database/shop",
        "pooler-credential/shop",
        DJANGO,
        "hook/flux",
    ]
    assert (picture.began, picture.ended) == (0.0, 51.5)
    assert picture.zero == BEGAN - 22.0
    assert "before that: firmware 6.2 s, loader 1.8 s, kernel 2.5 s, user space 11.5 s, k3s.service 8.0 s" in (
        picture.notes
    )


def test_a_trouble_days_after_the_boot_is_drawn_alone() -> None:
    """Its picture begins with it, else it could not be seen; of the quiet pass at boot there is a line."""
    quiet = with_pass(History(), boot(), quick_pass(2.0))
    spans, repairs = (Span(SpanKind.WAITING, 400_001.0, 400_003.0, "refused"),), (Repair("roll-out", "roll out"),)
    track = Track("pooler/shop", Ending.SETTLED, spans=spans, repairs=repairs)
    trouble = replace(drifted(), began=400_000.0, seconds=5.0, tracks=(track,))
    later = with_pass(quiet, boot(), trouble)
    picture = draw(later.boots[0])
    assert (picture.began, picture.zero) == (0.0, later.boots[0].zero + 400_000.0)
    assert [(span.began, span.ended) for lane in picture.lanes for span in lane.spans] == [(1.0, 3.0)]
    assert "kernel" not in [lane.name for lane in picture.lanes]
    assert len([note for note in picture.notes if "another pass" in note]) == 1


def test_the_longest_path_is_marked_with_what_it_waited_for() -> None:
    """And what back-off cost is named."""
    picture = draw(one_boot())
    critical = [lane for lane in picture.lanes if lane.critical]
    assert [lane.name for lane in critical] == ["gate", "database/shop", "pooler-credential/shop", DJANGO]
    assert [lane.waited_for for lane in critical][1] == "starting up (57P03)"
    assert f"2.9 s were lost to back-off: {DJANGO}" in picture.notes
    assert "10.9 s of it went by waiting: starting up (57P03)" in picture.notes
    assert [(picture.lanes[a.source].name, picture.lanes[a.to].name) for a in picture.arrows] == [
        ("gate", "database/shop"),
        ("database/shop", "pooler-credential/shop"),
        ("pooler-credential/shop", DJANGO),
    ]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("what", [one_boot(), crowded(200), HOSTILE], ids=["drifted", "crowded", "hostile"])
def test_a_terminal_shows_it_within_its_width(what: BootRecord, width: int) -> None:
    """No line is longer; without colours nothing but letters is printed, and colours add nothing but colours."""
    plain = list(lines(draw(what), width))
    assert max(map(len, plain)) <= width
    assert "".join(plain).isprintable()
    coloured = [re.sub(r"\x1b\[\d*m", "", line).rstrip() for line in lines(draw(what), width, colour=True)]
    assert coloured == [line.rstrip() for line in plain]


def test_the_terminal_tells_waiting_from_acting_by_letters() -> None:
    """The line of a step: its bar, what it did and how long it took."""
    row = next(line for line in lines(draw(one_boot()), 120) if DJANGO in line)
    assert re.fullmatch(rf"> {DJANGO} +[-.]*\.+#\.+ +8\.0 s", row)


def test_a_long_name_is_cut_in_its_middle() -> None:
    """Its beginning and its end tell it from others."""
    assert len(shortened("deployment/shop/django-worker-high", 20)) == 20
    assert shortened("deployment/shop/django-worker-high", 20).endswith("-high")
    assert shortened("short", 20) == "short"


def svg_of(picture: Picture) -> ET.Element:
    return ET.fromstring(svg(picture))  # noqa: S314 - our own


def test_the_picture_has_a_bar_for_each_span_and_a_sign_for_each_moment() -> None:
    """In colours of their own, by class; the longest path is framed."""
    root = svg_of(draw(one_boot()))
    drawn = [element.get("class") for element in root.iter()]
    assert drawn.count("waiting") == 1 + 6  # the legend's one
    assert drawn.count("acting") == 1 + 2
    assert drawn.count("action") == 2
    assert drawn.count("unsettled") == 1
    assert drawn.count("ready") == 1
    assert drawn.count("frame") == 4
    assert drawn.count("arrow") == 3


class Reader(HTMLParser):
    """Collects what a browser would take for elements, and for text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read_page(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """No script, no link but an empty icon, no address but that of SVG's names; and it forbids itself all of it."""
    page = html(draw(one_boot()))
    reader = read_page(page)
    assert not {"script", "img", "iframe", "object", "form"} & {tag for tag, _ in reader.tags}
    assert [attrs["href"] for tag, attrs in reader.tags if tag == "link"] == ["data:,"]
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "default-src &#x27;none&#x27;" in page


def test_who_cannot_see_the_picture_reads_the_table() -> None:
    """It has a row for each lane, with headings; the picture has a name, and can be scrolled by keyboard."""
    picture = draw(one_boot())
    reader = read_page(html(picture))
    rows = [attrs for tag, attrs in reader.tags if tag == "th" and attrs.get("scope") == "row"]
    assert len(rows) == len(picture.lanes)
    region = next(attrs for _, attrs in reader.tags if attrs.get("role") == "region")
    assert (region["tabindex"], bool(region["aria-label"])) == ("0", True)
    assert any("lost to back-off" in text for text in reader.texts)


@pytest.mark.parametrize("make", [html, svg])
def test_hostile_names_stay_text(make: Callable[[Picture], str]) -> None:
    """In titles, tables and attributes."""
    reader = read_page(make(draw(HOSTILE)))
    assert "script" not in {tag for tag, _ in reader.tags}
    assert not any(name.startswith("on") for _, attrs in reader.tags for name in attrs)
    assert any(f"{MARKUP}1" in text for text in reader.texts)


def test_a_trace_has_a_thread_for_each_step_and_arrows_between_them() -> None:
    """Every event has what its kind needs, and each arrow both of its ends."""
    said = json.loads(json.dumps(trace(draw(one_boot()), draw(crowded(8)))))["traceEvents"]
    assert {event["pid"] for event in said} == {1, 2}
    names = {event["args"]["name"] for event in said if event["name"] == "thread_name" and event["pid"] == 1}
    assert {"gate (longest path)", "hook/flux", "firmware"} <= names
    bars = [event for event in said if event["ph"] == "X"]
    assert {event["cat"] for event in bars} == {"machine", "looking", "waiting", "acting"}
    assert all(event["dur"] > 0 and event["ts"] >= 0 for event in bars)
    starts = [event["id"] for event in said if event["ph"] == "s"]
    assert starts
    assert sorted(starts) == sorted(event["id"] for event in said if event["ph"] == "f")
    assert [event["name"] for event in said if event["ph"] == "i" and event["cat"] == "unsettled"] == [
        "connection reset"
    ]


def test_two_boots_are_compared_step_by_step() -> None:
    """What differs most comes first; what only one of them needed is said."""
    other = with_pass(History(), boot("other"), quick_pass(3.0)).boots[0]
    said = list(compare(one_boot(), other))
    assert said[0].startswith("A: boot 1f5c8b1e-boot")
    assert "only A needed: pooler-credential/shop: reset-password" in said
    assert any(re.fullmatch(r"in all +51\.5 s +25\.0 s +-26\.5 s", line) for line in said)
