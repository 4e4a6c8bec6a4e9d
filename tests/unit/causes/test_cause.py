"""What a cause is, how it is recognised, and what every entry of the catalogues keeps to."""

import re
import time
from dataclasses import replace
from typing import Any

import pytest

from bootheal.causes import Catalogue, Cause, Evidence, Finding, Gravity, Harmless, Sign, Source, folded
from bootheal.causes.databases import POSTGRES
from bootheal.causes.pgbouncer import PGBOUNCER
from bootheal.diagnosis.known import entries
from bootheal.model import Ref
from bootheal.model.quoted import plain
from support.rows import each_row

POD = Ref("pod", "shop", "postgres-0")
FULL = Cause(
    id="disk-full",
    means="the disk of {kind} {name} is full",
    gravity=Gravity.PERSON,
    signs=(Sign(Source.LOG, "No space left"),),
    next_step="kubectl -n {namespace} logs {name} -c {container}",
)
DAMAGED = replace(FULL, id="data-damaged", gravity=Gravity.DATA, signs=(Sign(Source.LOG, "damaged"),))
LATE = replace(
    FULL, id="server-late", gravity=Gravity.PASSES, signs=(Sign(Source.LOG, "late"),), consequence_of=("disk-full",)
)
KNOWN = Catalogue((FULL, DAMAGED, LATE), (Harmless(Sign(Source.LOG, "late, as usual"), "each boot says so"),))


def line(text: str, **fields: Any) -> Evidence:
    return replace(Evidence(source=Source.LOG, text=text, about=POD, container="postgres"), **fields)


def found(text: str) -> Finding:
    finding = KNOWN.recognise(line(text))
    assert finding
    return finding


@pytest.mark.parametrize(
    ("sign", "fits"),
    [
        (Sign(Source.LOG, "left on"), True),
        (Sign(Source.LOG, "^left on"), False),
        (Sign(Source.LOG), True),
        (Sign(Source.EVENT, "left on"), False),
        (Sign(Source.LOG, "left on", "Failed"), True),
        (Sign(Source.LOG, "left on", "Fail"), False),
    ],
)
def test_a_sign_is_a_source_a_text_and_a_whole_reason(sign: Sign, *, fits: bool) -> None:
    """What is not asked for may be anything."""
    assert sign.fits(line("No space left on device", reason="Failed")) is fits


def test_what_is_found_is_told_with_the_names_of_what_it_was_seen_on() -> None:
    """A place without a name keeps a word that a person replaces."""
    assert found("No space left").means == "the disk of pod postgres-0 is full"
    assert found("No space left").next_step == "kubectl -n shop logs postgres-0 -c postgres"
    nobody = Finding(FULL, Evidence(source=Source.LOG))
    assert nobody.next_step == "kubectl -n NAMESPACE logs NAME -c CONTAINER"


def test_a_name_that_looks_like_a_place_is_not_filled_in_again() -> None:
    """Names come from outside."""
    odd = Finding(FULL, line("", container="{name}"))
    assert odd.next_step == "kubectl -n shop logs postgres-0 -c {name}"


def test_what_is_harmless_is_not_found() -> None:
    """Although a cause would fit."""
    assert KNOWN.recognise(line("late")) is not None
    assert KNOWN.recognise(line("late, as usual")) is None
    assert KNOWN.recognise(line("all is well")) is None


def test_the_gravest_counts_and_the_last_of_those_as_grave() -> None:
    """In whatever order they were seen."""
    first, second = line("No space left (1)"), line("No space left (2)")
    gravest = KNOWN.gravest([first, second, line("late")])
    assert gravest == Finding(FULL, second)
    assert KNOWN.gravest([line("damaged"), first]) == Finding(DAMAGED, line("damaged"))
    assert KNOWN.gravest([line("all is well")]) is None


def test_consequences_are_told_beneath_their_cause_gravest_first() -> None:
    """Alone they are told by themselves."""
    full, late, damaged = found("No space left"), found("late"), found("damaged")
    assert folded([late, full, damaged]) == ((damaged, ()), (full, (late,)))
    assert folded([late]) == ((late, ()),)


def test_a_reason_never_stands_without_its_message_and_both_are_quoted() -> None:
    """Whoever wrote them may be hostile."""
    assert plain(line("x\x1b]0;y", reason="Failed").quote) == "Failed: x\\x1b]0;y"


CATALOGUES = {"postgres": POSTGRES, "pgbouncer": PGBOUNCER}
SUBJECTS = {"postgres": ("postgres-", "patroni-", "cloudnative-pg-"), "pgbouncer": ("pgbouncer-",)}
ALL = [(subject, cause) for subject, catalogue in CATALOGUES.items() for cause in catalogue.causes]
IDS = [cause.id for _, cause in ALL]
COMMAND = re.compile(
    r"\b(kubectl|systemctl|sysctl|journalctl|dmesg|df|ss|k3s|k3d|docker|patronictl|SHOW|RELOAD|ENABLE) "
)


def test_ids_are_unique() -> None:
    """Scripts and people keep them."""
    assert len(set(IDS)) == len(IDS)


@each_row(ALL, "subject", "cause")
def test_every_cause_says_what_it_is_and_what_to_do(subject: str, cause: Cause) -> None:
    """An id of its subject, signs that compile, one sentence without a full stop, and a command for a person."""
    assert cause.id.startswith(SUBJECTS[subject])
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", cause.id)
    assert cause.signs
    for sign in cause.signs:
        assert sign.text or sign.reason, "it would fit everything"
        re.compile(sign.text)
        assert not re.search(sign.text, "") or sign.reason
    assert cause.means
    assert not cause.means.endswith(".")
    assert ". " not in cause.means
    if cause.gravity in (Gravity.PERSON, Gravity.DATA):
        assert COMMAND.search(cause.next_step), cause.next_step
        assert not cause.next_step.endswith(".")
    left = Finding(cause, line("", image="postgres:17")).next_step
    assert not re.search(r"\{(namespace|name|kind|container|image)\}", left)


def test_consequences_name_causes_that_exist_and_go_in_no_circle() -> None:
    """Else something would be told beneath nothing."""
    above = {cause.id: cause.consequence_of for cause in entries().values()}
    assert {each for causes in above.values() for each in causes} <= above.keys()
    for start, directly in above.items():
        seen, next_ones = set(directly), list(directly)
        while next_ones:
            further = set(above[next_ones.pop()]) - seen
            seen |= further
            next_ones += further
        assert start not in seen


@pytest.mark.parametrize("word", ["inotify", "snap", "missing ", "kine ", "https://a"])
def test_a_message_without_end_is_not_looked_through(word: str) -> None:
    """The API server may say one of a MiB, and a pattern with two gaps takes the square of it: an hour."""
    began = time.process_time()
    for source in Source:
        for each in entries().values():
            for sign in each.signs:
                sign.fits(Evidence(source=source, text=word * (300_000 // len(word))))
    assert time.process_time() - began < 10.0
