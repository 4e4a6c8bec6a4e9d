"""The API server is asked no oftener than was said."""

import threading
import time

from bootheal.adapters.kube.pace import Pace


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_there_are_never_more_in_a_second() -> None:
    """In no second are there more; a pause lets a second's worth come at once again."""
    clock = Clock()
    pace = Pace(50, clock=clock, sleep=clock.sleep)
    sent = []
    for _ in range(500):
        pace.wait()
        sent.append(clock.now)
    assert sent[:50] == [0.0] * 50
    assert max(sum(1 for each in sent if start <= each < start + 1) for start in sent) == 50
    assert sent[-1] == 9.0
    clock.now += 100
    before = clock.now
    for _ in range(50):
        pace.wait()
    assert clock.now == before


def test_many_threads_keep_one_pace() -> None:
    """Looks run on several; together they are no faster."""
    pace, began = Pace(100), time.monotonic()

    def ask() -> None:
        for _ in range(30):
            pace.wait()

    threads = [threading.Thread(target=ask) for _ in range(5)]  # 150 requests: a second's worth, and more
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= 0.99
