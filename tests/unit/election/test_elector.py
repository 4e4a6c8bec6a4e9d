"""Several processes and one Lease, on a simulated clock: never two that act, and never nobody for long."""

from hypothesis import given
from hypothesis import strategies as st

from bootheal.election.elector import Elector
from bootheal.errors import DeniedError, UnreachableError
from bootheal.model import LockRecord
from support.election import Candidate, Contest, Server

HOUR = 3600.0

# client-go's terms: the last renewal may be two seconds old, or just have been made, when its holder dies.
LONGEST_WITHOUT = 17.0


def elected(contest: Contest, until: float) -> Candidate:
    """Let time pass until then; return who acts."""
    contest.run(until)
    assert contest.leader is not None
    return contest.leader


def test_one_of_three_acts_and_the_others_name_it() -> None:
    """Their clocks are an hour apart, both in what they count and in what they write."""
    contest = Contest(0.0, HOUR, -HOUR)
    leader = elected(contest, 10.0)
    others = [candidate for candidate in contest.candidates if candidate is not leader]
    name = leader.name.partition("_")[0]
    assert all(other.elector.objection() == f"{name} (boot boot) heals: it holds lease/test" for other in others)


def test_what_the_one_who_acts_tells_is_heard_by_the_others_while_it_lives() -> None:
    """And nobody takes it for the word of who holds the Lease next, which has said nothing yet."""
    contest = Contest(0.0, HOUR)
    leader = elected(contest, 10.0)
    (other,) = (candidate for candidate in contest.candidates if candidate is not leader)
    leader.elector.tell("healed boot-1")
    contest.run(15.0)
    assert other.elector.heard() == "healed boot-1"
    assert leader.elector.heard() == ""
    leader.elector.tell("")
    contest.run(20.0)
    assert other.elector.heard() == ""
    leader.elector.tell("healed boot-1")
    contest.run(25.0)
    leader.dead = True
    assert elected(contest, 25.0 + LONGEST_WITHOUT) is other
    assert contest.server.record
    assert (other.elector.heard(), contest.server.record.said) == ("", "")


def test_who_dies_is_followed_within_seventeen_seconds() -> None:
    """kill -9: nothing is given back."""
    contest = Contest(0.0, HOUR, -HOUR)
    first = elected(contest, 101.3)
    first.dead = True
    second = elected(contest, 101.3 + LONGEST_WITHOUT)
    assert second is not first


def test_who_ends_is_followed_at_the_next_retry() -> None:
    """What is given back is taken within two seconds."""
    contest = Contest(0.0, 0.0)
    first = elected(contest, 100.0)
    first.elector.release()
    assert not first.acts
    first.dead = True
    assert elected(contest, 102.0) is not first


def test_who_was_stopped_for_half_a_minute_does_not_act_when_it_goes_on() -> None:
    """Not for a moment, and before it has asked anybody: its own clock has gone on."""
    contest = Contest(0.0, 0.0)
    first = elected(contest, 100.0)
    first.paused_until = 130.0
    contest.at(130.0, lambda: None)
    contest.run(129.9)
    assert contest.leader not in (None, first)
    assert not first.acts
    contest.run(140.0)
    assert "heals: it holds lease/test" in first.elector.objection()


def test_who_is_cut_off_stops_by_itself_before_another_begins() -> None:
    """It has ten seconds; the others wait for fifteen. What it tells its owner is that it cannot be renewed."""
    contest = Contest(0.0, 0.0)
    first = elected(contest, 100.0)
    first.way.cut = True
    contest.run(110.0)
    assert first.elector.objection() == (
        "lease/test could not be renewed for 10 s: cannot reach the API server: no answer in time"
    )
    assert elected(contest, 100.0 + LONGEST_WITHOUT) is not first


def test_who_hears_no_answer_does_not_act_on_what_it_may_have_written() -> None:
    """It has renewed it, and does not know; so it stops as if it had not, and another follows."""
    contest = Contest(0.0, 0.0)
    first = elected(contest, 100.0)
    first.way.deaf = True
    contest.run(110.0)
    assert contest.leader is None
    assert elected(contest, 100.0 + 2.0 + LONGEST_WITHOUT) is not first


def test_a_process_that_was_killed_goes_on_at_once_when_it_is_started_again() -> None:
    """It is of the same host, boot and state: nobody else has acted meanwhile."""
    server = Server(LockRecord("host_b_x", renewed="before", version="1"))
    again = Elector(_Way(server), "host_b_x", lease="lease/test", clock=lambda: 0.0, stamp=lambda: "now")
    again.turn()
    assert again.objection() == ""


