"""What several ask at once is asked once."""

import gc
import threading
import traceback
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from bootheal.adapters.ttl_cache import MANY, TtlCache
from bootheal.errors import DeniedError


class Server:
    """Answers with the number of the question; the first it answers once it is let go."""

    def __init__(self, *, fails: bool = False) -> None:
        self.asked, self.go, self.fails = 0, threading.Event(), fails

    def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        self.go.wait(10)
        if self.fails:
            raise ConnectionError(number)
        return number


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Eight who ask at once."""
    with ThreadPoolExecutor(8) as opened:
        yield opened


def test_those_who_ask_at_once_share_one_answer(pool: ThreadPoolExecutor) -> None:
    """Of each key its own; and it is believed for a while."""
    answers, server = TtlCache[int](lambda _: 60.0), Server()
    waiting = [pool.submit(answers.get, "shop", server) for _ in range(8)]
    wait(waiting, timeout=0.2)
    server.go.set()
    assert {each.result() for each in waiting} == {1}
    assert answers.get("shop", server) == 1
    assert answers.get("media", server) == 2


def test_what_fails_fails_for_all_who_wait_and_is_asked_again(pool: ThreadPoolExecutor) -> None:
    """Nobody waits for one timeout after the other."""
    answers, server = TtlCache[int](lambda _: 60.0), Server(fails=True)
    waiting = [pool.submit(answers.get, "shop", server) for _ in range(8)]
    wait(waiting, timeout=0.2)
    server.go.set()
    assert {type(each.exception()) for each in waiting} == {ConnectionError}
    server.fails = False
    assert answers.get("shop", server) == server.asked


def test_what_is_out_of_date_is_asked_again_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked about."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    answers, server = TtlCache[int](lambda _: 2.0), Server()
    server.go.set()
    for number in range(3 * MANY):
        now[0] += 0.1
        answers.get(number, server)
    assert len(answers._known) <= MANY + 1
    assert answers.get(3 * MANY - 1, server) == 3 * MANY
    now[0] += 2.0
    assert answers.get(3 * MANY - 1, server) == 3 * MANY + 1


def test_an_answer_is_believed_for_as_long_as_it_deserves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not ready is asked again at once, one that is ready not."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    answers, told = TtlCache[bool](lambda ready: 0.5 if ready else 0.0), iter([False, True, False])
    assert [answers.get((), lambda: next(told)) for _ in range(3)] == [False, True, True]
    now[0] += 0.5
    assert answers.get((), lambda: next(told)) is False


def test_that_there_is_no_answer_is_believed_for_a_moment_where_many_would_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen steps that each ask ten times a second are no load for a server that only answers nonsense."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    answers, server = TtlCache[int](lambda _: 60.0, failed=1.0), Server(fails=True)
    server.go.set()
    for _ in range(3):
        with pytest.raises(ConnectionError, match="1"):
            answers.get("shop", server)
    now[0] += 1.0
    server.fails = False
    assert answers.get("shop", server) == 2


def test_what_is_believed_for_no_time_is_not_kept() -> None:
    """Nor what it holds: what one look has read is gone when the next begins."""
    answers, kept = TtlCache[Server](lambda _: 0.0), list[weakref.ref[Server]]()

    def ask() -> Server:
        read = Server()
        kept.append(weakref.ref(read))
        if len(kept) == 1:
            raise ConnectionError(str(len(kept)))
        return read

    with pytest.raises(ConnectionError):
        answers.get("fails", ask)
    answers.get("shop", ask)
    gc.collect()
    assert [each() for each in kept] == [None, None]


def test_what_was_read_on_the_way_to_a_failure_is_not_kept() -> None:
    """An error holds the frames that it came through; all else of it is as it was."""
    answers = TtlCache[int](lambda _: 60.0, failed=60.0)

    def refuse() -> int:
        raise DeniedError("cannot list pods", status=403, hint="bootheal rbac")

    caught = list[DeniedError]()
    for _ in range(2):
        with pytest.raises(DeniedError) as told:
            answers.get("shop", refuse)
        caught.append(told.value)
    first, again = caught
    assert (str(again), again.status, again.hint) == (str(first), first.status, first.hint)
    assert "refuse" not in [frame.name for frame in traceback.extract_tb(again.__traceback__)]
