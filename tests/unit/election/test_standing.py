"""Who may act, as one process can know it: tables over times and records."""

from dataclasses import replace

import pytest

from bootheal.election.elector import identity, named
from bootheal.election.standing import Standing, Terms, claim, free, read, wrote
from bootheal.model import LockRecord

ME, OTHER = "host-a_b1_x", "host-b_b2_x"
STAMP = "2026-11-30T00:00:00.000000Z"
THEIRS = LockRecord(OTHER, 15.0, "long ago", "1970-01-01T00:00:00.000000Z", 3, "7")


def seen(*sights: tuple[float, LockRecord | None]) -> Standing:
    """Return what is known after these sights."""
    standing = Standing(ME)
    for now, record in sights:
        standing = read(standing, record, now)
    return standing


@pytest.mark.parametrize(
    ("standing", "now", "taken"),
    [
        pytest.param(seen((0.0, None)), 0.0, True, id="there is no Lease"),
        pytest.param(seen((0.0, LockRecord(version="1"))), 0.0, True, id="it was given back"),
        pytest.param(seen((0.0, replace(THEIRS, holder=ME))), 0.0, True, id="it is ours from before a restart"),
        pytest.param(seen((0.0, THEIRS)), 0.0, False, id="somebody's, however long ago by its own clock"),
        pytest.param(seen((0.0, THEIRS)), 14.9, False, id="not yet watched for a whole duration"),
        pytest.param(seen((0.0, THEIRS)), 15.0, True, id="unchanged for a whole duration"),
        pytest.param(seen((0.0, THEIRS), (14.0, THEIRS)), 15.0, True, id="still unchanged"),
        pytest.param(
            seen((0.0, THEIRS), (14.0, replace(THEIRS, renewed="1960-01-01T00:00:00.000000Z"))),
            28.9,
            False,
            id="renewed by a clock that goes backwards",
        ),
        pytest.param(seen((0.0, THEIRS), (14.0, replace(THEIRS, version="8"))), 15.0, True, id="only labelled"),
        pytest.param(seen((0.0, replace(THEIRS, seconds=60.0))), 59.0, False, id="who asks for longer is believed so"),
        pytest.param(seen((0.0, replace(THEIRS, seconds=1.0))), 14.0, False, id="none is believed for less than ours"),
        pytest.param(Standing(ME), 100.0, False, id="nothing is known"),
    ],
)
def test_a_lease_is_taken_only_when_its_holder_cannot_act(standing: Standing, now: float, taken: bool) -> None:
    """What counts is how long we have watched it stand unchanged; no clock of somebody else is read."""
    assert (claim(standing, now, STAMP) is not None) is taken


def test_a_record_that_is_taken_counts_the_change_and_insists_on_what_was_seen() -> None:
    """Another candidate that is quicker makes the write fail, since the version is another one then."""
    assert claim(seen((0.0, THEIRS)), 15.0, STAMP) == LockRecord(ME, 15.0, STAMP, STAMP, 4, "7")


def test_a_renewal_keeps_since_when_it_is_held() -> None:
    """Only the time of the renewal changes."""
    mine = LockRecord(ME, 15.0, "since then", "then", 4, "8")
    assert claim(wrote(seen((0.0, None)), mine, 0.0), 2.0, STAMP) == replace(mine, renewed=STAMP)


@pytest.mark.parametrize(("now", "acts"), [(0.0, True), (9.9, True), (10.0, False), (30.0, False)])
def test_who_holds_it_acts_for_ten_seconds_after_beginning_to_renew_it(now: float, acts: bool) -> None:
    """That is five seconds less than others believe it, by whatever clock of theirs."""
    assert wrote(seen((-1.0, None)), LockRecord(ME, version="1"), 0.0).acts(now) is acts


def test_who_reads_another_name_does_not_act_any_more() -> None:
    """Whatever is left of its ten seconds."""
    mine = wrote(seen((0.0, None)), LockRecord(ME, version="1"), 0.0)
    assert not read(mine, THEIRS, 1.0).acts(1.0)
    assert not read(mine, None, 1.0).acts(1.0)


def test_a_holder_is_known_to_live_once_its_record_moves() -> None:
    """Before that it may have died long ago."""
    assert seen((0.0, THEIRS)).rival() == ""
    assert seen((0.0, THEIRS), (2.0, replace(THEIRS, renewed="now"))).rival() == OTHER
    assert seen((0.0, THEIRS), (2.0, replace(THEIRS, holder="host-c_b3_x"))).rival() == ""


def test_the_lease_is_not_given_back_while_another_process_of_this_host_goes_on() -> None:
    """`run --once` beside the daemon ends, and the daemon holds it still."""
    mine = LockRecord(ME, version="8")
    begun = wrote(seen((0.0, mine)), replace(mine, version="9"), 0.0)
    assert not begun.alone(1.0), "somebody of our name had written it: perhaps he lives"
    assert begun.alone(20.0), "he has not written since"
    assert not read(begun, replace(mine, version="10"), 20.0).alone(21.0)


def test_only_what_is_ours_is_given_back() -> None:
    """The next one takes it at once."""
    assert free(seen((0.0, THEIRS)), STAMP) is None
    given = free(wrote(seen((0.0, None)), LockRecord(ME, version="9"), 0.0), STAMP)
    assert given is not None
    assert (given.holder, given.version) == ("", "9")


def test_a_holder_is_named_by_its_host_and_boot() -> None:
    """What others wrote into the record cannot act on a terminal."""
    assert named(identity("server_1", "0123456789abcdef", "77")) == "server-1 (boot 01234567)"
    assert named("\x1b[2Jsomebody") == "\\x1b[2Jsomebody"


def test_the_terms_leave_time_for_a_request_under_way() -> None:
    """A write is sent at most three seconds after its connection was begun: it arrives before others may act."""
    terms = Terms()
    assert (terms.duration, terms.renew, terms.retry) == (15.0, 10.0, 2.0)