def test_a_refusal_is_told_and_counted() -> None:
    """`check` names the right; who waits for a decision does not wait for ever."""
    clock = [0.0]
    denied = DeniedError("cannot get leases: the API server says 403 Forbidden", status=403)
    elector = Elector(_Broken(denied), "a_b_x", lease="lease/test", clock=lambda: clock[0], stamp=str)
    elector.turn()
    clock[0] = 30.0
    assert elector.refused_for == 30.0
    assert elector.objection() == f"nobody is known to hold lease/test: {denied}"
    assert not elector.hopeless(), "a right can be given while we run"
    away = Elector(_Broken(UnreachableError("cannot reach it")), "a_b_x", lease="l", clock=lambda: 0.0, stamp=str)
    away.turn()
    assert away.refused_for == 0.0


def test_a_credential_that_is_not_known_any_more_takes_a_new_process() -> None:
    """As for the gate: after a minute of it, since the API server may not have loaded all yet."""
    clock = [0.0]
    told: list[float] = []
    unknown = DeniedError("cannot get leases: the API server says 401 Unauthorized", status=401)
    elector = Elector(
        _Broken(unknown),
        "a_b_x",
        lease="l",
        clock=lambda: clock[0],
        stamp=str,
        changed=lambda: told.append(clock[0]),
    )
    for clock[0] in (0.0, 30.0, 59.0, 60.0, 62.0):
        elector.turn()
    assert told == [0.0, 60.0], "whoever waits wakes for it"
    assert elector.hopeless()


def test_what_there_is_to_say_is_told_when_it_changes() -> None:
    """Whoever waits at the inbox wakes when it is elected, and not with each renewal."""
    told: list[str] = []
    server = Server()
    elector = Elector(
        _Way(server), "a_b_x", lease="l", clock=lambda: 0.0, stamp=str, changed=lambda: told.append("changed")
    )
    for _ in range(5):
        elector.turn()
    assert told == ["changed"]


TROUBLE = st.tuples(
    st.floats(1.0, 200.0),
    st.integers(0, 2),
    st.sampled_from(["kill", "stop", "cut", "deaf", "restore", "release"]),
    st.floats(0.1, 60.0),
)


@given(
    ahead=st.lists(st.sampled_from([0.0, HOUR, -HOUR, 0.7]), min_size=3, max_size=3),
    troubles=st.lists(TROUBLE, max_size=12),
)
def test_whatever_happens_there_are_never_two(
    ahead: list[float], troubles: list[tuple[float, int, str, float]]
) -> None:
    """Killed, stopped, cut off or deaf, in any order, for any time; once all is well, somebody acts within 17 s."""
    contest = Contest(*ahead)
    for moment, who, what, seconds in troubles:
        candidate = contest.candidates[who]
        contest.at(moment, lambda c=candidate, w=what, s=seconds: happen(contest, c, w, s))  # type: ignore[misc]
    for tick in range(300):
        contest.at(float(tick), lambda: None)  # who acts is asked for at other times, too
    contest.run(261.0)
    contest.run(261.0 + LONGEST_WITHOUT + 2.0)
    assert contest.leader or all(candidate.dead for candidate in contest.candidates)


def happen(contest: Contest, candidate: Candidate, what: str, seconds: float) -> None:
    """Do it to one candidate; what can pass has passed after so many seconds."""
    match what:
        case "kill":
            candidate.dead = True
        case "release":
            candidate.elector.release()
            candidate.dead = True
        case "stop":
            candidate.paused_until = max(candidate.paused_until, contest.time + seconds)
        case "cut" | "deaf":
            setattr(candidate.way, what, True)
            contest.at(contest.time + seconds, lambda: setattr(candidate.way, what, False))
        case _:
            candidate.way.cut = candidate.way.deaf = False


class _Way:
    """The server, without anything in between."""

    def __init__(self, server: Server) -> None:
        self.create, self.update = server.create, server.update
        self.read = lambda: server.record


class _Broken:
    """A server that answers everything with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self) -> LockRecord | None:
        raise self._error

    def create(self, record: LockRecord) -> LockRecord:
        raise self._error

    def update(self, record: LockRecord) -> LockRecord:
        raise self._error
