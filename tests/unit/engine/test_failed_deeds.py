"""Deeds that fail are counted and spaced like looks, and end; one that fails keeps no other from being done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.backoff import MOST_FAILURES
from bootheal.engine import Limits
from bootheal.errors import BoothealError, ConflictError, DeniedError, UnreachableError
from bootheal.model import Ending, Ref
from bootheal.step import Act, Action, Judgement, Past, Settled
from support.engine import START, Apart, Bench, Deed, Disk, FakeClock, Scripted, Unbounded

BROKEN = UnreachableError("cannot use pod/shop/web: the API server says 500")
CHANGED = ConflictError("cannot change pod/shop/web: it changed since it was looked at")
FORBIDDEN = DeniedError("cannot delete pods: the API server says 403", status=403, hint="see its Role")


@dataclass
class Server:
    """Does what is asked of it but for what `fails` says; it remembers when it was asked for what."""

    fails: Callable[[str, float], BoothealError | None]
    clock: FakeClock = field(default_factory=FakeClock)
    asked: list[tuple[float, str]] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def deed(self, kind: type[Deed], name: str) -> Deed:
        return kind(cause="dead", name=name, does=lambda: self.ask(name))

    def ask(self, name: str) -> None:
        now = self.clock.time - START
        self.asked.append((now, name))
        if error := self.fails(name, now):
            raise error
        self.done.add(name)

    def bench(self, names: tuple[str, ...] = ("web",), kind: type[Deed] = Deed, **options: Any) -> Bench:
        def judges(_: Any, _past: Past) -> Judgement:
            left = [self.deed(kind, name) for name in names if name not in self.done]
            return Act("must", tuple(left)) if left else Settled("all done")

        return Bench([Scripted(name="a", judges=judges)], clock=self.clock, **options)

    def within(self, seconds: float) -> int:
        return sum(1 for at, _ in self.asked if at < seconds)


def always(error: BoothealError) -> Callable[[str, float], BoothealError]:
    return lambda _name, _now: error


@pytest.mark.parametrize("error", [BROKEN, CHANGED])
@pytest.mark.parametrize("kind", [Deed, Unbounded, Apart])
def test_what_always_fails_is_tried_ever_more_seldom_and_given_up_with_its_reason(
    error: BoothealError, kind: type[Deed]
) -> None:
    """A DELETE that says 500 or 409 was sent 43 to 82 times a minute, each with a record on the disk, for ever."""
    server = Server(always(error))
    bench = server.bench(kind=kind)
    (outcome,) = bench.run().outcomes
    assert outcome.ending is Ending.GAVE_UP
    assert outcome.why == f"cannot change web: it was tried {MOST_FAILURES} times and failed, at last with: {error}"
    assert server.within(60) <= 10  # nine, or one more by its jitter
    assert len(server.asked) == MOST_FAILURES


def test_of_all_failures_for_one_cause_there_is_one_record_with_their_count_and_the_latest_time() -> None:
    """In the report, and in what is remembered."""
    server = Server(always(BROKEN))
    bench = server.bench()
    (outcome,) = bench.run().outcomes
    assert [(done.result, done.count, done.at) for done in outcome.actions] == [
        (f"failed: {BROKEN}", MOST_FAILURES, START + server.asked[-1][0])
    ]
    assert [done.count for done in bench.disk.records["a"]] == [MOST_FAILURES]


def test_a_failure_that_passes_is_told_beside_the_success() -> None:
    """What was done after three failures is one success."""
    server = Server(lambda _name, now: BROKEN if now < 1 else None)
    report = server.bench().run()
    assert [(done.result, done.count) for done in report.actions()] == [(f"failed: {BROKEN}", 3), ("done", 1)]


def test_a_new_process_goes_on_counting() -> None:
    """It tries once, since the world may have changed, and gives up with what it remembers."""
    disk = Disk()
    Server(always(BROKEN)).bench(disk=disk).run()
    again = Server(always(BROKEN))
    (outcome,) = again.bench(disk=disk).run().outcomes
    assert (outcome.ending, len(again.asked)) == (Ending.GAVE_UP, 1)
    assert f"tried {MOST_FAILURES + 1} times" in outcome.why


def test_who_stays_tries_what_failed_for_long_every_ten_minutes_at_most() -> None:
    """And heals when it succeeds at last."""
    server = Server(lambda _name, now: BROKEN if now < 7200 else None)
    bench = server.bench(limits=Limits(stay=True, deadline=3600))
    engine = bench.engine()
    with bench.memory.hold():
        bench.memory.finish(engine.run("boot-1"))
    late: list[float] = []
    while not server.done:
        engine.rest()
        with bench.memory.hold():
            bench.memory.finish(engine.run("boot-1"))
        late.append(server.clock.time - START)
    assert len(server.asked) <= MOST_FAILURES + 15
    assert late[-1] < 7200 + 1300


def test_a_conflict_is_looked_at_again_and_tried_at_once() -> None:
    """Somebody else was quicker: that is no reason to wait."""
    server = Server(lambda _name, _now: CHANGED if len(server.asked) == 1 else None)
    server.bench().run()
    assert [at for at, _ in server.asked] == [0, 0]


def test_a_refused_deed_is_waited_out_like_a_refused_look() -> None:
    """k3s says 403 while its roles load."""
    server = Server(lambda _name, now: FORBIDDEN if now < 20 else None)
    assert server.bench().run().outcomes[0].ending is Ending.SETTLED
    lasting = Server(always(FORBIDDEN))
    (outcome,) = lasting.bench().run().outcomes
    assert (outcome.ending, outcome.hint) == (Ending.GAVE_UP, "see its Role")
    assert outcome.ended is not None
    assert 60 <= outcome.ended < 125
    assert len(lasting.asked) <= 10


def test_one_that_fails_keeps_no_other_from_being_done_where_they_are_apart() -> None:
    """One pod whose DELETE says 500 kept all dead pods from being deleted: 27 attempts on it, none on the rest."""
    names = tuple(f"pod-{number}" for number in range(20))
    server = Server(lambda name, _now: BROKEN if name == "pod-0" else None)
    (outcome,) = server.bench(names, Apart).run().outcomes
    assert server.done == set(names[1:])
    assert all(at == 0 for at, name in server.asked if name != "pod-0")
    assert outcome.ending is Ending.GAVE_UP
    in_order = Server(lambda name, _now: BROKEN if name == "pod-0" else None)
    in_order.bench(names).run()
    assert in_order.done == set()


def test_an_answer_that_is_about_who_asks_is_not_asked_for_once_a_pod() -> None:
    """403, and 429 with a Retry-After: nothing else is sent until that is over."""
    names = tuple(f"pod-{number}" for number in range(20))
    refused = Server(always(FORBIDDEN))
    refused.bench(names, Apart).run()
    assert len(refused.asked) <= 10
    busy = UnreachableError("the API server says 429", again=30.0)
    paused = Server(lambda _name, now: busy if now < 1 else None)
    paused.bench(names, Apart).run()
    assert [at for at, _ in paused.asked] == [0.0, *[30.0] * 20]


@given(st.lists(st.sampled_from([BROKEN, CHANGED, FORBIDDEN, None]), max_size=12), st.booleans())
def test_whatever_a_server_says_a_pass_ends_and_no_minute_is_stormed(
    says: list[BoothealError | None], last: bool
) -> None:
    """Two deeds, whose answers follow a script and then stay as they are."""
    script = iter(says)
    server = Server(lambda _name, _now: next(script, None if last else BROKEN))
    (outcome,) = server.bench(("a", "b"), Apart).run().outcomes
    assert outcome.ending in (Ending.SETTLED, Ending.GAVE_UP)
    times = [at for at, _ in server.asked]
    assert max(sum(1 for other in times if at <= other < at + 60) for at in times) <= 40


def test_an_apart_action_is_said_to_be_so() -> None:
    """The pods that are deleted one by one don't need each other."""
    from bootheal.cluster.delete_pod import DeletePod
    from bootheal.pods.cleanup import DeletePods
    from bootheal.pods.terminating import ForceDeletePod

    assert all(kind.apart for kind in (DeletePod, DeletePods, ForceDeletePod))
    assert not Action.apart
    assert Ref("pod", "shop", "web") != Ref("pod", "shop", "api")
