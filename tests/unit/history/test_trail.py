"""What is kept of a pass."""

import pytest

from bootheal.history.stations import back_offs, longest_path
from bootheal.history.trail import MOST_MARKS, MOST_SPANS, Trail
from bootheal.model import Ending, Event, EventKind, MarkKind, Outcome, Report, SpanKind
from bootheal.platform import gate
from support.boots import DJANGO, HOSTILE, STARTED, drifted, same


def test_each_step_tells_into_what_its_time_went() -> None:
    """Looking, waiting and acting follow each other without a gap, from its beginning to its end."""
    tracks = {track.step: track for track in drifted().tracks}
    began = STARTED + 8.0  # of power-on, which was 8 s before the kernel's start
    django = tracks[DJANGO]
    assert [(span.kind.value, round(span.began - began, 1), round(span.ended - began, 1)) for span in django.spans] == [
        ("looking", 21.0, 21.1),
        ("waiting", 21.1, 24.0),
        ("acting", 24.0, 24.1),
        ("looking", 24.1, 24.2),
        ("waiting", 24.2, 29.0),
    ]
    assert [(mark.kind, mark.text) for mark in django.marks] == [(MarkKind.ACTION, "delete pod/shop/django-1")]
    assert [mark.kind for mark in tracks["database/shop"].marks] == [MarkKind.UNSETTLED]
    assert tracks["hook/flux"].spans == ()
    assert tracks["hook/flux"].ending is Ending.SKIPPED


def test_the_api_is_ready_when_the_gate_waits_for_a_node() -> None:
    """And not only when the gate opens, four seconds later."""
    (ready,) = (mark for track in drifted().tracks for mark in track.marks if mark.kind is MarkKind.READY)
    assert round(ready.at - STARTED - 8.0, 1) == 5.0


@pytest.mark.parametrize(
    ("why", "node"),
    [
        ("cannot reach the API server: connection refused", False),
        ("the API server is not ready: etcd", False),
        ("node shop is not Ready: no CNI; and so on", True),
        ("k3s.service is starting; node shop has no Lease yet", True),
        ("no node has registered yet", True),
    ],
)
def test_the_gates_words_tell_what_it_waits_for(why: str, *, node: bool) -> None:
    """Its own sentences, whatever the host adds to them."""
    assert gate.waits_for_a_node(why) is node


def test_no_line_of_a_log_is_kept() -> None:
    """An action's evidence is in the state file and the journal, for as long as this boot lasts."""
    assert "a line of its log" not in repr(drifted())


def test_a_pass_that_lasts_for_days_takes_no_more_than_its_share() -> None:
    """How it began and how it ended are kept."""
    trail = Trail()
    trail.hear(Event(EventKind.STARTED, at=0.0, elapsed=0.0), 0.0)
    for number in range(1, 1000):
        kind = EventKind.UNSETTLED if number % 2 else EventKind.WAITING
        trail.hear(Event(kind, at=0.0, elapsed=number, step="a", text=f"{number}", took=number), number)
    trail.hear(Event(EventKind.ENDED, at=0.0, elapsed=1000.0), 1000.0)
    outcome = Outcome("a", Ending.UNFINISHED, "999", began=0.0)
    (track,) = trail.record(Report("b", 0.0, 1000.0, (outcome,)), 0.0, same).tracks
    assert (len(track.spans), len(track.marks)) == (MOST_SPANS, MOST_MARKS)
    assert (track.spans[0].began, track.spans[-1].ended) == (0.0, 1000.0)


def test_what_others_say_is_one_line_and_passes_what_hides_secrets() -> None:
    """Each text: waits, sentences of actions, why and what to do."""
    trail = Trail()
    said = f"password canary-1 {HOSTILE}\nforged line"
    for kind, text in ((EventKind.STARTED, ""), (EventKind.WAITING, said), (EventKind.ACTING, said)):
        trail.hear(Event(kind, at=0.0, elapsed=1.0, step="a" if text else "", text=text, took=0.5), 1.0)
    trail.hear(Event(EventKind.ENDED, at=0.0, elapsed=2.0), 2.0)
    outcome = Outcome("a", Ending.GAVE_UP, said, hint=said, began=0.0, ended=2.0)
    kept = repr(trail.record(Report("b", 0.0, 2.0, (outcome,)), 0.0, lambda text: text.replace("canary-1", "***")))
    assert "canary-1" not in kept
    assert kept.isprintable()
    assert "\\\\nforged" in kept


def test_the_longest_path_goes_back_over_what_ended_last() -> None:
    """From what ended last: it had to wait for the latest of what it came after."""
    tracks = drifted().tracks
    assert longest_path(tracks) == ("gate", "database/shop", "pooler-credential/shop", DJANGO)
    assert longest_path(()) == ()


def test_seconds_lost_to_back_off_are_known() -> None:
    """They are nobody's work, and a setting may shorten them."""
    ((step, span),) = back_offs(drifted().tracks)
    assert (step, span.kind, round(span.seconds, 1)) == (DJANGO, SpanKind.WAITING, 2.9)
